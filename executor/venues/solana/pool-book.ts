import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import { isPubkey } from "@raptor/shared/values/pubkey.ts";
import { migratedRef, type PoolRef, spotPriceE9 } from "../../pools/direct-pool.ts";
import type { PoolUnusable } from "../../pools/unusable.ts";
import type { PoolPrice, PoolPrices } from "../../ports/market.ts";
import type { AccountStreams } from "./account-streams.ts";
import type { PoolState } from "./direct-route.ts";
import type { MovedState } from "./pool-doubt.ts";
import { HINTS_MAX, type PoolSearch } from "./pool-finder.ts";
import { PoolSearches } from "./pool-search.ts";
import type { Rpc } from "./rpc.ts";
import { TrackedPool } from "./tracked-pool.ts";

export interface PoolBookDeps {
  rpc: Rpc;
  streams: AccountStreams;
  clock: Clock;
  log: Log;
  /** Most tokens that are tracked at once; the default suits every desk. */
  trackedMax?: number;
}

/** What became of the search for a token's pool, and of the pool. */
export interface PoolStatus {
  state: "untracked" | "searching" | "live" | "migrating" | "unusable" | "none";
  /** In words; empty for one that lives. */
  reason: string;
}

/** A state as it may be traded on. */
export interface BookedState extends MovedState {
  /** False: something may be missing; ask, or let somebody else find the route. */
  isFresh: boolean;
}

/** The best direct pool of every tracked token, decoded and current, answered without waiting. */
export interface PoolBook extends PoolPrices {
  stateOf(mint: string): BookedState | undefined;
  statusOf(mint: string): PoolStatus;
  /** Somebody called this account a pool of the token; looked at when nothing better is known. */
  hint(mint: string, address: string): void;
  health(): { name: string; ok: boolean; detail: string };
  stop(): void;
}

interface Tracked {
  readonly mint: string;
  readonly instrument: string;
  holders: number;
  decimals: number;
  /** The one that is traded with, or waited for. */
  pool: TrackedPool | undefined;
  /** The one that a full curve becomes. */
  next: TrackedPool | undefined;
  lastPrice: PoolPrice | undefined;
  status: PoolStatus;
  /** Searches that found nothing, and whether the next one is waited for. */
  misses: number;
  isAwaited: boolean;
  readonly stop: AbortController;
}

/** A desk of 12,000 such tokens asks 2 questions a second in the end. */
const AGAIN_MS_MIN = 3_000;
const AGAIN_MS_MAX = 600_000;
const SUFFIX = ".SOLANA";
/** Tokens of open positions and of cards on screens; this bounds what a defect could ask for. */
const TRACKED_MAX = 12_000;
/** Tokens for which hints are kept, tracked or not; the oldest leave first. */
const HINTED_MAX = 5_000;
/** So long the halves of a pool may wait for each other before that is worth a report. */
const HELD_HEALTHY_MS = 5_000;
const UNTRACKED: PoolStatus = { state: "untracked", reason: "" };
const LIVE: PoolStatus = { state: "live", reason: "" };

export function createPoolBook(deps: PoolBookDeps): PoolBook {
  return new StreamedPoolBook(deps);
}

class StreamedPoolBook implements PoolBook {
  readonly #deps: PoolBookDeps;
  readonly #tracked = new Map<string, Tracked>();
  /** Tokens that found no place, with their holders; the first gets the next place. */
  readonly #waiting = new Map<string, number>();
  readonly #hints = new Map<string, readonly string[]>();
  readonly #listeners: ((price: PoolPrice) => void)[] = [];

  readonly #searches: PoolSearches;

  constructor(deps: PoolBookDeps) {
    this.#deps = deps;
    this.#searches = new PoolSearches({
      ...deps,
      hintsOf: (mint) => this.#hints.get(mint) ?? [],
      onFound: (mint, found) => this.#onFound(mint, found),
    });
  }

  track(mint: string): void {
    const found = this.#tracked.get(mint);
    if (found !== undefined) {
      found.holders += 1;
      return;
    }
    const { trackedMax = TRACKED_MAX, log } = this.#deps;
    if (this.#tracked.size < trackedMax) return this.#place(mint, 1);
    // Thousands may follow, and one line says all of it.
    if (this.#waiting.size === 0) log.error({ mint, tracked: trackedMax }, "too many pools");
    this.#waiting.set(mint, (this.#waiting.get(mint) ?? 0) + 1);
  }

  #place(mint: string, holders: number): void {
    const tracked: Tracked = {
      mint,
      instrument: `${mint}${SUFFIX}`,
      holders,
      decimals: 0,
      pool: undefined,
      next: undefined,
      lastPrice: undefined,
      status: { state: "searching", reason: "Its pool is being looked for." },
      misses: 0,
      isAwaited: false,
      stop: new AbortController(),
    };
    this.#tracked.set(mint, tracked);
    this.#searches.want(mint);
  }

  untrack(mint: string): void {
    const tracked = this.#tracked.get(mint);
    if (tracked === undefined) return this.#stopWaiting(mint);
    tracked.holders -= 1;
    if (tracked.holders > 0) return;
    this.#tracked.delete(mint);
    this.#searches.forget(mint);
    end(tracked);
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next[0]);
    this.#place(...next);
  }

  #stopWaiting(mint: string): void {
    const holders = this.#waiting.get(mint) ?? 0;
    if (holders > 1) this.#waiting.set(mint, holders - 1);
    else this.#waiting.delete(mint);
  }

  stop(): void {
    this.#searches.stop();
    this.#waiting.clear();
    for (const tracked of this.#tracked.values()) end(tracked);
    this.#tracked.clear();
  }

  stateOf(mint: string): BookedState | undefined {
    const pool = this.#tracked.get(mint)?.pool;
    const state = pool?.state();
    if (pool === undefined || state === undefined) return undefined;
    return { ...state, isFresh: pool.isFresh() };
  }

  statusOf(mint: string): PoolStatus {
    return this.#tracked.get(mint)?.status ?? UNTRACKED;
  }

  isFresh(mint: string): boolean {
    return this.#tracked.get(mint)?.pool?.isFresh() === true;
  }

  hasPassed(mint: string, slot: number): boolean {
    return this.#tracked.get(mint)?.pool?.hasPassed(slot) === true;
  }

  priceOf(mint: string): PoolPrice | undefined {
    return this.#tracked.get(mint)?.lastPrice;
  }

  onPrice(listener: (price: PoolPrice) => void): void {
    this.#listeners.push(listener);
  }

  hint(mint: string, address: string): void {
    const known = this.#hints.get(mint) ?? [];
    // One that is no address would spoil the question that it is asked with.
    if (known.includes(address) || !isPubkey(address)) return;
    this.#hints.delete(mint);
    this.#hints.set(mint, [address, ...known].slice(0, HINTS_MAX));
    if (this.#hints.size > HINTED_MAX) {
      const oldest = this.#hints.keys().next();
      if (oldest.done !== true) this.#hints.delete(oldest.value);
    }
    const tracked = this.#tracked.get(mint);
    // Also while a search is under way, which asks without this one.
    if (tracked !== undefined && tracked.pool === undefined) this.#searches.want(mint);
  }

  health(): { name: string; ok: boolean; detail: string } {
    const counts = { live: 0, stale: 0, migrating: 0, other: 0 };
    let longestHeldMs = 0;
    for (const { pool, status } of this.#tracked.values()) {
      longestHeldMs = Math.max(longestHeldMs, pool?.heldMs() ?? 0);
      if (status.state === "migrating") counts.migrating += 1;
      else if (status.state !== "live") counts.other += 1;
      else if (pool?.isFresh() === true) counts.live += 1;
      else counts.stale += 1;
    }
    const { live, stale, migrating, other } = counts;
    const detail = `${live} live, ${stale} stale, ${migrating} migrating, ${other} without a pool`;
    // What is stale for want of streams is told by these.
    return { name: "pools", ok: longestHeldMs < HELD_HEALTHY_MS, detail };
  }

  #onFound(mint: string, found: PoolSearch): void {
    const tracked = this.#tracked.get(mint);
    // Who left and came back asked twice.
    if (tracked === undefined || tracked.pool !== undefined) return;
    if (found.outcome === "found") return this.#follow(tracked, found.ref, found.decimals);
    tracked.status = { state: "none", reason: found.reason };
    void this.#lookAgain(tracked);
  }

  /** One node answers, and one that is behind knows nothing of a young token or its pool. */
  async #lookAgain(tracked: Tracked): Promise<void> {
    if (tracked.isAwaited) return;
    tracked.isAwaited = true;
    const waitMs = Math.min(AGAIN_MS_MIN * 2 ** Math.min(tracked.misses++, 10), AGAIN_MS_MAX);
    await this.#deps.clock.sleep(waitMs, tracked.stop.signal);
    tracked.isAwaited = false;
    if (tracked.stop.signal.aborted || tracked.pool !== undefined) return;
    this.#searches.want(tracked.mint);
  }

  #follow(tracked: Tracked, ref: PoolRef, decimals: number): void {
    tracked.decimals = decimals;
    const pool: TrackedPool = new TrackedPool(
      {
        ...this.#deps,
        onState: (state) => this.#onState(tracked, pool, state),
        onUnusable: (found) => this.#onUnusable(tracked, pool, found),
      },
      ref,
    );
    tracked.pool = pool;
    pool.start();
  }

  #onState(tracked: Tracked, pool: TrackedPool, state: PoolState): void {
    if (pool === tracked.next) {
      this.#deps.log.info({ mint: tracked.mint, pool: pool.ref.address }, "a pool has moved");
      tracked.pool?.stop();
      tracked.pool = pool;
    } else {
      // A curve that is not full after all: what it was to become is of no interest.
      tracked.next?.stop();
    }
    tracked.next = undefined;
    tracked.status = LIVE;
    const { instrument, decimals, lastPrice } = tracked;
    const priceE9 = spotPriceE9(state.pool, decimals);
    const { slot, atMonotonicMs } = state;
    const stale = this.#deps.streams.isBehind(slot) ? ({ isStale: true } as const) : {};
    const wasStale = lastPrice?.isStale === true;
    if (priceE9 === lastPrice?.priceE9 && (stale.isStale ?? false) === wasStale) return;
    const price: PoolPrice = { instrument, priceE9, slot, atMonotonicMs, ...stale };
    tracked.lastPrice = price;
    for (const listener of this.#listeners) listener(price);
  }

  #onUnusable(tracked: Tracked, pool: TrackedPool, { cause, reason }: PoolUnusable): void {
    // Accounts come one by one; and what a curve becomes is missing until it is there.
    if (pool === tracked.next) return;
    if (cause === "missing" && tracked.status.state !== "live") return;
    tracked.lastPrice = undefined;
    if (cause !== "complete") {
      tracked.status = { state: "unusable", reason };
      return;
    }
    tracked.status = { state: "migrating", reason };
    if (tracked.next !== undefined) return;
    const { mint, tokenProgram } = pool.ref;
    const next: TrackedPool = new TrackedPool(
      {
        ...this.#deps,
        onState: (state) => this.#onState(tracked, next, state),
        onUnusable: (found) => this.#onUnusable(tracked, next, found),
      },
      migratedRef(mint, tokenProgram),
    );
    tracked.next = next;
    next.start();
  }
}

function end(tracked: Tracked): void {
  tracked.stop.abort();
  tracked.pool?.stop();
  tracked.next?.stop();
}
