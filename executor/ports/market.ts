/** The latest price of one instrument. */
export interface PriceUpdate {
  instrument: string;
  /** Lamports per whole token, scaled by 1e9. */
  priceE9: bigint;
  /** Our monotonic clock at arrival. */
  atMonotonicMs: number;
  /** The slot that it is of; two prices of one slot confirm nothing. Absent: told by the time. */
  slot?: number;
  /** A pool's own reserves, or the question that is asked now and then. Absent: the question. */
  source?: "pool" | "poll";
  /** Its source has been silent for too long: shown to people, never believed by a rule. */
  isStale?: boolean;
}

/** A price that the reserves of a pool show, at the moment they do. */
export interface PoolPrice {
  instrument: string;
  priceE9: bigint;
  /** Processed: it may still be rolled back. */
  slot: number;
  atMonotonicMs: number;
  /** Some node is far beyond its slot: it is shown with its age, and no rule believes it. */
  isStale?: true;
}

/** Prices out of pools, for those tokens of which a pool is known. */
export interface PoolPrices {
  /** Counted: every track has an untrack. */
  track(mint: string): void;
  untrack(mint: string): void;
  /** False: nothing may be concluded from silence; ask somebody else for the price. */
  isFresh(mint: string): boolean;
  /** A block after this slot is whole, and would have told a price that contradicts it. */
  hasPassed(mint: string, slot: number): boolean;
  /** The last price; undefined while there is none, or the pool cannot be traded with. */
  priceOf(mint: string): PoolPrice | undefined;
  /** Called synchronously with the news, on every change of the price. */
  onPrice(listener: (price: PoolPrice) => void): void;
}

/** Prices of watched instruments. */
export interface PriceFeed {
  /** A first price far from `referencePriceE9` is believed no sooner than any other jump. */
  watch(instrument: string, referencePriceE9?: bigint): void;
  unwatch(instrument: string): void;
  latest(instrument: string): PriceUpdate | undefined;
  /** Of a price from a pool: a block after its slot is whole and would have told a correction. */
  hasPassed(instrument: string, slot: number): boolean;
  onUpdate(listener: (update: PriceUpdate) => void): void;
  health(): { name: string; ok: boolean; detail: string };
  start(): void;
  stop(): void;
}

/** Where a polling price feed reads; it shares its service's rate limit with other callers. */
export interface PriceSource {
  /** Most mints that one question may name. */
  readonly batchMax: number;
  /**
   * US dollars per whole token, scaled by 1e30; mints without a price are absent.
   * @throws RAPTOR_VENUE__UNAVAILABLE, __BAD_ANSWER, __RATE_LIMITED.
   */
  fetchUsdPricesE30(mints: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
  /** How long the service asked us to stay silent; 0 when it may be asked now. */
  waitMs(): number;
}
