import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { PoolPrices } from "../ports/market.ts";

/**
 * A pool is looked for with a question and some arithmetic. A desk of thousands that looked for all
 * at once would stand still at its start, exits and heartbeat too; until its turn a token's price
 * is asked for like any other.
 */
const AT_ONCE_MAX = 64;
const PACE_MS = 1_000;

/** Has the pools of mints looked for: a few at once, thousands in turns. */
export class TrackedPools {
  readonly #pools: Pick<PoolPrices, "track" | "untrack">;
  readonly #clock: Clock;
  readonly #waiting = new Set<string>();
  #atOnce = 0;
  #isPacing = false;
  #isStopped = false;

  constructor(pools: Pick<PoolPrices, "track" | "untrack">, clock: Clock) {
    this.#pools = pools;
    this.#clock = clock;
  }

  track(mint: string): void {
    if (this.#atOnce < AT_ONCE_MAX) {
      this.#atOnce += 1;
      this.#pools.track(mint);
      return;
    }
    this.#waiting.add(mint);
    if (!this.#isPacing) void this.#pace();
  }

  untrack(mint: string): void {
    if (!this.#waiting.delete(mint)) this.#pools.untrack(mint);
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** When none waits any more, the next few may be looked for at once again. */
  async #pace(): Promise<void> {
    this.#isPacing = true;
    while (this.#waiting.size > 0) {
      await this.#clock.sleep(PACE_MS);
      if (this.#isStopped) return;
      let left = AT_ONCE_MAX;
      for (const mint of this.#waiting) {
        if (left-- === 0) break;
        this.#waiting.delete(mint);
        this.#pools.track(mint);
      }
    }
    this.#isPacing = false;
    this.#atOnce = 0;
  }
}
