import type { ErrorCode } from "@raptor/shared/errors/codes.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";

/** A curve that becomes a pool, or a service that has lost one, is back by then. */
const DEAD_MS = 120_000;
/** Three of the longest pauses between two tries: what was answered before that is not "now". */
const GAP_MS_MAX = 30_000;

/** Neither a pool nor a service takes it; or whoever made the token lets nobody move it. */
export type DeadEnd = "noRoute" | "frozen";

const KINDS: Partial<Record<ErrorCode, DeadEnd>> = {
  RAPTOR_VENUE__NO_ROUTE: "noRoute",
  RAPTOR_VENUE__FROZEN: "frozen",
};

interface Answers {
  /** Of the newest one. */
  kind: DeadEnd;
  firstMs: number;
  lastMs: number;
}

/** Sells that cannot be made at any price, for a while and still now. */
export class DeadEnds {
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** The first of such answers in a row, and the last one; by order. */
  readonly #answers = new Map<string, Answers>();

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** Takes note of one more answer; true when it says that nobody can sell this now. */
  note(orderId: string, code: ErrorCode): boolean {
    const kind = KINDS[code];
    if (kind === undefined) return false;
    const lastMs = this.#clock.monotonicMs();
    const known = this.#answers.get(orderId);
    const isInRow = known !== undefined && lastMs - known.lastMs <= GAP_MS_MAX;
    this.#answers.set(orderId, { kind, firstMs: isInRow ? known.firstMs : lastMs, lastMs });
    return true;
  }

  /** Why it has not been possible for minutes; undefined: it may be. */
  find(orderId: string): DeadEnd | undefined {
    const known = this.#answers.get(orderId);
    if (known === undefined || known.lastMs - known.firstMs < DEAD_MS) return undefined;
    return this.#clock.monotonicMs() - known.lastMs <= GAP_MS_MAX ? known.kind : undefined;
  }

  /** It can be sold again, or is over. */
  forget(orderId: string): void {
    this.#answers.delete(orderId);
  }
}
