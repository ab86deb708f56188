import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { FillRow, OrderRow, PositionRow } from "@raptor/shared/domain/rows.ts";
import { mulDivCeil, PRICE_SCALE, priceE9Of } from "@raptor/shared/values/money.ts";
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

/**
 * Takes a fill back that the chain rolled back for good. Whatever happens, realised profit minus
 * the cost still held stays equal to all that was received minus all that was paid.
 */
export function applyReversal(held: PositionRow, fill: FillRow): PositionChange {
  return fill.side === "buy" ? reverseBuy(held, fill) : reverseSell(held, fill);
}

function reverseBuy(held: PositionRow, fill: FillRow): PositionChange {
  const cost = BigInt(held.costLamports);
  const paid = BigInt(fill.notionalLamports);
  const before = BigInt(held.quantity);
  const quantity = floorZero(before - BigInt(fill.quantity));
  // Where sells took away more cost than this buy leaves, the rest keeps its average price.
  const share = before === 0n ? 0n : mulDivCeil(cost, quantity, before);
  const costLeft = quantity > 0n && cost > paid ? cost - paid : share;
  return {
    ...baseOf(held),
    quantity: quantity.toString(),
    costLamports: costLeft.toString(),
    realisedLamports: (BigInt(held.realisedLamports) + paid - (cost - costLeft)).toString(),
    entryPriceE9: priceE9Of(costLeft, quantity, held.decimals).toString(),
    state: quantity === 0n ? "closed" : "open",
    cause: { kind: "fill", fillId: fill.fillId },
  };
}

/** The tokens come back at the price that they were bought for, and the profit goes. */
function reverseSell(held: PositionRow, fill: FillRow): PositionChange {
  const back = BigInt(fill.quantity);
  const scale = PRICE_SCALE * 10n ** BigInt(held.decimals);
  const costBack = mulDivCeil(back, BigInt(held.entryPriceE9), scale);
  const gained = BigInt(fill.notionalLamports) - costBack;
  return {
    ...baseOf(held),
    quantity: (BigInt(held.quantity) + back).toString(),
    costLamports: (BigInt(held.costLamports) + costBack).toString(),
    realisedLamports: (BigInt(held.realisedLamports) - gained).toString(),
    state: "open",
    cause: { kind: "fill", fillId: fill.fillId },
  };
}

/**
 * A sell was rolled back after the same token had been bought again: a wallet has one position of
 * a token, so quantity and cost join the open one, and only the profit leaves the closed one.
 */
export function applyReversalInto(
  closed: PositionRow,
  open: PositionRow,
  fill: FillRow,
): { closed: PositionChange; open: PositionChange } {
  const back = reverseSell(closed, fill);
  const quantity = BigInt(open.quantity) + BigInt(back.quantity);
  const cost = BigInt(open.costLamports) + BigInt(back.costLamports);
  return {
    closed: { ...back, quantity: "0", costLamports: "0", state: "closed" },
    open: {
      ...baseOf(open),
      quantity: quantity.toString(),
      costLamports: cost.toString(),
      realisedLamports: open.realisedLamports,
      entryPriceE9: priceE9Of(cost, quantity, open.decimals).toString(),
      state: "open",
      cause: back.cause,
    },
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

/**
 * Tokens that had left outside Raptor are back: they take their old cost with them, in proportion
 * where fewer came back. More than had left are not this position's.
 */
export function applyReturn(
  closed: PositionRow,
  lost: { quantity: bigint; costLamports: bigint },
  found: bigint,
): PositionChange {
  const quantity = found < lost.quantity ? found : lost.quantity;
  const cost = mulDivCeil(lost.costLamports, quantity, lost.quantity);
  return {
    ...baseOf(closed),
    quantity: quantity.toString(),
    costLamports: cost.toString(),
    realisedLamports: closed.realisedLamports,
    state: "open",
    cause: { kind: "external", detail: `the wallet holds ${found} base units again` },
  };
}

/** Tokens that came without an order join what is held; realised profit stays as it is. */
export function applyAdoption(
  base: Omit<PositionBase, "entryPriceE9">,
  held: PositionRow | undefined,
  added: { quantity: bigint; costLamports: bigint; jobId: string },
): PositionChange {
  const quantity = BigInt(held?.quantity ?? "0") + added.quantity;
  const cost = BigInt(held?.costLamports ?? "0") + added.costLamports;
  const { positionId, userId, walletId, venue, instrument, symbol, decimals, tokenProgram } = base;
  return {
    positionId,
    userId,
    walletId,
    venue,
    instrument,
    symbol,
    decimals,
    tokenProgram,
    quantity: quantity.toString(),
    costLamports: cost.toString(),
    realisedLamports: held?.realisedLamports ?? "0",
    entryPriceE9: priceE9Of(cost, quantity, decimals).toString(),
    state: "open",
    cause: { kind: "adopted", jobId: added.jobId },
  };
}

type PositionBase = ReturnType<typeof baseOf>;

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
