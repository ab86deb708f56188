/** Basis points: 1/100 of a percent. */
export const BPS_ONE = 10_000n;
export const LAMPORTS_PER_SOL = 1_000_000_000n;
export const SOL_DECIMALS = 9;

/**
 * A price is lamports per WHOLE token, scaled by 1e9 and rounded down, so that a token worth a
 * millionth of a lamport still has a price. Called `priceE9` everywhere.
 */
export const PRICE_SCALE = 1_000_000_000n;

/** floor(value * numerator / denominator) for non-negative numbers. */
export function mulDivFloor(value: bigint, numerator: bigint, denominator: bigint): bigint {
  return (value * numerator) / denominator;
}

export function mulDivCeil(value: bigint, numerator: bigint, denominator: bigint): bigint {
  return (value * numerator + denominator - 1n) / denominator;
}

/** Lamports that `quantity` base units are worth at `priceE9`, rounded down. */
export function valueLamports(quantity: bigint, decimals: number, priceE9: bigint): bigint {
  return (quantity * priceE9) / (PRICE_SCALE * 10n ** BigInt(decimals));
}

/** The price at which `quantity` base units cost `lamports`, rounded down; 0 for no quantity. */
export function priceE9Of(lamports: bigint, quantity: bigint, decimals: number): bigint {
  if (quantity === 0n) return 0n;
  return (lamports * PRICE_SCALE * 10n ** BigInt(decimals)) / quantity;
}
