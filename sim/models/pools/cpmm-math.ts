import type { CpmmConfig, CpmmPoolState } from "./cpmm-accounts.ts";

const ONE = 1_000_000n;

export interface CpmmTrade {
  netIn: bigint;
  tradeFee: bigint;
  protocolFee: bigint;
  fundFee: bigint;
  creatorFee: bigint;
  isCreatorFeeOnInput: boolean;
  /** What the formula gives, and what of it leaves the vault for the trader. */
  grossOut: bigint;
  out: bigint;
}

/** Undefined where the program's own division fails: no rate at all, or nothing left. */
export function computeCpmmTrade(
  pool: CpmmPoolState,
  config: CpmmConfig,
  inAt: 0 | 1,
  quantityIn: bigint,
  reserves: { in: bigint; out: bigint },
): CpmmTrade | undefined {
  const creatorRate = pool.isCreatorFeeEnabled ? config.creatorRate : 0n;
  const isCreatorFeeOnInput = pool.creatorFeeOn === 0 || pool.creatorFeeOn - 1 === inAt;
  const split = isCreatorFeeOnInput
    ? splitInputFee(quantityIn, config.tradeRate, creatorRate)
    : { tradeFee: ceilShare(quantityIn, config.tradeRate), creatorFee: 0n };
  if (split === undefined) return undefined;
  const { tradeFee } = split;
  const netIn = quantityIn - tradeFee - split.creatorFee;
  if (netIn < 0n) return undefined;
  const grossOut = (netIn * reserves.out) / (reserves.in + netIn);
  const creatorFee = isCreatorFeeOnInput ? split.creatorFee : ceilShare(grossOut, creatorRate);
  return {
    netIn,
    tradeFee,
    protocolFee: (tradeFee * config.protocolRate) / ONE,
    fundFee: (tradeFee * config.fundRate) / ONE,
    creatorFee,
    isCreatorFeeOnInput,
    grossOut,
    out: isCreatorFeeOnInput ? grossOut : grossOut - creatorFee,
  };
}

/** The pool's account after a trade: only what is owed changes, the reserves lie in the vaults. */
export function cpmmAfter(pool: CpmmPoolState, inAt: 0 | 1, trade: CpmmTrade): CpmmPoolState {
  const creatorAt = trade.isCreatorFeeOnInput ? inAt : inAt === 0 ? 1 : 0;
  return {
    ...pool,
    protocolFees: added(pool.protocolFees, inAt, trade.protocolFee),
    fundFees: added(pool.fundFees, inAt, trade.fundFee),
    creatorFees: added(pool.creatorFees, creatorAt, trade.creatorFee),
  };
}

function splitInputFee(quantityIn: bigint, tradeRate: bigint, creatorRate: bigint) {
  const rate = tradeRate + creatorRate;
  if (rate === 0n) return undefined;
  const total = ceilShare(quantityIn, rate);
  const creatorFee = (total * creatorRate) / rate;
  return { tradeFee: total - creatorFee, creatorFee };
}

function ceilShare(quantity: bigint, rate: bigint): bigint {
  return (quantity * rate + ONE - 1n) / ONE;
}

function added(pair: readonly [bigint, bigint], at: 0 | 1, more: bigint): [bigint, bigint] {
  return at === 0 ? [pair[0] + more, pair[1]] : [pair[0], pair[1] + more];
}
