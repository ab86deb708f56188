export const BPS_ONE = 10_000n;

/** Largest integer whose square does not exceed `value`. Newton's method on integers. */
export function integerSqrt(value: bigint): bigint {
  if (value < 0n) throw new RangeError("expected a value of zero or more");
  if (value < 2n) return value;
  let guess = 1n << (BigInt(value.toString(2).length + 1) / 2n);
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/**
 * What a constant-product pool pays for `quantityIn`, rounded in the pool's favour. The liquidity
 * fee stays in the pool, so the product of the reserves never shrinks.
 */
export function constantProductOut(pool: {
  reserveIn: bigint;
  reserveOut: bigint;
  quantityIn: bigint;
  feeBps: number;
}): bigint {
  const effective = (pool.quantityIn * (BPS_ONE - BigInt(pool.feeBps))) / BPS_ONE;
  if (effective <= 0n) return 0n;
  return (effective * pool.reserveOut) / (pool.reserveIn + effective);
}

/** What Token-2022 withholds from a transfer: rounded up, at most `feeMax`. */
export function transferFeeOf(quantity: bigint, feeBps: number, feeMax: bigint): bigint {
  const fee = (quantity * BigInt(feeBps) + BPS_ONE - 1n) / BPS_ONE;
  return fee < feeMax ? fee : feeMax;
}

/** The least output that the aggregator's program accepts for a quote and its tolerance. */
export function minimumOut(quotedOut: bigint, slippageBps: number): bigint {
  return (quotedOut * (BPS_ONE - BigInt(slippageBps))) / BPS_ONE;
}
