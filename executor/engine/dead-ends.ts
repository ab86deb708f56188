import type { OrderRow } from "@raptor/shared/domain/rows.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";

/** A curve that becomes a pool, or a service that has lost one, is back by then. */
const DEAD_MS = 120_000;
/** Three of the longest pauses between two tries: what was answered before that is not "now". */
const GAP_MS_MAX = 30_000;

/** Neither a pool nor a service takes it; or whoever made the token lets nobody move it. */
export type DeadEnd = "noRoute" | "frozen";

interface Answers {
  firstMs: number;
  lastMs: number;
}

interface Known {
  newest: DeadEnd;
  /** Of each kind in a row: what was frozen until now has not been without a route for long. */
  answers: Partial<Record<DeadEnd, Answers>>;
}

/** Sells that cannot be made at any price, for a while and still now. */
export class DeadEnds {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #onPanicDead: (userId: number) => void;
  readonly #byOrder = new Map<string, Known>();

  /** `onPanicDead`: whoever waits for its panic must not wait for what nobody can sell. */
  constructor(clock: Pick<Clock, "monotonicMs">, onPanicDead: (userId: number) => void) {
    this.#clock = clock;
    this.#onPanicDead = onPanicDead;
  }

  /** Takes note of one more such answer. */
  note({ orderId, userId, source }: OrderRow, kind: DeadEnd): void {
    const lastMs = this.#clock.monotonicMs();
    const answers = this.#byOrder.get(orderId)?.answers ?? {};
    const last = answers[kind];
    const isInRow = last !== undefined && lastMs - last.lastMs <= GAP_MS_MAX;
    const firstMs = isInRow ? last.firstMs : lastMs;
    this.#byOrder.set(orderId, {
      newest: kind,
      answers: { ...answers, [kind]: { firstMs, lastMs } },
    });
    if (source.kind === "panic" && this.find(orderId) !== undefined) this.#onPanicDead(userId);
  }

  /** Why it has not been possible for minutes; undefined: it may be. */
  find(orderId: string): DeadEnd | undefined {
    const known = this.#byOrder.get(orderId);
    const last = known?.answers[known.newest];
    if (last === undefined || last.lastMs - last.firstMs < DEAD_MS) return undefined;
    return this.#clock.monotonicMs() - last.lastMs <= GAP_MS_MAX ? known?.newest : undefined;
  }

  /** It can be sold again, or is over. */
  forget(orderId: string): void {
    this.#byOrder.delete(orderId);
  }
}
