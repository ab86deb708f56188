import type { RiskInputs } from "@raptor/shared/domain/events.ts";
import type { OrderRow } from "@raptor/shared/domain/rows.ts";
import type { Reader } from "../ports/store.ts";
import type { Route, WalletReport } from "../ports/venue.ts";
import type { EngineSettings } from "./settings.ts";

const DAY_MS = 24 * 3_600_000;

/** Everything that the risk check looks at, read inside one transaction. */
export function gatherRiskInputs(
  reader: Reader,
  order: OrderRow,
  quote: { route: Pick<Route, "priceImpactBps">; report: Pick<WalletReport, "lamports" | "slot"> },
  settings: Pick<EngineSettings, "limits">,
  nowMs: number,
): RiskInputs {
  const user = reader.user(order.userId);
  return {
    notionalLamports: order.notionalLamports,
    priceImpactBps: quote.route.priceImpactBps,
    walletLamports: quote.report.lamports.toString(),
    walletSlot: quote.report.slot,
    inFlightLamports: inFlightOf(reader, order, quote.report.slot).toString(),
    spentTodayLamports: reader
      .spentLamportsSince(order.userId, nowMs - DAY_MS, order.orderId)
      .toString(),
    openPositions: countOtherPositions(reader, order),
    lastBuyMs: reader.lastBuyMs(order.userId, order.instrument, order.orderId) ?? null,
    tradingState: reader.control().tradingState,
    userPaused: user?.paused ?? true,
    guardOverride: order.guardOverride,
    nowMs,
    limits: settings.limits,
  };
}

/**
 * Open positions in other tokens, and buys initialized before this one that may still open more.
 * Open orders come in order of initialization, so that of two buys only the later one counts the
 * other, however close in time they are.
 */
function countOtherPositions(reader: Reader, order: OrderRow): number {
  const instruments = new Set(
    reader.openPositions(order.userId).map((position) => position.instrument),
  );
  for (const other of reader.openOrders()) {
    if (other.orderId === order.orderId) break;
    if (other.side === "buy" && other.userId === order.userId) instruments.add(other.instrument);
  }
  instruments.delete(order.instrument);
  return instruments.size;
}

/**
 * What other buys may take from the same wallet, whose balance still shows it: those initialized
 * before this one, later ones that have an attempt out already, and those that have landed since
 * the balance was read.
 */
function inFlightOf(reader: Reader, order: OrderRow, walletSlot: number): bigint {
  const sent = new Set(reader.unresolvedAttempts().map(({ orderId }) => orderId));
  let isEarlier = true;
  let total = 0n;
  for (const { orderId, side, walletId, notionalLamports } of reader.openOrders()) {
    if (orderId === order.orderId) isEarlier = false;
    else if (side === "buy" && walletId === order.walletId && (isEarlier || sent.has(orderId))) {
      total += BigInt(notionalLamports);
    }
  }
  for (const { orderId, side, notionalLamports, venueSlot } of reader.unsettledFills()) {
    if (side !== "buy" || venueSlot <= walletSlot) continue;
    if (reader.order(orderId)?.walletId === order.walletId) total += BigInt(notionalLamports);
  }
  return total;
}
