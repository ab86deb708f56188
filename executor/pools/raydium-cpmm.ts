import { ByteReader } from "./byte-reader.ts";
import type { PoolCommon, PoolInstruction, PoolOrder, PoolQuote, PoolRef } from "./direct-pool.ts";
import type { PoolSide } from "./direct-pool.ts";
import { accountTag, instructionTag, startsWith } from "./discriminator.ts";
import {
  FIRST_AMOUNT_AT,
  SECOND_AMOUNT_AT,
  readOnly,
  signing,
  tradeData,
  writable,
} from "./instruction-data.ts";
import { impactBps } from "./price-impact.ts";
import { namedAddress, tokenAccountOf } from "./program-address.ts";
import { RAYDIUM_CPMM_PROGRAM, TOKEN_PROGRAM, WSOL_MINT } from "./programs.ts";
import { rememberBytes } from "./remembered.ts";
import { mintSupplyOf, tokenBalanceOf } from "./token-bytes.ts";
import { hasTransferFee } from "./transfer-fee.ts";
import { unusable, type PoolUnusable } from "./unusable.ts";

/** The pool's account, tokens in the order of their mints. */
export interface CpmmState {
  readonly config: string;
  readonly vaults: readonly [string, string];
  readonly mints: readonly [string, string];
  readonly programs: readonly [string, string];
  readonly observation: string;
  readonly status: number;
  /** Earned by protocol, fund and creator, still in the vaults and no part of the reserves. */
  readonly owed: readonly [bigint, bigint];
  /** 0: on what comes in; 1 and 2: always on the first or the second token. */
  readonly creatorFeeOn: number;
  readonly isCreatorFeeEnabled: boolean;
}

/** Rates in millionths. */
export interface CpmmRates {
  readonly trade: bigint;
  /** Of the trade fee. */
  readonly protocol: bigint;
  /** Of the trade fee. */
  readonly fund: bigint;
  readonly creator: bigint;
}

export interface CpmmPool extends PoolCommon {
  readonly kind: "raydium-cpmm";
  readonly state: CpmmState;
  readonly rates: CpmmRates;
  /** Which of the two tokens is SOL. */
  readonly solAt: 0 | 1;
}

const POOL_TAG = accountTag("PoolState");
const CONFIG_TAG = accountTag("AmmConfig");
const SWAP = instructionTag("swap_base_input");
const AUTHORITY = namedAddress(RAYDIUM_CPMM_PROGRAM, "vault_and_lp_mint_auth_seed");
/** Through the fund's fees; what came later reads as zero where it is not there. */
const POOL_BYTES_MIN = 373;
const CONFIG_BYTES_MIN = 36;
const SWAP_DISABLED = 1 << 2;
const RATE_ONE = 1_000_000n;

const ratesOf = rememberBytes(decodeCpmmRates);

/** Offsets as the program packs them: nothing is aligned. */
export function decodeCpmmState(bytes: Uint8Array): CpmmState | undefined {
  if (bytes.length < POOL_BYTES_MIN || !startsWith(bytes, POOL_TAG)) return undefined;
  const reader = new ByteReader(bytes, POOL_TAG.length);
  const config = reader.key();
  reader.skip(32);
  const vaults = [reader.key(), reader.key()] as const;
  reader.skip(32);
  const mints = [reader.key(), reader.key()] as const;
  const programs = [reader.key(), reader.key()] as const;
  const observation = reader.key();
  reader.skip(1);
  const status = reader.u8();
  reader.skip(3 + 8);
  const protocol = [reader.u64(), reader.u64()] as const;
  const fund = [reader.u64(), reader.u64()] as const;
  reader.skip(16);
  const creatorFeeOn = reader.u8();
  const isCreatorFeeEnabled = reader.bool();
  reader.skip(6);
  const creator = [reader.u64(), reader.u64()] as const;
  const owed = [protocol[0] + fund[0] + creator[0], protocol[1] + fund[1] + creator[1]] as const;
  return {
    config,
    vaults,
    mints,
    programs,
    observation,
    status,
    owed,
    creatorFeeOn,
    isCreatorFeeEnabled,
  };
}

/** The fees of a class of pools, one account for all of them. */
export function decodeCpmmRates(bytes: Uint8Array): CpmmRates | undefined {
  if (bytes.length < CONFIG_BYTES_MIN || !startsWith(bytes, CONFIG_TAG)) return undefined;
  const reader = new ByteReader(bytes, CONFIG_TAG.length);
  reader.skip(4);
  const [trade, protocol, fund] = [reader.u64(), reader.u64(), reader.u64()];
  reader.skip(8 + 64);
  return { trade, protocol, fund, creator: reader.u64() };
}

export function cpmmRefFromAccount(
  address: string,
  bytes: Uint8Array,
  tokenProgram: string,
): PoolRef | PoolUnusable {
  const state = decodeCpmmState(bytes);
  if (state === undefined) return unusable("corrupt", "This is no readable Raydium pool.");
  const solAt = state.mints.indexOf(WSOL_MINT);
  const mint = state.mints[solAt === 0 ? 1 : 0];
  if (solAt === -1) {
    return unusable("unsupported", "The pool trades against something other than SOL.");
  }
  const watch = [address, ...state.vaults, state.config, mint];
  return { kind: "raydium-cpmm", mint, address, tokenProgram, watch };
}

export function decodeCpmmPool(
  ref: PoolRef,
  accounts: ReadonlyMap<string, Uint8Array>,
): CpmmPool | PoolUnusable {
  const found = ref.watch.map((address) => accounts.get(address));
  const [poolBytes, firstBytes, secondBytes, configBytes, mintBytes] = found;
  if (poolBytes === undefined) return unusable("missing", "The Raydium pool is not known yet.");
  if (firstBytes === undefined || secondBytes === undefined || mintBytes === undefined) {
    return unusable("missing", "What the Raydium pool holds is not known yet.");
  }
  if (configBytes === undefined) {
    return unusable("missing", "The fees of the Raydium pool are not known yet.");
  }
  const state = decodeCpmmState(poolBytes);
  const rates = ratesOf(configBytes);
  const held = [tokenBalanceOf(firstBytes), tokenBalanceOf(secondBytes)] as const;
  const supply = mintSupplyOf(mintBytes);
  const isReadable = held[0] !== undefined && held[1] !== undefined && supply !== undefined;
  if (state === undefined || rates === undefined || !isReadable) {
    return unusable("corrupt", "The Raydium pool is unreadable.");
  }
  const refused = refuse(ref, state, mintBytes);
  if (refused !== undefined) return refused;
  const solAt = state.mints[0] === WSOL_MINT ? 0 : 1;
  const reserves = [held[0] - state.owed[0], held[1] - state.owed[1]] as const;
  if (reserves[0] <= 0n || reserves[1] <= 0n) {
    return unusable("disabled", "The Raydium pool is empty.");
  }
  return {
    kind: "raydium-cpmm",
    ref,
    state,
    rates: state.isCreatorFeeEnabled ? rates : { ...rates, creator: 0n },
    solAt,
    supply,
    baseReserve: solAt === 0 ? reserves[1] : reserves[0],
    quoteReserve: reserves[solAt],
    accountsKey: `${state.config} ${state.observation}`,
  };
}

function refuse(ref: PoolRef, state: CpmmState, mintBytes: Uint8Array): PoolUnusable | undefined {
  const at = state.mints.indexOf(ref.mint);
  if (!state.mints.includes(WSOL_MINT)) {
    return unusable("unsupported", "The pool trades against something other than SOL.");
  }
  const isOwn =
    at !== -1 &&
    ref.watch[1] === state.vaults[0] &&
    ref.watch[2] === state.vaults[1] &&
    ref.watch[3] === state.config &&
    state.programs[at] === ref.tokenProgram;
  if (!isOwn) return unusable("corrupt", "The Raydium pool is not that of this token.");
  if (hasTransferFee(mintBytes)) {
    return unusable("unsupported", "The token keeps a part of every transfer for its creator.");
  }
  const isOff = (state.status & SWAP_DISABLED) !== 0;
  return isOff ? unusable("disabled", "The Raydium pool accepts no trades.") : undefined;
}

/** What one swap does, in units of what goes in unless it says otherwise. */
interface CpmmSwap {
  readonly netIn: bigint;
  readonly tradeFee: bigint;
  /** In units of the output where the creator earns on that side. */
  readonly creatorFee: bigint;
  readonly isCreatorOnInput: boolean;
  /** Before the creator's part. */
  readonly grossOut: bigint;
}

/** As the program computes it: fees rounded up, the output down. */
export function swapCpmm(pool: CpmmPool, side: PoolSide, quantityIn: bigint): CpmmSwap {
  const { rates, state, solAt } = pool;
  const inAt = side === "buy" ? solAt : 1 - solAt;
  const isCreatorOnInput = state.creatorFeeOn === 0 || state.creatorFeeOn === inAt + 1;
  const rate = isCreatorOnInput ? rates.trade + rates.creator : rates.trade;
  const fee = (quantityIn * rate + RATE_ONE - 1n) / RATE_ONE;
  const creatorIn = isCreatorOnInput && rate > 0n ? (fee * rates.creator) / rate : 0n;
  const netIn = quantityIn - fee;
  const [reserveIn, reserveOut] =
    side === "buy" ? [pool.quoteReserve, pool.baseReserve] : [pool.baseReserve, pool.quoteReserve];
  const grossOut = netIn <= 0n ? 0n : (netIn * reserveOut) / (reserveIn + netIn);
  const creatorOut = (grossOut * rates.creator + RATE_ONE - 1n) / RATE_ONE;
  const creatorFee = isCreatorOnInput ? creatorIn : creatorOut;
  return { netIn, tradeFee: fee - creatorIn, creatorFee, isCreatorOnInput, grossOut };
}

export function quoteCpmm(pool: CpmmPool, side: PoolSide, quantityIn: bigint): PoolQuote {
  const swap = swapCpmm(pool, side, quantityIn);
  const { rates } = pool;
  const isBuy = side === "buy";
  // The program divides by the sum of these two rates and stops where that is nothing.
  const isBroken = swap.isCreatorOnInput && rates.trade + rates.creator === 0n;
  const out = swap.isCreatorOnInput ? swap.grossOut : swap.grossOut - swap.creatorFee;
  const toSol = (fee: bigint, isInput: boolean) =>
    isBuy === isInput ? fee : atTradePrice(fee, swap, isBuy);
  const others = (rate: bigint) => (swap.tradeFee * rate) / RATE_ONE;
  const protocol = toSol(others(rates.protocol) + others(rates.fund), true);
  const lp = toSol(swap.tradeFee, true) - protocol;
  const creator = toSol(swap.creatorFee, swap.isCreatorOnInput);
  return {
    quantityInUsed: quantityIn,
    quantityOut: isBroken || out < 0n ? 0n : out,
    feeLamports: lp + protocol + creator,
    feeParts: { lp, protocol, creator },
    priceImpactBps: impactBps({
      netIn: swap.netIn,
      quantityOut: swap.grossOut,
      reserveIn: isBuy ? pool.quoteReserve : pool.baseReserve,
      reserveOut: isBuy ? pool.baseReserve : pool.quoteReserve,
    }),
  };
}

/** Lamports that tokens are worth at the price of this very swap. */
function atTradePrice(tokens: bigint, { netIn, grossOut }: CpmmSwap, isBuy: boolean): bigint {
  const [lamports, traded] = isBuy ? [netIn, grossOut] : [grossOut, netIn];
  return traded <= 0n ? 0n : (tokens * lamports) / traded;
}

export function cpmmInstruction(pool: CpmmPool, order: PoolOrder): PoolInstruction {
  const { state, ref, solAt } = pool;
  const { wallet, quantityIn, quantityOutMin } = order;
  const inAt = (order.side === "buy") === (solAt === 0) ? 0 : 1;
  const outAt = inAt === 0 ? 1 : 0;
  const tokens = tokenAccountOf(wallet, ref.mint, ref.tokenProgram);
  const wrapped = tokenAccountOf(wallet, WSOL_MINT, TOKEN_PROGRAM);
  const [source, target] = order.side === "buy" ? [wrapped, tokens] : [tokens, wrapped];
  return {
    programId: RAYDIUM_CPMM_PROGRAM,
    accounts: [
      signing(wallet),
      readOnly(AUTHORITY),
      readOnly(state.config),
      writable(ref.address),
      writable(source),
      writable(target),
      writable(state.vaults[inAt]),
      writable(state.vaults[outAt]),
      readOnly(state.programs[inAt]),
      readOnly(state.programs[outAt]),
      readOnly(state.mints[inAt]),
      readOnly(state.mints[outAt]),
      writable(state.observation),
    ],
    data: tradeData(SWAP, quantityIn, quantityOutMin),
    quantityInAt: FIRST_AMOUNT_AT,
    quantityOutMinAt: SECOND_AMOUNT_AT,
    needs: [
      { address: tokens, mint: ref.mint, tokenProgram: ref.tokenProgram, use: "token" },
      { address: wrapped, mint: WSOL_MINT, tokenProgram: TOKEN_PROGRAM, use: "wrapped-sol" },
    ],
  };
}
