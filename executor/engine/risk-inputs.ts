import type { RiskInputs } from "@raptor/shared/domain/events.ts";
import type { AttemptRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import type { Reader } from "../ports/store.ts";
import type { Route, WalletReport } from "../ports/venue.ts";
import type { EngineSettings } from "./settings.ts";

const DAY_MS = 24 * 3_600_000;

/** Everything that the risk check looks at, read inside one transaction. */
export function gatherRiskInputs(
  reader: Reader,
  order: OrderRow,
  quote: {
    route: Pick<Route, "priceImpactBps">;
    report: Pick<WalletReport, "lamports" | "lamportsSlot" | "slot">;
  },
  settings: Pick<EngineSettings, "limits">,
  nowMs: number,
): RiskInputs {
  const user = reader.user(order.userId);
  const walletSlot = quote.report.lamportsSlot ?? quote.report.slot;
  return {
    notionalLamports: order.notionalLamports,
    priceImpactBps: quote.route.priceImpactBps,
    walletLamports: quote.report.lamports.toString(),
    walletSlot,
    inFlightLamports: inFlightOf(reader, order, walletSlot).toString(),
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
 * the balance was read. With fees, tips and rent: the reserve is for those of this one.
 */
function inFlightOf(reader: Reader, order: OrderRow, walletSlot: number): bigint {
  const sent = capsOf(reader.unresolvedAttempts());
  let isEarlier = true;
  let total = 0n;
  for (const { orderId, side, walletId, notionalLamports } of reader.openOrders()) {
    const cap = sent.get(orderId);
    if (orderId === order.orderId) isEarlier = false;
    else if (side === "buy" && walletId === order.walletId && (isEarlier || cap !== undefined)) {
      total += largest(BigInt(notionalLamports), cap ?? 0n);
    }
  }
  for (const fill of reader.unsettledFills()) {
    if (fill.side !== "buy" || fill.venueSlot <= walletSlot) continue;
    if (reader.order(fill.orderId)?.walletId !== order.walletId) continue;
    const { notionalLamports, feeLamports, rentLamports } = fill;
    total += BigInt(notionalLamports) + BigInt(feeLamports) + BigInt(rentLamports);
  }
  return total;
}

/** The most that an order's undecided attempts may take; of copies one alone takes effect. */
function capsOf(attempts: readonly AttemptRow[]): ReadonlyMap<string, bigint> {
  const caps = new Map<string, bigint>();
  for (const { orderId, costCapLamports } of attempts) {
    caps.set(orderId, largest(BigInt(costCapLamports), caps.get(orderId) ?? 0n));
  }
  return caps;
}

function largest(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}
