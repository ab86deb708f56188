import { PUMP_AMM_SDK, buyQuoteInput, sellBaseInput } from "@pump-fun/pump-swap-sdk";
import {
  PUMP_SDK,
  getBuySolAmountFromTokenAmount,
  getBuyTokenAmountFromSolAmount,
  getSellSolAmountFromTokenAmount,
} from "@pump-fun/pump-sdk";
import { PublicKey } from "@solana/web3.js";
import { PUMP_FEE_CONFIG, PUMP_GLOBAL, type CurvePool } from "./curve-pool.ts";
import { decodePool, type DirectPool } from "./direct-pool.ts";
import {
  curveState,
  swapState,
  type CurveCase,
  type PoolState,
  type SwapCase,
} from "./pool-cases-fixture.ts";
import { SWAP_FEE_CONFIG, type SwapPool } from "./swap-pool.ts";
import { isUnusable } from "./unusable.ts";

/** The makers' own quotes for a generated state, from the very bytes that ours are made of. */
export function info(state: PoolState, address: string) {
  const data = Buffer.from(state.accounts.get(address) ?? []);
  return { data, executable: false, lamports: 1, owner: PublicKey.default };
}

/** A number of theirs, by a decoder of theirs: their big numbers cannot be imported from here. */
export function theirNumber(value: bigint) {
  const data = Buffer.alloc(125);
  data.set([0x17, 0xb7, 0xf8, 0x37, 0x60, 0xd8, 0xac, 0x60]);
  data.writeBigUInt64LE(value, 8);
  const owner = PublicKey.default;
  const curve = PUMP_SDK.decodeBondingCurve({ data, executable: false, lamports: 1, owner });
  return curve.virtualTokenReserves;
}

const ours = (value: { toString(): string }): bigint => BigInt(value.toString());

export function decodedCase<K extends DirectPool["kind"]>(
  state: PoolState,
  kind: K,
): Extract<DirectPool, { kind: K }> {
  const pool = decodePool(state.ref, state.accounts);
  if (isUnusable(pool)) throw new TypeError(`expected a usable pool, was ${pool.reason}`);
  if (!isKind(pool, kind)) throw new TypeError(`expected a ${kind} pool, was ${pool.kind}`);
  return pool;
}

function isKind<K extends DirectPool["kind"]>(
  pool: DirectPool,
  kind: K,
): pool is Extract<DirectPool, { kind: K }> {
  return pool.kind === kind;
}

/**
 * Settings decoded by them, once: of all their fields a quote reads the supply, which is the same
 * in every state, and whether tokens may have their own creator rate, which callers set.
 */
const globalOf = once((state: PoolState) => PUMP_SDK.decodeGlobal(info(state, PUMP_GLOBAL)));
const configOf = once(() => PUMP_AMM_SDK.decodeGlobalConfig(emptyGlobalConfig()));

function once<A extends unknown[], T>(make: (...args: A) => T): (...args: A) => T {
  let made: { value: T } | undefined;
  return (...args) => (made ??= { value: make(...args) }).value;
}

export interface CurveOracle {
  pool: CurvePool;
  /** pump-swap-sdk's exact-in formula on the curve's reserves; without the cap of the curve. */
  buyByFormula: bigint;
  /** pump-sdk's, which rounds in other places. */
  buyBySdk: bigint;
  /** Cost of everything the curve has left. */
  costOfRest: bigint;
  sell: bigint;
}

export function askCurveOracles(one: CurveCase): CurveOracle {
  const state = curveState(one);
  const pool = decodedCase(state, "pump");
  const bondingCurve = PUMP_SDK.decodeBondingCurve(info(state, state.ref.address));
  const global = { ...globalOf(state), creatorFeeConfigurable: one.creatorFeeConfigurable };
  const feeConfig = PUMP_SDK.decodeFeeConfig(info(state, PUMP_FEE_CONFIG));
  const mintSupply = one.isMayhemMode ? bondingCurve.tokenTotalSupply : global.tokenTotalSupply;
  const shared = { global, feeConfig, mintSupply, bondingCurve };
  const amount = theirNumber(one.amount);
  const quoteMint = PublicKey.default;
  return {
    pool,
    buyByFormula: formulaBuy(pool, one),
    buyBySdk: ours(getBuyTokenAmountFromSolAmount({ ...shared, amount, quoteMint })),
    costOfRest: ours(
      getBuySolAmountFromTokenAmount({
        ...shared,
        amount: bondingCurve.realTokenReserves,
        quoteMint,
      }),
    ),
    sell: ours(getSellSolAmountFromTokenAmount({ ...shared, amount })),
  };
}

/**
 * The curve's exact-in buy is described with the formula that PumpSwap's library computes, so that
 * library is asked: with the curve's reserves, and its rates as the only ones.
 */
function formulaBuy(pool: CurvePool, one: CurveCase): bigint {
  const zero = theirNumber(0n);
  const fees = {
    lpFeeBps: zero,
    protocolFeeBps: theirNumber(pool.rates.protocolBps),
    creatorFeeBps: theirNumber(pool.rates.creatorBps),
  };
  const globalConfig = configOf();
  const result = buyQuoteInput({
    quote: theirNumber(one.amount),
    slippage: 0,
    baseReserve: theirNumber(one.virtualToken),
    quoteReserve: theirNumber(one.virtualQuote),
    globalConfig,
    baseMintAccount: mintAccount(0n),
    baseMint: PublicKey.default,
    coinCreator: SOMEBODY,
    creator: SOMEBODY,
    feeConfig: {
      admin: PublicKey.default,
      flatFees: fees,
      feeTiers: [],
      stableFeeTiers: [],
      exoticFlatFees: fees,
    },
  });
  const tokens = ours(result.base);
  return tokens > 0n ? tokens : 0n;
}

const SOMEBODY = new PublicKey(new Uint8Array(32).fill(1));

function emptyGlobalConfig() {
  const data = Buffer.alloc(949);
  data.set([0x95, 0x08, 0x9c, 0xca, 0xa0, 0xfc, 0xb0, 0xd9]);
  return { data, executable: false, lamports: 1, owner: PublicKey.default };
}

export function mintAccount(supply: bigint) {
  return {
    mintAuthorityOption: 0 as const,
    mintAuthority: PublicKey.default,
    supply,
    decimals: 6,
    isInitialized: true,
    freezeAuthorityOption: 0 as const,
    freezeAuthority: PublicKey.default,
  };
}

export interface SwapOracle {
  pool: SwapPool;
  buy: bigint;
  sell: bigint;
}

export function askSwapOracles(one: SwapCase): SwapOracle {
  const state = swapState(one);
  const account = PUMP_AMM_SDK.decodePool(info(state, one.poolKey));
  const shared = {
    slippage: 0,
    baseReserve: theirNumber(one.base),
    quoteReserve: theirNumber(one.quote),
    virtualQuoteReserves: account.virtualQuoteReserves,
    globalConfig: { ...configOf(), creatorFeeConfigurable: one.creatorFeeConfigurable },
    baseMintAccount: mintAccount(one.supply),
    baseMint: account.baseMint,
    coinCreator: account.coinCreator,
    creator: account.creator,
    feeConfig: PUMP_AMM_SDK.decodeFeeConfig(info(state, SWAP_FEE_CONFIG)),
    quoteMint: account.quoteMint,
    isMayhemMode: account.isMayhemMode,
    creatorFeeBps: account.creatorFeeBps,
  };
  const amount = theirNumber(one.amount);
  return {
    pool: decodedCase(state, "pumpswap"),
    buy: orRefused(() => ours(buyQuoteInput({ ...shared, quote: amount }).base)),
    sell: orRefused(() => ours(sellBaseInput({ ...shared, base: amount }).uiQuote)),
  };
}

/** 0 where nothing comes out, and where their library throws what the program would refuse. */
function orRefused(quote: () => bigint): bigint {
  try {
    const out = quote();
    return out > 0n ? out : 0n;
  } catch (error) {
    const refusals = /Insufficient real quote|final quote is negative/;
    if (error instanceof Error && refusals.test(error.message)) return 0n;
    throw error;
  }
}
