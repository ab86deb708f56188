import type { FillRow, PositionRow } from "@raptor/shared/domain/rows.ts";
import { mulDivCeil } from "@raptor/shared/values/money.ts";
import { entryAfter, entryWith, entryWithout } from "./entry-price.ts";
import { baseOf, least, unchanged, worthAtEntry, type PositionChange } from "./positions.ts";

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
    entryPriceE9: entryWithout(held, { quantity, lamports: costLeft }),
    state: quantity === 0n ? "closed" : "open",
    cause: { kind: "fill", fillId: fill.fillId },
  };
}

/** The tokens come back with the cost that left with them, and the profit goes. */
function reverseSell(held: PositionRow, fill: FillRow, back: GivenBack): PositionChange {
  const costBack = costBackOf(held, fill, back);
  const gained = BigInt(fill.notionalLamports) - costBack;
  const quantity = BigInt(held.quantity) + back.tokens;
  const isKnown = fill.soldCostLamports !== null;
  const joining = { quantity: back.tokens, lamports: costBack };
  return {
    ...baseOf(held, BigInt(held.oversold) - back.owed),
    ...(isKnown && { entryPriceE9: entryWith(held, joining) }),
    quantity: quantity.toString(),
    costLamports: (BigInt(held.costLamports) + costBack).toString(),
    realisedLamports: (BigInt(held.realisedLamports) - gained).toString(),
    state: quantity === 0n ? "closed" : "open",
    cause: { kind: "fill", fillId: fill.fillId },
  };
}

/** Of sells that earlier releases booked only the price is known that was paid on average. */
function costBackOf(held: PositionRow, fill: FillRow, { tokens }: GivenBack): bigint {
  const { soldCostLamports, quantity } = fill;
  if (soldCostLamports === null || quantity === "0") return worthAtEntry(held, tokens);
  return mulDivCeil(BigInt(soldCostLamports), tokens, BigInt(quantity));
}

/** A sell of another position is taken back, whose tokens are what this one was sold beyond. */
export function applyOwed(held: PositionRow, owed: bigint, fill: FillRow): PositionChange {
  return {
    ...unchanged(held, BigInt(held.oversold) - owed),
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
      entryPriceE9: entryAfter(
        open,
        { quantity: BigInt(back.quantity), lamports: worthAtEntry(closed, BigInt(back.quantity)) },
        open.decimals,
      ),
      state: "open",
      cause: back.cause,
    },
  };
}
