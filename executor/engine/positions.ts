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
  const before = BigInt(held.quantity);
  const sold = least(BigInt(fill.quantity), before);
  const cost = BigInt(held.costLamports);
  const soldCost = before === 0n ? cost : (cost * sold + before - 1n) / before;
  const left = before - sold;
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

/**
 * Takes a fill back that the chain rolled back for good. Whatever happens, realised profit minus
 * the cost still held stays equal to all that was received minus all that was paid.
 */
export function applyReversal(
  held: PositionRow,
  fill: FillRow,
  back: GivenBack = givenBack(held, BigInt(fill.quantity)),
  others: readonly FillRow[] = [],
): PositionChange {
  return fill.side === "buy" ? reverseBuy(held, fill, others) : reverseSell(held, fill, back);
}

/** Where the tokens of a sell go that is taken back. */
export interface GivenBack {
  /** To what its own position was sold beyond. */
  owed: bigint;
  /** Into its position. */
  tokens: bigint;
}

/** What was sold beyond a position were the tokens of a sell that had not happened. */
export function givenBack({ oversold }: PositionRow, quantity: bigint): GivenBack {
  const owed = least(BigInt(oversold), quantity);
  return { owed, tokens: quantity - owed };
}

/**
 * What the rest would have cost had this buy never been: sells have taken of its cost, too, so that
 * the difference of cost and payment says nothing then. Undefined where fills alone do not explain
 * what is held.
 */
function costWithout(
  held: PositionRow,
  fill: FillRow,
  others: readonly FillRow[],
  quantity: bigint,
): bigint | undefined {
  const all = sumOf([...others, fill]);
  if (all.quantity !== BigInt(held.quantity) || quantity === 0n) return undefined;
  const rest = sumOf(others);
  if (rest.quantity <= 0n || rest.cost <= 0n) return undefined;
  return mulDivCeil(rest.cost, quantity, rest.quantity);
}

/** Quantity and average cost that fills come to, in their order. */
function sumOf(fills: readonly FillRow[]): { quantity: bigint; cost: bigint } {
  let quantity = 0n;
  let cost = 0n;
  for (const fill of fills.toSorted((one, other) => one.seq - other.seq)) {
    const units = BigInt(fill.quantity);
    if (fill.side === "buy") {
      quantity += units;
      cost += BigInt(fill.notionalLamports);
      continue;
    }
    const sold = least(units, quantity);
    cost -= quantity === 0n ? 0n : (cost * sold + quantity - 1n) / quantity;
    quantity -= sold;
  }
  return { quantity, cost };
}

function reverseBuy(held: PositionRow, fill: FillRow, others: readonly FillRow[]): PositionChange {
  const cost = BigInt(held.costLamports);
  const paid = BigInt(fill.notionalLamports);
  const before = BigInt(held.quantity);
  const taken = least(BigInt(fill.quantity), before);
  const quantity = before - taken;
  // Where sells took away more cost than this buy leaves, the rest keeps its average price.
  const share = before === 0n ? 0n : mulDivCeil(cost, quantity, before);
  const isPlain = quantity > 0n && cost > paid;
  const costLeft = costWithout(held, fill, others, quantity) ?? (isPlain ? cost - paid : share);
  return {
    ...baseOf(held, BigInt(held.oversold) + BigInt(fill.quantity) - taken),
    quantity: quantity.toString(),
    costLamports: costLeft.toString(),
    realisedLamports: (BigInt(held.realisedLamports) + paid - (cost - costLeft)).toString(),
    entryPriceE9: priceE9Of(costLeft, quantity, held.decimals).toString(),
    state: quantity === 0n ? "closed" : "open",
    cause: { kind: "fill", fillId: fill.fillId },
  };
}

/** The tokens come back at the price that they were bought for, and the profit goes. */
function reverseSell(held: PositionRow, fill: FillRow, back: GivenBack): PositionChange {
  const scale = PRICE_SCALE * 10n ** BigInt(held.decimals);
  const costBack = mulDivCeil(back.tokens, BigInt(held.entryPriceE9), scale);
  const gained = BigInt(fill.notionalLamports) - costBack;
  const quantity = BigInt(held.quantity) + back.tokens;
  return {
    ...baseOf(held, BigInt(held.oversold) - back.owed),
    quantity: quantity.toString(),
    costLamports: (BigInt(held.costLamports) + costBack).toString(),
    realisedLamports: (BigInt(held.realisedLamports) - gained).toString(),
    state: quantity === 0n ? "closed" : "open",
    cause: { kind: "fill", fillId: fill.fillId },
  };
}

/** A sell of another position is taken back, whose tokens are what this one was sold beyond. */
export function applyOwed(held: PositionRow, owed: bigint, fill: FillRow): PositionChange {
  return {
    ...unchanged(held, BigInt(held.oversold) - owed),
    cause: { kind: "fill", fillId: fill.fillId },
  };
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

/**
 * A sell was rolled back after the same token had been bought again: a wallet has one position of
 * a token, so quantity and cost join the open one, and only the profit leaves the closed one.
 */
export function applyReversalInto(
  closed: PositionRow,
  open: PositionRow,
  fill: FillRow,
  given: GivenBack = givenBack(closed, BigInt(fill.quantity)),
): { closed: PositionChange; open: PositionChange } {
  const back = reverseSell(closed, fill, given);
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
    entryPriceE9: priceE9Of(cost, quantity, decimals).toString(),
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

function baseOf(
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

function unchanged(held: PositionRow, oversold: bigint): Omit<PositionChange, "cause"> {
  const { quantity, costLamports, realisedLamports, state } = held;
  return { ...baseOf(held, oversold), quantity, costLamports, realisedLamports, state };
}

/** Written where there is something, so that other events stay as they always were. */
function oversoldPart(oversold: bigint): Pick<PositionChange, "oversold"> {
  return oversold === 0n ? {} : { oversold: oversold.toString() };
}

function least(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}
