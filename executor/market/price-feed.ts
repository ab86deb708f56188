import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { PriceFeed, PriceSource } from "../ports/market.ts";

export interface PriceFeedDeps {
  source: PriceSource;
  clock: Clock;
  log: Log;
  settings: { pollMs: number; staleMs: number; jumpBpsMax: number };
}

export function createPriceFeed(_deps: PriceFeedDeps): PriceFeed {
  throw new Error("being built");
}
