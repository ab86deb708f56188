import type { OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Route, WalletReport } from "../ports/venue.ts";
import type { EngineContext } from "./context.ts";
import { type Freeze, freezeOf } from "./frozen-holding.ts";
import { mintOf } from "./ids.ts";
import { protectOf } from "./order-protect.ts";
import { fallRuleOf, priceCheckOf } from "./price-doubt.ts";
import { mostShown, tokenTruthOf } from "./wallet-truth.ts";

/** What is wrong with one pool must not keep an exit: the aggregator is asked from then on. */
const DIRECT_TRIES_MAX = 2;

export type OrderQuote =
  | { kind: "route"; route: Route; report: WalletReport }
  /** Every node says, after the newest trade of this token, that nothing is left to sell. */
  | { kind: "empty" }
  /** No node shows the tokens, but not every node can be believed yet. */
  | { kind: "early" }
  | { kind: "frozen"; freeze: Exclude<Freeze, "none"> };

/**
 * A route at the current price. A sell never asks for more than the chain holds.
 * `isPartTried`: what not every node calls frozen is tried all the same.
 */
export async function quoteOrder(
  context: EngineContext,
  order: OrderRow,
  wallet: WalletRow,
  triesBefore: number,
  isPartTried: boolean,
): Promise<OrderQuote> {
  const { store, venue, settings } = context;
  const base = {
    wallet: wallet.address,
    mint: mintOf(order.instrument),
    side: order.side,
    ...protectOf(store, order),
  };
  if (order.side === "buy") {
    const quantityIn = BigInt(order.notionalLamports);
    const slippageBps = order.slippageBpsMax;
    const priceCheck = priceCheckOf(context, order, slippageBps);
    const [route, report] = await Promise.all([
      venue.fetchRoute({ ...base, quantityIn, slippageBps, priceCheck }),
      walletReport(context, wallet.address, base.mint),
    ]);
    if (report.frozen?.has(base.mint) === true) {
      const reason = "its maker has frozen it in this wallet, so that it could not be sold";
      throw new RaptorError("RAPTOR_VENUE__NO_ROUTE", { reason, mint: base.mint });
    }
    return { kind: "route", route, report };
  }
  const report = await walletReport(context, wallet.address, base.mint);
  const wanted = BigInt(order.quantity);
  let shown = report.tokens.get(base.mint) ?? 0n;
  const isCalledFrozen = report.frozen?.has(base.mint) === true;
  if (shown < wanted || isCalledFrozen) {
    // One node alone must not keep a person from selling: the most that any node shows counts.
    const views = await venue.fetchWalletViews(wallet.address);
    if (views.every((view) => view.report === null)) {
      throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE", { wallet: wallet.address });
    }
    const others = mostShown(views, base.mint);
    if (others > shown) shown = others;
    if (shown === 0n) {
      const { userId, instrument } = order;
      const truth = tokenTruthOf(store, views, { userId, instrument, mint: base.mint });
      return { kind: truth.isWhole ? "empty" : "early" };
    }
    const freeze = freezeOf(views, base.mint, isCalledFrozen);
    if (freeze === "whole" || (freeze === "part" && !isPartTried))
      return { kind: "frozen", freeze };
  }
  const quantityIn = wanted < shown ? wanted : shown;
  const ramp = settings.exitSlippageRampBps;
  const slippageBps = ramp[Math.min(triesBefore, ramp.length - 1)] as number;
  const priceCheck = priceCheckOf(context, order, slippageBps);
  return {
    kind: "route",
    route: await venue.fetchRoute({
      ...base,
      quantityIn,
      slippageBps,
      priceCheck,
      ...fallRuleOf(settings, order),
      ...(triesBefore >= DIRECT_TRIES_MAX ? { avoidsDirect: true } : {}),
    }),
    report,
  };
}

/** From what streams keep at hand when it is fresh, else from the nodes. */
async function walletReport(
  { venue }: EngineContext,
  address: string,
  mint: string,
): Promise<WalletReport> {
  const held = venue.holdingAtHand(address, mint);
  if (held === undefined) return venue.fetchWallet(address);
  const { lamports, quantity, slot } = held;
  return { lamports, tokens: new Map([[mint, quantity]]), slot };
}
