import type { RiskInputs } from "@raptor/shared/domain/events.ts";
import { FINAL_ORDER_STATUSES } from "@raptor/shared/domain/order.ts";
import type { OrderRow } from "@raptor/shared/domain/rows.ts";
import type { Reader } from "../ports/store.ts";
import type { Route, WalletReport } from "../ports/venue.ts";
import type { EngineSettings } from "./settings.ts";

const DAY_MS = 24 * 3_600_000;

/** Everything that the risk check looks at, read inside one transaction. */
export function gatherRiskInputs(
  reader: Reader,
  order: OrderRow,
  quote: { route: Route; report: WalletReport },
  settings: EngineSettings,
  nowMs: number,
): RiskInputs {
  const user = reader.user(order.userId);
  return {
    notionalLamports: order.notionalLamports,
    priceImpactBps: quote.route.priceImpactBps,
    walletLamports: quote.report.lamports.toString(),
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

/** Open positions in other tokens, and buys under way that would open more. */
function countOtherPositions(reader: Reader, order: OrderRow): number {
  const instruments = new Set(
    reader.openPositions(order.userId).map((position) => position.instrument),
  );
  for (const other of reader.openOrders()) {
    const isEntry = other.side === "buy" && !FINAL_ORDER_STATUSES.includes(other.status);
    if (isEntry && other.userId === order.userId && other.createdMs < order.createdMs) {
      instruments.add(other.instrument);
    }
  }
  instruments.delete(order.instrument);
  return instruments.size;
}
