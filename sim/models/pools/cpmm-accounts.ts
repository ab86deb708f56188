import { pubkeyBytes } from "../plain-message.ts";
import { NATIVE_MINT } from "../token-accounts.ts";
import { anchorTag, deriveAddress, StateReader, StateWriter, ZERO_KEY } from "./state-bytes.ts";

/** Raydium's pools for tokens of either program. */
export const CPMM_PROGRAM = "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C";
export const CPMM_POOL_TAG = anchorTag("account", "PoolState");
export const CPMM_CONFIG_TAG = anchorTag("account", "AmmConfig");
export const CPMM_AUTHORITY = deriveAddress(["vault_and_lp_mint_auth_seed"], CPMM_PROGRAM);
const CONFIG_INDEX = Uint8Array.of(0, 0);
export const CPMM_CONFIG = deriveAddress(["amm_config", CONFIG_INDEX], CPMM_PROGRAM);

export const CPMM_POOL_BYTES = 637;
const CPMM_CONFIG_BYTES = 236;
const LP_SUPPLY = 1_000_000_000_000n;

export interface CpmmConfig {
  tradeRate: bigint;
  protocolRate: bigint;
  fundRate: bigint;
  creatorRate: bigint;
}

/** Everything in the order of the two mints. */
export interface CpmmPoolState {
  creator: string;
  vaults: readonly [string, string];
  mints: readonly [string, string];
  programs: readonly [string, string];
  decimals: readonly [number, number];
  observation: string;
  status: number;
  protocolFees: readonly [bigint, bigint];
  fundFees: readonly [bigint, bigint];
  creatorFeeOn: number;
  isCreatorFeeEnabled: boolean;
  creatorFees: readonly [bigint, bigint];
}

export function encodeCpmmConfig(): Uint8Array {
  return new StateWriter()
    .raw(CPMM_CONFIG_TAG)
    .u8(255)
    .u8(false)
    .u16(0)
    .u64(2_500n, 120_000n, 40_000n, 150_000_000n)
    .key(ZERO_KEY, ZERO_KEY)
    .u64(5_000n)
    .bytes(CPMM_CONFIG_BYTES);
}

export function parseCpmmConfig(bytes: Uint8Array): CpmmConfig {
  const reader = new StateReader(bytes).skip(4);
  const [tradeRate, protocolRate, fundRate] = [reader.u64(), reader.u64(), reader.u64()];
  return { tradeRate, protocolRate, fundRate, creatorRate: reader.skip(8 + 64).u64() };
}

/** Mints stand in the order of their bytes. */
export function cpmmMints(mint: string): [string, string] {
  const isFirst = Buffer.compare(pubkeyBytes(mint), pubkeyBytes(NATIVE_MINT)) < 0;
  return isFirst ? [mint, NATIVE_MINT] : [NATIVE_MINT, mint];
}

export function cpmmPoolAddress(mint: string): string {
  const keys = [CPMM_CONFIG, ...cpmmMints(mint)].map(pubkeyBytes);
  return deriveAddress(["pool", ...keys], CPMM_PROGRAM);
}

export function cpmmVault(pool: string, mint: string): string {
  return deriveAddress(["pool_vault", pubkeyBytes(pool), pubkeyBytes(mint)], CPMM_PROGRAM);
}

export function cpmmObservation(pool: string): string {
  return deriveAddress(["observation", pubkeyBytes(pool)], CPMM_PROGRAM);
}

export function encodeCpmmPool(pool: CpmmPoolState): Uint8Array {
  return new StateWriter()
    .raw(CPMM_POOL_TAG)
    .key(CPMM_CONFIG, pool.creator, ...pool.vaults, ZERO_KEY, ...pool.mints, ...pool.programs)
    .key(pool.observation)
    .u8(255)
    .u8(pool.status)
    .u8(9)
    .u8(pool.decimals[0])
    .u8(pool.decimals[1])
    .u64(LP_SUPPLY, ...pool.protocolFees, ...pool.fundFees, 0n, 0n)
    .u8(pool.creatorFeeOn)
    .u8(pool.isCreatorFeeEnabled)
    .raw(new Uint8Array(6))
    .u64(...pool.creatorFees)
    .bytes(CPMM_POOL_BYTES);
}

export function parseCpmmPool(bytes: Uint8Array): CpmmPoolState {
  const reader = new StateReader(bytes).skip(32);
  const creator = reader.key();
  const vaults = [reader.key(), reader.key()] as const;
  const mints = [reader.skip(32).key(), reader.key()] as const;
  const programs = [reader.key(), reader.key()] as const;
  const observation = reader.key();
  const status = reader.skip(1).u8();
  const decimals = [reader.skip(1).u8(), reader.u8()] as const;
  const protocolFees = [reader.skip(8).u64(), reader.u64()] as const;
  const fundFees = [reader.u64(), reader.u64()] as const;
  const creatorFeeOn = reader.skip(16).u8();
  const isCreatorFeeEnabled = reader.bool();
  const creatorFees = [reader.skip(6).u64(), reader.u64()] as const;
  return {
    creator,
    vaults,
    mints,
    programs,
    decimals,
    observation,
    status,
    protocolFees,
    fundFees,
    creatorFeeOn,
    isCreatorFeeEnabled,
    creatorFees,
  };
}

/** What lies in a vault and belongs to somebody else than the liquidity providers. */
export function owedOf(pool: CpmmPoolState, at: 0 | 1): bigint {
  return pool.protocolFees[at] + pool.fundFees[at] + pool.creatorFees[at];
}
