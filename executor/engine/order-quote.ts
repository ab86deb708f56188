import type { OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import type { Route, WalletReport } from "../ports/venue.ts";
import type { EngineContext } from "./context.ts";
import { isReadTooEarly } from "./external-loss.ts";
import { mintOf } from "./ids.ts";

export type OrderQuote =
  | { kind: "route"; route: Route; report: WalletReport }
  /** The wallet holds nothing to sell, read after the newest trade of this token. */
  | { kind: "empty"; report: WalletReport }
  /** The node that answered does not know the newest trade of this token yet. */
  | { kind: "early" };

/** A route at the current price. A sell never asks for more than the chain holds. */
export async function quoteOrder(
  context: EngineContext,
  order: OrderRow,
  wallet: WalletRow,
  triesBefore: number,
): Promise<OrderQuote> {
  const { store, venue, settings } = context;
  const base = { wallet: wallet.address, mint: mintOf(order.instrument), side: order.side };
  if (order.side === "buy") {
    const quantityIn = BigInt(order.notionalLamports);
    const [route, report] = await Promise.all([
      venue.fetchRoute({ ...base, quantityIn, slippageBps: order.slippageBpsMax }),
      venue.fetchWallet(wallet.address),
    ]);
    return { kind: "route", route, report };
  }
  const report = await venue.fetchWallet(wallet.address);
  const onChain = report.tokens.get(base.mint) ?? 0n;
  const wanted = BigInt(order.quantity);
  const quantityIn = wanted < onChain ? wanted : onChain;
  if (quantityIn === 0n) {
    const isEarly = isReadTooEarly(store, order.userId, order.instrument, report.slot);
    return isEarly ? { kind: "early" } : { kind: "empty", report };
  }
  const ramp = settings.exitSlippageRampBps;
  const slippageBps = ramp[Math.min(triesBefore, ramp.length - 1)] as number;
  return {
    kind: "route",
    route: await venue.fetchRoute({ ...base, quantityIn, slippageBps }),
    report,
  };
}
