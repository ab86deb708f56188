import {
  decodeBondingCurve,
  decodePumpGlobal,
  type BondingCurve,
  type PumpGlobal,
} from "./bonding-curve.ts";
import type { PoolCommon, PoolQuote, PoolRef, PoolSide } from "./direct-pool.ts";
import { decodeFeeConfig, feesOf, netOfBudget, tierAt, type FeeConfig } from "./fee-config.ts";
import type { FeeRates } from "./fee-config.ts";
import { impactBps } from "./price-impact.ts";
import { namedAddress } from "./program-address.ts";
import { PUMP_FEE_PROGRAM, PUMP_PROGRAM, WSOL_MINT, ZERO_KEY } from "./programs.ts";
import { keyBytes, programAddress } from "./program-address.ts";
import { chooseRecipient } from "./recipient.ts";
import { rememberBytes } from "./remembered.ts";
import { mintSupplyOf } from "./token-bytes.ts";
import { unusable, type PoolUnusable } from "./unusable.ts";

export interface CurvePool extends PoolCommon {
  readonly kind: "pump";
  readonly curve: BondingCurve;
  readonly rates: FeeRates;
  /** Takes the protocol's fee in a v2 trade. */
  readonly feeRecipient: string;
  readonly buybackRecipient: string;
}

export const PUMP_GLOBAL = namedAddress(PUMP_PROGRAM, "global");
export const PUMP_FEE_CONFIG = programAddress(PUMP_FEE_PROGRAM, [
  "fee_config",
  keyBytes(PUMP_PROGRAM),
]);

const ONE_BILLION_SUPPLY = 1_000_000_000_000_000n;

const globalOf = rememberBytes(decodePumpGlobal);
const feeConfigOf = rememberBytes(decodeFeeConfig);

/** The curve, then the two accounts that all curves share. */
export function curveWatch(mint: string): readonly string[] {
  return [namedAddress(PUMP_PROGRAM, "bonding-curve", mint), PUMP_GLOBAL, PUMP_FEE_CONFIG];
}

export function decodeCurvePool(
  ref: PoolRef,
  accounts: ReadonlyMap<string, Uint8Array>,
): CurvePool | PoolUnusable {
  const bytes = accounts.get(ref.address);
  const globalBytes = accounts.get(PUMP_GLOBAL);
  const feeBytes = accounts.get(PUMP_FEE_CONFIG);
  if (bytes === undefined) return unusable("missing", "The curve of this token is not known yet.");
  if (globalBytes === undefined || feeBytes === undefined) {
    return unusable("missing", "The settings of pump.fun are not known yet.");
  }
  const curve = decodeBondingCurve(bytes);
  if (curve === undefined) return unusable("corrupt", "The curve of this token is unreadable.");
  const global = globalOf(globalBytes);
  const feeConfig = feeConfigOf(feeBytes);
  if (global === undefined || feeConfig === undefined) {
    return unusable("corrupt", "The settings of pump.fun are unreadable.");
  }
  return assess(ref, curve, global, feeConfig, supplyOf(curve, accounts.get(ref.mint)));
}

/**
 * The supply that a fee tier is chosen by: fixed, but for a mayhem curve, where it is the mint's
 * own. The mint is not watched for that; where its bytes are at hand they count.
 */
function supplyOf(curve: BondingCurve, mint: Uint8Array | undefined): bigint {
  if (!curve.isMayhemMode) return ONE_BILLION_SUPPLY;
  return (mint && mintSupplyOf(mint)) ?? curve.tokenTotalSupply;
}

function assess(
  ref: PoolRef,
  curve: BondingCurve,
  global: PumpGlobal,
  feeConfig: FeeConfig,
  supply: bigint,
): CurvePool | PoolUnusable {
  if (curve.complete || curve.virtualTokenReserves === 0n) {
    return unusable("complete", "The curve is full and trading moves to PumpSwap.");
  }
  if (curve.quoteMint !== ZERO_KEY && curve.quoteMint !== WSOL_MINT) {
    return unusable("unsupported", "The token trades against something other than SOL.");
  }
  const feeRecipient = chooseRecipient(
    curve.isMayhemMode
      ? [global.reservedFeeRecipient, ...global.reservedFeeRecipients]
      : [global.feeRecipient, ...global.feeRecipients],
    ref.mint,
  );
  const buybackRecipient = chooseRecipient(global.buybackFeeRecipients, ref.mint);
  if (feeRecipient === undefined || buybackRecipient === undefined) {
    return unusable("corrupt", "The settings of pump.fun name nobody to take the fees.");
  }
  return {
    kind: "pump",
    ref,
    curve,
    supply,
    baseReserve: curve.virtualTokenReserves,
    quoteReserve: curve.virtualQuoteReserves,
    rates: ratesOf(curve, global, feeConfig, supply),
    feeRecipient,
    buybackRecipient,
    accountsKey: `${curve.creator} ${feeRecipient} ${buybackRecipient}`,
  };
}

/**
 * The schedule's rates at the curve's market cap; a curve has no providers of liquidity to pay. The
 * token's own creator rate replaces the schedule's while pump.fun allows that, and nobody is paid
 * where there is no creator.
 */
function ratesOf(
  curve: BondingCurve,
  global: PumpGlobal,
  feeConfig: FeeConfig,
  supply: bigint,
): FeeRates {
  const cap = (curve.virtualQuoteReserves * supply) / curve.virtualTokenReserves;
  const tier = tierAt(feeConfig, cap);
  const isOwnRate = global.creatorFeeConfigurable && curve.creatorFeeBps !== 0n;
  const creatorBps = isOwnRate ? curve.creatorFeeBps : tier.creatorBps;
  return {
    lpBps: 0n,
    protocolBps: tier.protocolBps,
    creatorBps: curve.creator === ZERO_KEY ? 0n : creatorBps,
  };
}

export function quoteCurve(pool: CurvePool, side: PoolSide, quantityIn: bigint): PoolQuote {
  return side === "buy" ? quoteBuy(pool, quantityIn) : quoteSell(pool, quantityIn);
}

/**
 * Formula from the program's interface description: what fees leave of the budget, less one
 * lamport, goes into x * vt / (vq + x). Tokens beyond the curve's real reserve do not exist.
 */
function quoteBuy(pool: CurvePool, budget: bigint): PoolQuote {
  const { curve, rates } = pool;
  const net = netOfBudget(budget, rates);
  const into = net - 1n;
  const tokens =
    into <= 0n ? 0n : (into * curve.virtualTokenReserves) / (curve.virtualQuoteReserves + into);
  if (tokens <= curve.realTokenReserves) return priced(pool, "buy", budget, net, into, tokens);
  const rest = curve.realTokenReserves;
  if (rest === 0n) return priced(pool, "buy", 0n, 0n, 0n, 0n);
  const cost = (rest * curve.virtualQuoteReserves) / (curve.virtualTokenReserves - rest) + 1n;
  const used = cost + feesOf(cost, rates).total;
  return priced(pool, "buy", used, cost, cost - 1n, rest);
}

/** What the constant product gives, less every fee; nothing where the fees eat it up. */
function quoteSell(pool: CurvePool, tokens: bigint): PoolQuote {
  const { curve } = pool;
  const gross =
    tokens <= 0n
      ? 0n
      : (tokens * curve.virtualQuoteReserves) / (curve.virtualTokenReserves + tokens);
  return priced(pool, "sell", tokens, gross, tokens, gross);
}

/** `charged` is the SOL side without fees, which every fee is a part of. */
function priced(
  pool: CurvePool,
  side: PoolSide,
  used: bigint,
  charged: bigint,
  into: bigint,
  out: bigint,
): PoolQuote {
  const { total, ...feeParts } = feesOf(charged > 0n ? charged : 0n, pool.rates);
  const received = side === "buy" ? out : out - total;
  const isBuy = side === "buy";
  return {
    quantityInUsed: used,
    quantityOut: received > 0n ? received : 0n,
    feeLamports: total,
    feeParts,
    priceImpactBps: impactBps({
      netIn: into,
      quantityOut: out,
      reserveIn: isBuy ? pool.quoteReserve : pool.baseReserve,
      reserveOut: isBuy ? pool.baseReserve : pool.quoteReserve,
    }),
  };
}
