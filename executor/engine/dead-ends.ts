import type { Clock } from "@raptor/shared/seams/clock.ts";

/** A curve that becomes a pool, or a service that has lost one, is back by then. */
const DEAD_MS = 120_000;
/** Three of the longest pauses between two tries: what was answered before that is not "now". */
const GAP_MS_MAX = 30_000;

/** Sells that nobody takes at any price: neither a pool nor a route, for a while and still now. */
export class DeadEnds {
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** The first of such answers in a row, and the last one; by order. */
  readonly #answers = new Map<string, { firstMs: number; lastMs: number }>();

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** Takes note of one more "no route". */
  note(orderId: string): void {
    const lastMs = this.#clock.monotonicMs();
    const known = this.#answers.get(orderId);
    const isInRow = known !== undefined && lastMs - known.lastMs <= GAP_MS_MAX;
    this.#answers.set(orderId, { firstMs: isInRow ? known.firstMs : lastMs, lastMs });
  }

  isDead(orderId: string): boolean {
    const known = this.#answers.get(orderId);
    if (known === undefined || known.lastMs - known.firstMs < DEAD_MS) return false;
    return this.#clock.monotonicMs() - known.lastMs <= GAP_MS_MAX;
  }

  /** It has a route again, or is over. */
  forget(orderId: string): void {
    this.#answers.delete(orderId);
  }
}
