import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { StreamCounts } from "./stream-metrics.ts";
import type { StreamSockets } from "./stream-sockets.ts";
import type { Watched } from "./watched-account.ts";

/** An account that has just been watched, or has just moved, is not yet something to report. */
const STALE_HEALTHY_MS = 5_000;

/** How many accounts are stale and for how long; silent ones that were replaced are told too. */
export class StreamHealth {
  readonly #clock: Clock;
  readonly #sockets: StreamSockets;
  readonly #watched: ReadonlyMap<string, Watched>;
  readonly #isFresh: (watched: Watched) => boolean;

  constructor(deps: {
    clock: Clock;
    sockets: StreamSockets;
    watched: ReadonlyMap<string, Watched>;
    isFresh(watched: Watched): boolean;
  }) {
    this.#clock = deps.clock;
    this.#sockets = deps.sockets;
    this.#watched = deps.watched;
    this.#isFresh = deps.isFresh;
  }

  counts(replaced: number, unbelieved: number): StreamCounts {
    return { accounts: this.#watched.size, stale: this.#countStale(), replaced, unbelieved };
  }

  /** Has to be asked now and then: it remembers who was fresh. */
  longestStaleMs(): number {
    const nowMs = this.#clock.monotonicMs();
    let longest = 0;
    for (const watched of this.#watched.values()) {
      if (this.#isFresh(watched)) watched.lastFreshMs = nowMs;
      longest = Math.max(longest, nowMs - watched.lastFreshMs);
    }
    return longest;
  }

  describe(replaced: number): { name: string; ok: boolean; detail: string } {
    const stale = this.#countStale();
    const longest = Math.round(this.longestStaleMs());
    const lagging = this.#sockets.lagging();
    const parts = [`${this.#watched.size} accounts, ${stale} stale`];
    if (stale > 0) parts.push(`, the longest for ${longest} ms`);
    if (replaced > 0) parts.push(`; ${replaced} silent ones replaced so far`);
    if (lagging.length > 0) parts.push(`; behind the others: ${lagging.join(", ")}`);
    const ok = longest < STALE_HEALTHY_MS && lagging.length === 0;
    return { name: "account streams", ok, detail: parts.join("") };
  }

  #countStale(): number {
    let count = 0;
    for (const watched of this.#watched.values()) if (!this.#isFresh(watched)) count += 1;
    return count;
  }
}
