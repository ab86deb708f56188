import type { PositionRow } from "@raptor/shared/domain/rows.ts";
import { mulDivFloor, priceE9Of, valueLamports } from "@raptor/shared/values/money.ts";

type Held = Pick<PositionRow, "quantity" | "costLamports" | "entryPriceE9" | "decimals">;

/** Of a position's tokens, counted at its entry price, its cost explains at least so much. */
const KNOWN_COST_PERCENT = 90n;
/** Each sell rounds cost up; on dust these lamports are a large part. */
const ROUNDING_LAMPORTS = 1_000n;

/**
 * Whether what was paid is known for nearly all that is held. It is not for tokens that came by
 * themselves while nobody told a price: they stand in the ledger at a cost of nothing, and an
 * average over them would be a price that nobody has paid.
 */
function isCostKnown({ quantity, costLamports, entryPriceE9, decimals }: Held): boolean {
  if (entryPriceE9 === "0" && quantity !== "0") return false;
  const worth = valueLamports(BigInt(quantity), decimals, BigInt(entryPriceE9));
  return (BigInt(costLamports) + ROUNDING_LAMPORTS) * 100n >= worth * KNOWN_COST_PERCENT;
}

/**
 * The entry price after more has come in: the average of what was paid. Tokens of an unknown cost
 * count at the entry price so far, and at the first price that was paid where there is none, so
 * that exit rules keep their distance to a price that somebody has paid.
 */
export function entryAfter(
  held: Held | undefined,
  added: { quantity: bigint; lamports: bigint },
  decimals: number,
): string {
  const before = BigInt(held?.quantity ?? "0");
  const quantity = before + added.quantity;
  if (held !== undefined && held.entryPriceE9 !== "0" && added.lamports === 0n) {
    return held.entryPriceE9;
  }
  if (held === undefined || isCostKnown(held)) {
    const cost = BigInt(held?.costLamports ?? "0") + added.lamports;
    return priceE9Of(cost, quantity, decimals).toString();
  }
  if (held.entryPriceE9 === "0") {
    return priceE9Of(added.lamports, added.quantity, decimals).toString();
  }
  const worth = valueLamports(before, decimals, BigInt(held.entryPriceE9));
  return priceE9Of(worth + added.lamports, quantity, decimals).toString();
}

/** The entry price after a buy was taken back: the average of what stays, where that is known. */
export function entryWithout(held: Held, left: { quantity: bigint; lamports: bigint }): string {
  const isAverage = left.quantity === 0n || left.lamports === 0n || isCostKnown(held);
  if (!isAverage) return held.entryPriceE9;
  return priceE9Of(left.lamports, left.quantity, held.decimals).toString();
}

/** The entry price after a sell was taken back: buys since then may have moved the average. */
export function entryWith(held: Held, back: { quantity: bigint; lamports: bigint }): string {
  const isAverage = held.quantity !== "0" && back.quantity > 0n && isCostKnown(held);
  return isAverage ? entryAfter(held, back, held.decimals) : held.entryPriceE9;
}

/** What tokens cost that join a position at its own price. */
export function costAtEntry(held: Held, quantity: bigint): bigint {
  if (!isCostKnown(held)) {
    return valueLamports(quantity, held.decimals, BigInt(held.entryPriceE9));
  }
  const before = BigInt(held.quantity);
  return before === 0n ? 0n : mulDivFloor(BigInt(held.costLamports), quantity, before);
}
