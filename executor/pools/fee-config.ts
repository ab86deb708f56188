import { BPS_ONE, mulDivCeil } from "@raptor/shared/values/money.ts";
import { ByteReader } from "./byte-reader.ts";
import { accountTag, startsWith } from "./discriminator.ts";

/** Rates of one trade, in bps of the SOL side. */
export interface FeeRates {
  readonly lpBps: bigint;
  readonly protocolBps: bigint;
  readonly creatorBps: bigint;
}

interface FeeTier extends FeeRates {
  /** From this market cap on, in lamports. */
  readonly fromMarketCap: bigint;
}

/** The schedule that pump.fun's fee program keeps for the curve and, apart, for PumpSwap. */
export interface FeeConfig {
  /** For pools that no curve moved to. */
  readonly flat: FeeRates;
  /** For curves and the pools they moved to, quoted in SOL; ascending, never empty. */
  readonly tiers: readonly FeeTier[];
}

const FEE_CONFIG_TAG = accountTag("FeeConfig");
/** Discriminator, bump, admin. */
const FLAT_AT = 8 + 1 + 32;
const TIER_BYTES = 16 + 3 * 8;
/** What the fee program itself allows; a longer list is not one it wrote. */
const TIERS_MAX = 50;

/**
 * The part of a fee schedule that pools in SOL are charged by. What follows the SOL tiers
 * (schedules of other currencies, stale bytes) is not read. `undefined` for bytes that are no
 * such account.
 */
export function decodeFeeConfig(bytes: Uint8Array): FeeConfig | undefined {
  if (!startsWith(bytes, FEE_CONFIG_TAG)) return undefined;
  const reader = new ByteReader(bytes, FLAT_AT);
  const flat = readRates(reader);
  const count = reader.u32();
  if (count === 0 || count > TIERS_MAX || reader.at + count * TIER_BYTES > bytes.length) {
    return undefined;
  }
  const tiers = Array.from({ length: count }, () => ({
    fromMarketCap: reader.u128(),
    ...readRates(reader),
  }));
  return { flat, tiers };
}

function readRates(reader: ByteReader): FeeRates {
  return { lpBps: reader.u64(), protocolBps: reader.u64(), creatorBps: reader.u64() };
}

/** The last tier whose threshold is reached; below the first one the first. */
export function tierAt(config: FeeConfig, marketCap: bigint): FeeRates {
  const first = config.tiers[0] as FeeTier;
  if (marketCap < first.fromMarketCap) return first;
  return config.tiers.findLast((tier) => marketCap >= tier.fromMarketCap) ?? first;
}

/** Every fee is rounded up by itself. */
export function feeOf(amount: bigint, bps: bigint): bigint {
  return mulDivCeil(amount, bps, BPS_ONE);
}

export function totalBps(rates: FeeRates): bigint {
  return rates.lpBps + rates.protocolBps + rates.creatorBps;
}

export interface Fees {
  readonly lp: bigint;
  readonly protocol: bigint;
  readonly creator: bigint;
  readonly total: bigint;
}

export function feesOf(amount: bigint, rates: FeeRates): Fees {
  const lp = feeOf(amount, rates.lpBps);
  const protocol = feeOf(amount, rates.protocolBps);
  const creator = feeOf(amount, rates.creatorBps);
  return { lp, protocol, creator, total: lp + protocol + creator };
}

/**
 * What of a budget reaches the pool's formula: floor(budget * 10000 / (10000 + rates)), less what
 * rounding every fee up takes beyond the budget.
 */
export function netOfBudget(budget: bigint, rates: FeeRates): bigint {
  const net = (budget * BPS_ONE) / (BPS_ONE + totalBps(rates));
  const excess = net + feesOf(net, rates).total - budget;
  return excess > 0n ? net - excess : net;
}
