import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { FaultPlan } from "../../faults/fault-plan.ts";
import type { Chain } from "../../models/chain.ts";
import type { MarketChain, MarketOnChain } from "../../models/market-on-chain.ts";
import type { Market } from "../../models/market.ts";
import type { MaliceQueue } from "./malice.ts";

/** Time that a script can move, as `POST /world/clock` does. */
export interface MovableClock extends Clock {
  shift(ms: number): void;
}

/** What the service needs of the chain besides laying out the market. */
export type JupiterChain = MarketChain &
  Pick<
    Chain,
    | "registerModel"
    | "slot"
    | "blockHeight"
    | "latestBlockhash"
    | "lamportsOf"
    | "tokenQuantityOf"
    | "submit"
    | "history"
  >;

/** Everything that the endpoints share. */
export interface Desk {
  chain: JupiterChain;
  market: Market;
  onChain: MarketOnChain;
  clock: Clock;
  prng: Prng;
  faults: FaultPlan;
  malice: MaliceQueue;
  /** Collects what the service earns on orders. */
  feeCollector: string;
  /** Chance that a market maker wins an order, 0 to 1. */
  makerShare: number;
}
