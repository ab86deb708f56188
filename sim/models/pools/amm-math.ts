import { BPS_ONE } from "../pool-math.ts";
import type { AmmConfig, AmmPool } from "./amm-accounts.ts";
import { poolAuthority } from "./pump-accounts.ts";
import { type FeeConfig, feeOf, type FeeRates, tierOf } from "./pump-fees.ts";
import { ZERO_KEY } from "./state-bytes.ts";

/** Reserves that prices are made of: the quote side with its virtual part. */
export interface AmmReserves {
  base: bigint;
  quote: bigint;
}

export interface AmmTrade {
  base: bigint;
  /** The quote side without any fee. */
  quote: bigint;
  lpFee: bigint;
  protocolFee: bigint;
  creatorFee: bigint;
}

export function ammRates(input: {
  pool: AmmPool;
  config: AmmConfig;
  fees: FeeConfig;
  reserves: AmmReserves;
  supply: bigint;
}): FeeRates {
  const { pool, config, fees, reserves, supply } = input;
  const isCanonical = pool.creator === poolAuthority(pool.baseMint);
  const marketCap = (reserves.quote * supply) / reserves.base;
  const rates = isCanonical ? tierOf(fees, marketCap) : fees.flat;
  const own = config.creatorFeeConfigurable && pool.creatorFeeBps > 0n;
  const creator = own ? pool.creatorFeeBps : rates.creator;
  return { ...rates, creator: pool.coinCreator === ZERO_KEY ? 0n : creator };
}

export function ammBuyBase(reserves: AmmReserves, rates: FeeRates, base: bigint): AmmTrade {
  const rest = reserves.base - base;
  return withFees(base, (reserves.quote * base + rest - 1n) / rest, rates);
}

/** Undefined when fees leave nothing of the budget. */
export function ammBuyForBudget(
  reserves: AmmReserves,
  rates: FeeRates,
  budget: bigint,
): AmmTrade | undefined {
  let quote = (budget * BPS_ONE) / (BPS_ONE + rates.lp + rates.protocol + rates.creator);
  const spent = spentOf(withFees(0n, quote, rates));
  if (spent > budget) quote -= spent - budget;
  if (quote <= 1n) return undefined;
  const base = (reserves.base * (quote - 1n)) / (reserves.quote + quote - 1n);
  return withFees(base, quote, rates);
}

export function ammSellBase(reserves: AmmReserves, rates: FeeRates, base: bigint): AmmTrade {
  return withFees(base, (reserves.quote * base) / (reserves.base + base), rates);
}

/** What a buyer pays altogether. */
export function spentOf({ quote, lpFee, protocolFee, creatorFee }: AmmTrade): bigint {
  return quote + lpFee + protocolFee + creatorFee;
}

/** What a seller receives. */
export function receivedOf({ quote, lpFee, protocolFee, creatorFee }: AmmTrade): bigint {
  return quote - lpFee - protocolFee - creatorFee;
}

function withFees(base: bigint, quote: bigint, rates: FeeRates): AmmTrade {
  return {
    base,
    quote,
    lpFee: feeOf(quote, rates.lp),
    protocolFee: feeOf(quote, rates.protocol),
    creatorFee: feeOf(quote, rates.creator),
  };
}
