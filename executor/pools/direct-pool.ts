import { priceE9Of } from "@raptor/shared/values/money.ts";
import { curveInstruction } from "./curve-instruction.ts";
import { curveWatch, decodeCurvePool, quoteCurve, type CurvePool } from "./curve-pool.ts";
import {
  cpmmInstruction,
  type CpmmPool,
  cpmmRefFromAccount,
  decodeCpmmPool,
  quoteCpmm,
} from "./raydium-cpmm.ts";
import {
  decodeV4Pool,
  quoteV4,
  v4Instruction,
  type V4Pool,
  v4RefFromAccount,
} from "./raydium-v4.ts";
import { swapInstruction } from "./swap-instruction.ts";
import {
  canonicalSwapRef,
  decodeSwapPool,
  quoteSwap,
  swapRefFromAccount,
  type SwapPool,
} from "./swap-pool.ts";
import { unusable, type PoolUnusable } from "./unusable.ts";

export { isUnusable, unusable, type PoolUnusable, type UnusableCause } from "./unusable.ts";

/**
 * The face of every pool that is traded without an aggregator. Pure: bytes of accounts in, amounts
 * and instructions out. Amounts are lamports on the SOL side and base units on the token side.
 */
export type PoolKind = "pump" | "pumpswap" | "raydium-cpmm" | "raydium-v4";

/** Where a pool is and what has to be read to know its state. */
export interface PoolRef {
  readonly kind: PoolKind;
  /** The token that is traded against SOL. */
  readonly mint: string;
  /** The account that is the pool: the curve for pump, else the pool account. */
  readonly address: string;
  /** The program that owns `mint`; it decides every associated account of the token. */
  readonly tokenProgram: string;
  /** Accounts whose bytes `decodePool` takes, the pool itself first. */
  readonly watch: readonly string[];
}

export type PoolSide = "buy" | "sell";

export type DirectPool = CurvePool | SwapPool | CpmmPool | V4Pool;

/** What every decoded pool tells, whatever its program. */
export interface PoolCommon {
  readonly ref: PoolRef;
  /** Reserves the program prices with, virtual parts included. */
  readonly baseReserve: bigint;
  readonly quoteReserve: bigint;
  /** Supply that the market cap is counted with. */
  readonly supply: bigint;
  /**
   * Changes exactly when the account list of an instruction for the same wallet would change: a
   * prepared transaction may be patched while it stays equal and must be built anew otherwise.
   */
  readonly accountsKey: string;
}

export interface PoolFeeParts {
  readonly lp: bigint;
  readonly protocol: bigint;
  readonly creator: bigint;
}

export interface PoolQuote {
  /**
   * What the pool takes of `quantityIn`; less only where a buy would empty the curve. Such a buy is
   * to be sent with this amount, which fits whether the program stops at the end or refuses.
   */
  readonly quantityInUsed: bigint;
  /** 0 where the program would refuse the trade: nothing may be sent on such a quote. */
  readonly quantityOut: bigint;
  /** Sum of `feeParts`; a fee that is taken in tokens is valued at the price of this trade. */
  readonly feeLamports: bigint;
  readonly feeParts: PoolFeeParts;
  /** How far the trade itself moves its price away from the spot price, without fees. */
  readonly priceImpactBps: number;
}

export interface PoolOrder {
  readonly wallet: string;
  readonly side: PoolSide;
  readonly quantityIn: bigint;
  readonly quantityOutMin: bigint;
}

export interface PoolAccountMeta {
  readonly pubkey: string;
  readonly isSigner: boolean;
  readonly isWritable: boolean;
}

/** An associated token account of the wallet that has to exist when the instruction runs. */
export interface NeededAccount {
  readonly address: string;
  readonly mint: string;
  readonly tokenProgram: string;
  /** `wrapped-sol`: hold `quantityIn` before a buy; close after either side to get SOL back. */
  readonly use: "token" | "wrapped-sol";
}

export interface PoolInstruction {
  readonly programId: string;
  readonly accounts: readonly PoolAccountMeta[];
  readonly data: Uint8Array;
  readonly needs: readonly NeededAccount[];
  /** Where the two u64 (little endian) stand in `data`, for patching them in place. */
  readonly quantityInAt: number;
  readonly quantityOutMinAt: number;
}

export interface RawInstruction {
  readonly programId: string;
  readonly accounts: readonly PoolAccountMeta[];
  readonly data: Uint8Array;
}

/** The bonding curve of a mint that pump.fun created. */
export function curveRef(mint: string, tokenProgram: string): PoolRef {
  const watch = curveWatch(mint);
  return { kind: "pump", mint, address: watch[0] as string, tokenProgram, watch };
}

/** The PumpSwap pool that a pump.fun curve moves to when it is complete. */
export function migratedRef(mint: string, tokenProgram: string): PoolRef {
  return canonicalSwapRef(mint, tokenProgram);
}

/**
 * The ref of a pool found on chain, from the bytes of its own account: `bytes` must be those of
 * `address`. `mint`'s token program is not in them and has to be known.
 */
export function refFromAccount(
  kind: PoolKind,
  address: string,
  bytes: Uint8Array,
  tokenProgram: string,
): PoolRef | PoolUnusable {
  switch (kind) {
    case "pumpswap":
      return swapRefFromAccount(address, bytes, tokenProgram);
    case "pump":
      return unusable("unsupported", "A curve does not name its token; it is found by the token.");
    case "raydium-cpmm":
      return cpmmRefFromAccount(address, bytes, tokenProgram);
    case "raydium-v4":
      return v4RefFromAccount(address, bytes, tokenProgram);
  }
}

/** Reads a pool from the bytes of its watched accounts, by address. */
export function decodePool(
  ref: PoolRef,
  accounts: ReadonlyMap<string, Uint8Array>,
): DirectPool | PoolUnusable {
  switch (ref.kind) {
    case "pump":
      return decodeCurvePool(ref, accounts);
    case "pumpswap":
      return decodeSwapPool(ref, accounts);
    case "raydium-cpmm":
      return decodeCpmmPool(ref, accounts);
    case "raydium-v4":
      return decodeV4Pool(ref, accounts);
  }
}

/** Exact in: lamports for a buy, base units for a sell, as the program itself computes it. */
export function quotePool(pool: DirectPool, side: PoolSide, quantityIn: bigint): PoolQuote {
  switch (pool.kind) {
    case "pump":
      return quoteCurve(pool, side, quantityIn);
    case "pumpswap":
      return quoteSwap(pool, side, quantityIn);
    case "raydium-cpmm":
      return quoteCpmm(pool, side, quantityIn);
    case "raydium-v4":
      return quoteV4(pool, side, quantityIn);
  }
}

export function poolInstruction(pool: DirectPool, order: PoolOrder): PoolInstruction {
  switch (pool.kind) {
    case "pump":
      return curveInstruction(pool, order);
    case "pumpswap":
      return swapInstruction(pool, order);
    case "raydium-cpmm":
      return cpmmInstruction(pool, order);
    case "raydium-v4":
      return v4Instruction(pool, order);
  }
}

/** Lamports per whole token times 1e9, rounded down, as `priceE9` is everywhere. */
export function spotPriceE9(pool: PoolCommon, decimals: number): bigint {
  return priceE9Of(pool.quoteReserve, pool.baseReserve, decimals);
}

export function marketCapLamports(pool: PoolCommon): bigint {
  return pool.baseReserve === 0n ? 0n : (pool.quoteReserve * pool.supply) / pool.baseReserve;
}
