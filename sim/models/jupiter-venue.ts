import type { RoutedParty, RoutedSwap } from "./pools/venue-book.ts";
import type { ModelEvent, ModelTransfer, ModelWrite } from "./program-model.ts";

/** A routed swap as the aggregator's program carries it out, with its own fee split off. */
export interface VenueLegs {
  transfers: ModelTransfer[];
  writes: ModelWrite[];
  events: ModelEvent[];
}

/** The pool pays the taker; what the platform keeps goes from the same source to its account. */
export function meanVenueLegs(
  swap: RoutedSwap,
  party: RoutedParty,
  fee: { quantity: bigint; account: string | undefined },
): VenueLegs {
  const { transfers, out, writes, events } = swap.legs(party);
  const paid = { ...out, quantity: out.quantity - fee.quantity };
  const kept: ModelTransfer[] =
    fee.account === undefined ? [] : [{ ...out, to: fee.account, quantity: fee.quantity }];
  return { transfers: [...transfers, paid, ...kept], writes, events };
}

export function partyOf(
  swap: { authority: string; source: string; destination: string },
  side: "buy" | "sell",
  till: RoutedParty["till"],
): RoutedParty {
  const isBuy = side === "buy";
  return {
    authority: swap.authority,
    solAccount: isBuy ? swap.source : swap.destination,
    tokenAccount: isBuy ? swap.destination : swap.source,
    till,
  };
}
