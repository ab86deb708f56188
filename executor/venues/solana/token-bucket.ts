import type { Clock } from "@raptor/shared/seams/clock.ts";

/** Allows so many calls a second, and at most a second's worth of them at once. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #size: number;
  #tokens: number;
  #filledMs: number;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#size = Math.max(1, perSecond);
    this.#tokens = this.#size;
    this.#filledMs = clock.monotonicMs();
  }

  /** Takes one when there is one; `reserve` are left for callers in more of a hurry. */
  take(reserve = 0): boolean {
    const nowMs = this.#clock.monotonicMs();
    const gained = ((nowMs - this.#filledMs) * this.#perSecond) / 1_000;
    this.#tokens = Math.min(this.#size, this.#tokens + gained);
    this.#filledMs = nowMs;
    // A bucket of one token has nothing to reserve: it is only full or empty.
    if (this.#tokens < 1 + Math.min(reserve, this.#size - 1)) return false;
    this.#tokens -= 1;
    return true;
  }
}
