import type { MarketToken } from "./market.ts";
import { integerSqrt } from "./pool-math.ts";

/** A price is lamports per whole token, times this. */
export const PRICE_SCALE = 1_000_000_000n;
export const PRICE_MIN = 1_000n;
const RATIO_SCALE = 1_000_000_000n;

/** Lamports per whole token, times a thousand million. */
export function priceE9Of(token: MarketToken): bigint {
  return (token.lamports * PRICE_SCALE * unitOf(token)) / token.quantity;
}

/**
 * Moves along the curve, so the depth stays what it was. When the crowd has no more tokens to
 * sell, liquidity leaves instead and the price is still met.
 */
export function tradeTo(
  token: MarketToken,
  targetE9: bigint,
  quantityMin = token.bounds.quantityMin,
): void {
  const priceE9 = atLeast(targetE9, PRICE_MIN);
  const perUnit = PRICE_SCALE * unitOf(token);
  const product = token.lamports * token.quantity;
  const total = token.quantity + token.crowdQuantity;
  const { quantityMax, lamportsMin } = token.bounds;
  const wanted = atLeast(integerSqrt((product * perUnit) / priceE9), quantityMin);
  token.quantity = atMost(wanted, atMost(total, quantityMax));
  token.crowdQuantity = total - token.quantity;
  token.lamports = atLeast((token.quantity * priceE9) / perUnit, lamportsMin);
}

/** The owner takes nearly all SOL out and the price falls to about half a percent. */
export function pullLiquidity(token: MarketToken): void {
  token.rugged = true;
  const kept = atLeast(token.quantity / 10n, token.bounds.quantityMin);
  token.crowdQuantity += token.quantity - kept;
  token.quantity = kept;
  token.lamports = atLeast(token.lamports / 2_000n, token.bounds.lamportsMin);
  token.fairPriceE9 = priceE9Of(token);
}

export function moved(value: bigint, change: number): bigint {
  return value + (value * BigInt(Math.round(change * Number(RATIO_SCALE)))) / RATIO_SCALE;
}

function unitOf(token: MarketToken): bigint {
  return 10n ** BigInt(token.spec.decimals);
}

function atMost(value: bigint, roof: bigint): bigint {
  return value < roof ? value : roof;
}

export function atLeast(value: bigint, floor: bigint): bigint {
  return value > floor ? value : floor;
}
