/** The latest price of one instrument. */
export interface PriceUpdate {
  instrument: string;
  /** Lamports per whole token, scaled by 1e9. */
  priceE9: bigint;
  /** Our monotonic clock at arrival. */
  atMonotonicMs: number;
}

/** Prices of watched instruments. */
export interface PriceFeed {
  watch(instrument: string): void;
  unwatch(instrument: string): void;
  latest(instrument: string): PriceUpdate | undefined;
  onUpdate(listener: (update: PriceUpdate) => void): void;
  health(): { name: string; ok: boolean; detail: string };
  start(): void;
  stop(): void;
}
