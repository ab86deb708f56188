import { BPS_ONE } from "@raptor/shared/values/money.ts";

/** One trade as the pool's formula saw it: fees excluded, reserves from before it. */
interface PricedTrade {
  readonly netIn: bigint;
  readonly quantityOut: bigint;
  readonly reserveIn: bigint;
  readonly reserveOut: bigint;
}

/** How much less than the spot price gives came out, in bps rounded down. */
export function impactBps(trade: PricedTrade): number {
  const atSpot = trade.netIn * trade.reserveOut;
  const got = trade.quantityOut * trade.reserveIn;
  return atSpot <= 0n || got >= atSpot ? 0 : Number(((atSpot - got) * BPS_ONE) / atSpot);
}
