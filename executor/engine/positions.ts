import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { FillRow, OrderRow, PositionRow } from "@raptor/shared/domain/rows.ts";
import { priceE9Of } from "@raptor/shared/values/money.ts";
import { derivePositionId } from "./ids.ts";

type PositionChange = EventPayloads["PositionChanged"];
type FillAmounts = Pick<FillRow, "fillId" | "quantity" | "notionalLamports">;

/** The position after a buy: quantity and cost add up, the entry price is their average. */
export function applyBuy(
  order: OrderRow,
  held: PositionRow | undefined,
  fill: FillAmounts,
): PositionChange {
  const quantity = BigInt(held?.quantity ?? "0") + BigInt(fill.quantity);
  const cost = BigInt(held?.costLamports ?? "0") + BigInt(fill.notionalLamports);
  return {
    positionId: held?.positionId ?? derivePositionId(order.orderId),
    userId: order.userId,
    walletId: order.walletId,
    venue: order.venue,
    instrument: order.instrument,
    symbol: order.symbol,
    decimals: order.decimals,
    tokenProgram: order.tokenProgram,
    quantity: quantity.toString(),
    costLamports: cost.toString(),
    realisedLamports: held?.realisedLamports ?? "0",
    entryPriceE9: priceE9Of(cost, quantity, order.decimals).toString(),
    state: "open",
    cause: { kind: "fill", fillId: fill.fillId },
  };
}

/** The position after a sell: cost leaves in proportion, rounded up so that none is left behind. */
export function applySell(held: PositionRow, fill: FillAmounts): PositionChange {
  const before = BigInt(held.quantity);
  const sold = BigInt(fill.quantity) > before ? before : BigInt(fill.quantity);
  const cost = BigInt(held.costLamports);
  const soldCost = before === 0n ? cost : (cost * sold + before - 1n) / before;
  const left = before - sold;
  const gained = BigInt(fill.notionalLamports) - soldCost;
  return {
    ...baseOf(held),
    quantity: left.toString(),
    costLamports: (left === 0n ? 0n : cost - soldCost).toString(),
    realisedLamports: (BigInt(held.realisedLamports) + gained).toString(),
    state: left === 0n ? "closed" : "open",
    cause: { kind: "fill", fillId: fill.fillId },
  };
}

/** Takes a fill back that the chain rolled back for good. */
export function applyReversal(held: PositionRow, fill: FillRow): PositionChange {
  const sign = fill.side === "buy" ? -1n : 1n;
  const quantity = floorZero(BigInt(held.quantity) + sign * BigInt(fill.quantity));
  const cost = floorZero(BigInt(held.costLamports) + sign * BigInt(fill.notionalLamports));
  return {
    ...baseOf(held),
    quantity: quantity.toString(),
    costLamports: cost.toString(),
    realisedLamports: held.realisedLamports,
    entryPriceE9: priceE9Of(cost, quantity, held.decimals).toString(),
    state: quantity === 0n ? "closed" : "open",
    cause: { kind: "fill", fillId: fill.fillId },
  };
}

/** Chain truth wins: the wallet holds less than the ledger says because of a sale elsewhere. */
export function applyExternal(held: PositionRow, quantity: bigint, detail: string): PositionChange {
  const before = BigInt(held.quantity);
  const cost = before === 0n ? 0n : (BigInt(held.costLamports) * quantity) / before;
  return {
    ...baseOf(held),
    quantity: quantity.toString(),
    costLamports: cost.toString(),
    realisedLamports: held.realisedLamports,
    state: quantity === 0n ? "closed" : "open",
    cause: { kind: "external", detail },
  };
}

function baseOf(
  held: PositionRow,
): Omit<PositionChange, "quantity" | "costLamports" | "realisedLamports" | "state" | "cause"> {
  const { positionId, userId, walletId, venue, instrument, symbol, decimals } = held;
  const { tokenProgram, entryPriceE9 } = held;
  return {
    positionId,
    userId,
    walletId,
    venue,
    instrument,
    symbol,
    decimals,
    tokenProgram,
    entryPriceE9,
  };
}

function floorZero(value: bigint): bigint {
  return value < 0n ? 0n : value;
}
