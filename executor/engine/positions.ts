import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { FillRow, OrderRow, PositionRow } from "@raptor/shared/domain/rows.ts";
import { mulDivCeil, PRICE_SCALE } from "@raptor/shared/values/money.ts";
import { entryAfter } from "./entry-price.ts";
import { derivePositionId } from "./ids.ts";

export type PositionChange = EventPayloads["PositionChanged"];
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
    entryPriceE9: entryAfter(held, amountsIn(fill), order.decimals),
    ...oversoldPart(BigInt(held?.oversold ?? "0")),
    state: "open",
    cause: { kind: "fill", fillId: fill.fillId },
  };
}

/**
 * The position after a sell: cost leaves in proportion, rounded up so that none is left. What
 * it sold beyond the position is remembered: an earlier sell may still be taken back, which then
 * gave its tokens for this one.
 */
export function applySell(held: PositionRow, fill: FillAmounts): PositionChange {
  const { sold, soldCost } = soldOf(held, fill);
  const cost = BigInt(held.costLamports);
  const left = BigInt(held.quantity) - sold;
  const gained = BigInt(fill.notionalLamports) - soldCost;
  return {
    ...baseOf(held, BigInt(held.oversold) + BigInt(fill.quantity) - sold),
    quantity: left.toString(),
    costLamports: (left === 0n ? 0n : cost - soldCost).toString(),
    realisedLamports: (BigInt(held.realisedLamports) + gained).toString(),
    state: left === 0n ? "closed" : "open",
    cause: { kind: "fill", fillId: fill.fillId },
  };
}

function soldOf(
  { quantity, costLamports }: PositionRow,
  fill: Pick<FillAmounts, "quantity">,
): { sold: bigint; soldCost: bigint } {
  const before = BigInt(quantity);
  const sold = least(BigInt(fill.quantity), before);
  const cost = BigInt(costLamports);
  return { sold, soldCost: before === 0n ? cost : mulDivCeil(cost, sold, before) };
}

/**
 * What the tokens of a sell had cost, for its receipt and for the case that a fork takes it back.
 * Those beyond the position count at its entry price: whoever gives them brings their cost.
 */
export function soldCostOf(held: PositionRow, fill: Pick<FillAmounts, "quantity">): bigint {
  const { sold, soldCost } = soldOf(held, fill);
  return soldCost + worthAtEntry(held, BigInt(fill.quantity) - sold);
}

/** Lamports for so many tokens at a position's entry price. */
export function worthAtEntry(held: PositionRow, quantity: bigint): bigint {
  const scale = PRICE_SCALE * 10n ** BigInt(held.decimals);
  return mulDivCeil(quantity, BigInt(held.entryPriceE9), scale);
}

/** What was sold beyond a position is found to be other tokens, all of it or but for the rest. */
export function applyOversold(held: PositionRow, rest: bigint, detail: string): PositionChange {
  return { ...unchanged(held, rest), cause: { kind: "offset", detail } };
}

/**
 * What was sold beyond another position came out of this one, without a gain of its own: the sell
 * has booked it.
 */
export function applyOffset(held: PositionRow, taken: bigint, detail: string): PositionChange {
  const sold = { fillId: "", quantity: taken.toString(), notionalLamports: "0" };
  return { ...applySell(held, sold), cause: { kind: "offset", detail } };
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
    cause: { kind: "external", detail, before: amountsOf(held) },
  };
}

/**
 * Tokens that had left outside Raptor are back: they take their old cost with them, in proportion
 * where fewer came back. More than had left are not this position's.
 */
export function applyReturn(
  held: PositionRow,
  lost: { quantity: bigint; costLamports: bigint },
  found: bigint,
  detail: string,
): PositionChange {
  const quantity = least(found, lost.quantity);
  const cost = mulDivCeil(lost.costLamports, quantity, lost.quantity);
  return {
    ...baseOf(held),
    quantity: (BigInt(held.quantity) + quantity).toString(),
    costLamports: (BigInt(held.costLamports) + cost).toString(),
    realisedLamports: held.realisedLamports,
    state: "open",
    cause: { kind: "external", detail, before: amountsOf(held) },
  };
}

/** Tokens that came without an order join what is held; realised profit stays as it is. */
export function applyAdoption(
  base: Omit<PositionBase, "entryPriceE9" | "oversold">,
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
    entryPriceE9: entryAfter(
      held,
      { quantity: added.quantity, lamports: added.costLamports },
      decimals,
    ),
    ...oversoldPart(BigInt(held?.oversold ?? "0")),
    state: "open",
    cause: { kind: "adopted", jobId: added.jobId },
  };
}

type PositionBase = ReturnType<typeof baseOf>;

/** Compaction may take the event that said it into the archive. */
function amountsOf({ quantity, costLamports }: PositionRow): {
  quantity: string;
  costLamports: string;
} {
  return { quantity, costLamports };
}

export function baseOf(
  held: PositionRow,
  oversold = BigInt(held.oversold),
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
    ...oversoldPart(oversold),
  };
}

export function unchanged(held: PositionRow, oversold: bigint): Omit<PositionChange, "cause"> {
  const { quantity, costLamports, realisedLamports, state } = held;
  return { ...baseOf(held, oversold), quantity, costLamports, realisedLamports, state };
}

function amountsIn(fill: FillAmounts): { quantity: bigint; lamports: bigint } {
  return { quantity: BigInt(fill.quantity), lamports: BigInt(fill.notionalLamports) };
}

/** Written where there is something, so that other events stay as they always were. */
function oversoldPart(oversold: bigint): Pick<PositionChange, "oversold"> {
  return oversold === 0n ? {} : { oversold: oversold.toString() };
}

export function least(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}
