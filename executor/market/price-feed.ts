import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import { LAMPORTS_PER_SOL, PRICE_SCALE } from "@raptor/shared/values/money.ts";
import type {
  PoolPrice,
  PoolPrices,
  PriceFeed,
  PriceSource,
  PriceUpdate,
} from "../ports/market.ts";
import { createJumpGuard, type JumpGuard } from "./jump-guard.ts";
import { TrackedPools } from "./track-pools.ts";

export interface PriceFeedDeps {
  source: PriceSource;
  /** Absent where prices are only asked for. */
  pools?: PoolPrices;
  clock: Clock;
  log: Log;
  settings: {
    pollMs: number;
    /** A watched price older than this makes the feed unhealthy. */
    staleMs: number;
    /** A larger step than this must be seen twice before anybody hears of it. */
    jumpBpsMax: number;
  };
}

const SOL_MINT = "So11111111111111111111111111111111111111112";
const SUFFIX = ".SOLANA";
/** Twice what a desk of ten thousand positions needs; only bounds what a defect could ask for. */
const WATCHED_MAX = 20_000;
/**
 * Questions of one round. The source rations them and quotes come out of the same ration, so that
 * what does not fit waits for its turn, and its price is as old as it says.
 */
const BATCHES_PER_ROUND_MAX = 4;

/**
 * Tells listeners about prices of all watched instruments: out of their pools where these are known
 * and fresh, and by asking one price source now and then for all others.
 */
export function createPriceFeed(deps: PriceFeedDeps): PriceFeed {
  return new PollingPriceFeed(deps);
}

class PollingPriceFeed implements PriceFeed {
  readonly #deps: PriceFeedDeps;
  readonly #watchers = new Map<string, number>();
  readonly #latest = new Map<string, PriceUpdate>();
  /** What stands in for the last price until there is one. */
  readonly #references = new Map<string, bigint>();
  readonly #listeners: ((update: PriceUpdate) => void)[] = [];
  readonly #guard: JumpGuard;
  /** Not asked for yet: these come before the others' next turn. */
  readonly #fresh = new Set<string>();
  /** Whose turn it still is in this pass over all that are watched. */
  #turns: string[] = [];
  readonly #tracked: TrackedPools | undefined;
  #hasRefused = false;
  #stop: AbortController | undefined;
  #wake = new AbortController();
  #lastFailure = "";
  #watchedSinceMs = 0;

  constructor(deps: PriceFeedDeps) {
    this.#deps = deps;
    this.#guard = createJumpGuard(deps.settings.jumpBpsMax);
    if (deps.pools !== undefined) this.#tracked = new TrackedPools(deps.pools, deps.clock);
    deps.pools?.onPrice((price) => this.#onPool(price));
  }

  watch(instrument: string, referencePriceE9?: bigint): void {
    const count = this.#watchers.get(instrument) ?? 0;
    if (count === 0 && this.#watchers.size >= WATCHED_MAX) {
      // Thousands may follow, and one line says all of it.
      if (!this.#hasRefused) {
        this.#deps.log.error({ instrument, watched: WATCHED_MAX }, "too many watched instruments");
      }
      this.#hasRefused = true;
      return;
    }
    if (this.#watchers.size === 0) this.#watchedSinceMs = this.#deps.clock.monotonicMs();
    this.#watchers.set(instrument, count + 1);
    if (referencePriceE9 !== undefined && referencePriceE9 > 0n) {
      this.#references.set(instrument, referencePriceE9);
    }
    if (count > 0) return;
    this.#fresh.add(instrument);
    this.#tracked?.track(mintOf(instrument));
    // What a pool told before there was anybody to hear it; after whoever watches is ready.
    this.#deps.clock.defer(() => {
      const known = this.#deps.pools?.priceOf(mintOf(instrument));
      const wasTold = this.#latest.get(instrument)?.source === "pool";
      if (known !== undefined && !wasTold && this.#isFromPool(instrument)) this.#onPool(known);
    });
    this.#wake.abort();
  }

  unwatch(instrument: string): void {
    const count = this.#watchers.get(instrument) ?? 0;
    if (count > 1) {
      this.#watchers.set(instrument, count - 1);
      return;
    }
    if (this.#watchers.delete(instrument)) this.#tracked?.untrack(mintOf(instrument));
    this.#fresh.delete(instrument);
    this.#latest.delete(instrument);
    this.#references.delete(instrument);
    this.#guard.forget(instrument);
  }

  latest(instrument: string): PriceUpdate | undefined {
    const update = this.#latest.get(instrument);
    if (update === undefined) return undefined;
    const nowMs = this.#deps.clock.monotonicMs();
    // A pool in which nobody trades still has its price: the stream would have told of another.
    if (update.source === "pool" && this.#isFromPool(instrument)) {
      const { isStale: _wasStale, ...fresh } = update;
      return { ...fresh, atMonotonicMs: nowMs };
    }
    const isOld = nowMs - update.atMonotonicMs > this.#deps.settings.staleMs;
    const isStale = isOld || update.isStale === true;
    return isStale ? { ...update, isStale } : update;
  }

  hasPassed(instrument: string, slot: number): boolean {
    return this.#deps.pools?.hasPassed(mintOf(instrument), slot) === true;
  }

  onUpdate(listener: (update: PriceUpdate) => void): void {
    this.#listeners.push(listener);
  }

  health(): { name: string; ok: boolean; detail: string } {
    const nowMs = this.#deps.clock.monotonicMs();
    const { staleMs } = this.#deps.settings;
    const fromPools = [...this.#watchers.keys()].filter((one) => this.#isFromPool(one)).length;
    const stale = [...this.#watchers.keys()].filter((instrument) => {
      if (this.#isFromPool(instrument)) return false;
      const sinceMs = this.#latest.get(instrument)?.atMonotonicMs ?? this.#watchedSinceMs;
      return nowMs - sinceMs > staleMs;
    });
    const parts = [`${this.#watchers.size} watched, ${fromPools} of them in their pools`];
    if (stale.length > 0) parts.push(`${stale.length} stale, first ${stale[0] ?? ""}`);
    const waitMs = this.#deps.source.waitMs();
    if (waitMs > 0) parts.push(`slowed by the rate limit for ${Math.ceil(waitMs)} ms`);
    if (this.#lastFailure !== "") parts.push(this.#lastFailure);
    return { name: "prices", ok: stale.length === 0, detail: parts.join("; ") };
  }

  start(): void {
    if (this.#stop !== undefined) return;
    this.#stop = new AbortController();
    void this.#run(this.#stop.signal);
  }

  stop(): void {
    this.#tracked?.stop();
    this.#stop?.abort();
    this.#stop = undefined;
    this.#wake.abort();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const waitMs = this.#deps.source.waitMs();
      if (waitMs > 0) {
        await this.#deps.clock.sleep(waitMs, signal);
        continue;
      }
      const doubted = await this.#poll(this.#nextTurns());
      // A doubted price is asked again at once: a stop loss must not wait for the next round.
      if (doubted.length > 0 && !signal.aborted) await this.#poll(doubted);
      if (signal.aborted) return;
      await this.#deps.clock.sleep(this.#deps.settings.pollMs, this.#wake.signal);
    }
  }

  /** As many as one round may ask for: new ones first, then round robin over all. */
  #nextTurns(): string[] {
    const most = BATCHES_PER_ROUND_MAX * (this.#deps.source.batchMax - 1);
    const picked = new Set<string>();
    const pick = (instrument: string): void => {
      if (!this.#watchers.has(instrument)) return;
      if (!this.#isFromPool(instrument)) picked.add(instrument);
      else if (this.#isUntold(instrument)) this.#backToPool(instrument);
    };
    for (const instrument of this.#fresh) {
      if (picked.size === most) return [...picked];
      this.#fresh.delete(instrument);
      pick(instrument);
    }
    for (let pass = 0; pass < 2 && picked.size < most; pass++) {
      // In the order in which they are taken from the end.
      if (this.#turns.length === 0) this.#turns = [...this.#watchers.keys()].toReversed();
      for (let next = this.#turns.pop(); next !== undefined; next = this.#turns.pop()) {
        pick(next);
        if (picked.size === most) break;
      }
    }
    return [...picked];
  }

  /** Returns the instruments whose price needs a second look. Never throws for the source. */
  async #poll(instruments: string[]): Promise<string[]> {
    const mints = instruments
      .filter((instrument) => instrument.endsWith(SUFFIX))
      .map((instrument) => instrument.slice(0, -SUFFIX.length));
    const doubted: string[] = [];
    const { clock, settings } = this.#deps;
    // Every batch carries SOL: both sides of a price come from the same moment.
    const batchMax = this.#deps.source.batchMax - 1;
    for (let at = 0; at < mints.length; at += batchMax) {
      try {
        const batch = mints.slice(at, at + batchMax);
        const askedMs = clock.monotonicMs();
        const prices = await this.#deps.source.fetchUsdPricesE30([SOL_MINT, ...batch]);
        this.#lastFailure = "";
        // An answer that waited while this process stood still says nothing of now.
        const isLate = clock.monotonicMs() - askedMs >= settings.staleMs;
        if (isLate) this.#lastFailure = "an answer took as long as a price is good for";
        else doubted.push(...this.#take(batch, prices));
      } catch (error) {
        if (!isRaptorError(error)) throw error;
        this.#lastFailure = error.message;
        this.#deps.log.warn({ code: error.code, detail: error.message }, "a price poll failed");
        // The others would wait for the same silence; the failed ones wait for their next turn.
        for (const mint of mints.slice(at + batchMax)) this.#fresh.add(`${mint}${SUFFIX}`);
        break;
      }
    }
    return doubted;
  }

  #take(mints: string[], prices: ReadonlyMap<string, bigint>): string[] {
    const solE30 = prices.get(SOL_MINT);
    if (solE30 === undefined) {
      this.#lastFailure = "the answer has no price of SOL";
      return [];
    }
    const doubted: string[] = [];
    for (const mint of mints) {
      const usdE30 = prices.get(mint);
      const instrument = `${mint}${SUFFIX}`;
      if (usdE30 === undefined || !this.#watchers.has(instrument)) continue;
      // A pool that became fresh meanwhile knows better than an answer that is on its way.
      if (this.#isFromPool(instrument)) continue;
      const priceE9 = (usdE30 * LAMPORTS_PER_SOL * PRICE_SCALE) / solE30;
      const last = this.#latest.get(instrument)?.priceE9 ?? this.#references.get(instrument);
      if (this.#guard.accepts(instrument, last, priceE9)) this.#publish(instrument, priceE9);
      else doubted.push(instrument);
    }
    return doubted;
  }

  /** In the very call in which the stream tells it: an exit must not wait for anything. */
  #onPool({ instrument, priceE9, slot, atMonotonicMs, isStale }: PoolPrice): void {
    if (!this.#watchers.has(instrument)) return;
    const stale = isStale === true ? { isStale } : {};
    this.#tell({ instrument, priceE9, atMonotonicMs, slot, source: "pool", ...stale });
  }

  #isUntold(instrument: string): boolean {
    const update = this.#latest.get(instrument);
    return update?.source === "poll" || update?.isStale === true;
  }

  /** A pool that is fresh again tells nothing before it moves, and nobody polls it any more. */
  #backToPool(instrument: string): void {
    const known = this.#deps.pools?.priceOf(mintOf(instrument));
    if (known === undefined) return;
    const { isStale: _wasStale, ...fresh } = known;
    this.#onPool({ ...fresh, atMonotonicMs: this.#deps.clock.monotonicMs() });
  }

  #isFromPool(instrument: string): boolean {
    return this.#deps.pools?.isFresh(mintOf(instrument)) === true;
  }

  #publish(instrument: string, priceE9: bigint): void {
    const atMonotonicMs = this.#deps.clock.monotonicMs();
    this.#tell({ instrument, priceE9, atMonotonicMs, source: "poll" });
  }

  #tell(update: PriceUpdate): void {
    this.#latest.set(update.instrument, update);
    for (const listener of this.#listeners) listener(update);
  }
}

function mintOf(instrument: string): string {
  return instrument.endsWith(SUFFIX) ? instrument.slice(0, -SUFFIX.length) : instrument;
}
