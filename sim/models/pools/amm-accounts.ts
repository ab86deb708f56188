import { pubkeyBytes } from "../plain-message.ts";
import { deriveTokenAccount, NATIVE_MINT, TOKEN_PROGRAM } from "../token-accounts.ts";
import { poolAuthority, worldRecipients } from "./pump-accounts.ts";
import { feeConfigAddress } from "./pump-fees.ts";
import { anchorTag, deriveAddress, StateReader, StateWriter, ZERO_KEY } from "./state-bytes.ts";

/** PumpSwap, where a curve goes when it is complete. */
export const AMM_PROGRAM = "pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA";
export const POOL_TAG = anchorTag("account", "Pool");
export const AMM_CONFIG_TAG = anchorTag("account", "GlobalConfig");

export const AMM_CONFIG = deriveAddress(["global_config"], AMM_PROGRAM);
export const AMM_EVENT_AUTHORITY = deriveAddress(["__event_authority"], AMM_PROGRAM);
export const AMM_GLOBAL_VOLUME = deriveAddress(["global_volume_accumulator"], AMM_PROGRAM);
export const AMM_FEE_CONFIG = feeConfigAddress(AMM_PROGRAM);

const POOL_BYTES = 300;
const CANONICAL_INDEX = 0;
const BUYBACK_BPS = 5_000n;

export interface AmmPool {
  creator: string;
  baseMint: string;
  quoteMint: string;
  lpMint: string;
  baseVault: string;
  quoteVault: string;
  lpSupply: bigint;
  coinCreator: string;
  /** Added to what the vault holds; below zero too. */
  virtualQuote: bigint;
  creatorFeeBps: bigint;
}

export interface AmmConfig {
  disableFlags: number;
  protocolRecipients: readonly string[];
  buybackRecipients: readonly string[];
  buybackBps: bigint;
  creatorFeeConfigurable: boolean;
}

/** The pool that a token's curve moves to. */
export function ammPoolAddress(mint: string): string {
  const creator = poolAuthority(mint);
  const keys = [creator, mint, NATIVE_MINT].map(pubkeyBytes);
  return deriveAddress(["pool", Uint8Array.of(CANONICAL_INDEX, 0), ...keys], AMM_PROGRAM);
}

export function poolV2Address(mint: string): string {
  return deriveAddress(["pool-v2", pubkeyBytes(mint)], AMM_PROGRAM);
}

export function coinCreatorVault(creator: string): string {
  return deriveAddress(["creator_vault", pubkeyBytes(creator)], AMM_PROGRAM);
}

export function canonicalPool(
  mint: string,
  tokenProgram: string,
  coinCreator: string,
  virtualQuote = 0n,
): { address: string; pool: AmmPool } {
  const address = ammPoolAddress(mint);
  const pool: AmmPool = {
    creator: poolAuthority(mint),
    baseMint: mint,
    quoteMint: NATIVE_MINT,
    lpMint: deriveAddress(["pool_lp_mint", pubkeyBytes(address)], AMM_PROGRAM),
    baseVault: deriveTokenAccount(address, mint, tokenProgram),
    quoteVault: deriveTokenAccount(address, NATIVE_MINT, TOKEN_PROGRAM),
    lpSupply: 4_193_388_284_000n,
    coinCreator,
    virtualQuote,
    creatorFeeBps: 0n,
  };
  return { address, pool };
}

export function encodeAmmPool(pool: AmmPool): Uint8Array {
  return new StateWriter()
    .raw(POOL_TAG)
    .u8(255)
    .u16(CANONICAL_INDEX)
    .key(pool.creator, pool.baseMint, pool.quoteMint, pool.lpMint, pool.baseVault, pool.quoteVault)
    .u64(pool.lpSupply)
    .key(pool.coinCreator)
    .u8(false)
    .u8(false)
    .u128(pool.virtualQuote)
    .u64(pool.creatorFeeBps)
    .bytes(POOL_BYTES);
}

export function parseAmmPool(bytes: Uint8Array): AmmPool {
  const reader = new StateReader(bytes).skip(3);
  const [creator, baseMint, quoteMint] = [reader.key(), reader.key(), reader.key()];
  const [lpMint, baseVault, quoteVault] = [reader.key(), reader.key(), reader.key()];
  return {
    creator,
    baseMint,
    quoteMint,
    lpMint,
    baseVault,
    quoteVault,
    lpSupply: reader.u64(),
    coinCreator: reader.key(),
    virtualQuote: reader.skip(2).i128(),
    creatorFeeBps: reader.u64(),
  };
}

export function encodeAmmConfig(seed: number, disableFlags = 0): Uint8Array {
  const [reserved = "", ...reservedRest] = worldRecipients(seed, "amm-reserved");
  return new StateWriter()
    .raw(AMM_CONFIG_TAG)
    .key(ZERO_KEY)
    .u64(20n, 5n)
    .u8(disableFlags)
    .key(...worldRecipients(seed, "amm-fees"))
    .u64(5n)
    .key(ZERO_KEY, ZERO_KEY, reserved)
    .u8(true)
    .key(...reservedRest)
    .u8(true)
    .key(...worldRecipients(seed, "amm-buyback"))
    .u64(BUYBACK_BPS)
    .key(ZERO_KEY)
    .u8(true)
    .u8(true)
    .u64(300n)
    .bytes();
}

export function parseAmmConfig(bytes: Uint8Array): AmmConfig {
  const reader = new StateReader(bytes).skip(32 + 16);
  const disableFlags = reader.u8();
  const protocolRecipients = reader.keys(8);
  const buybackRecipients = reader.skip(8 + 32 * 3 + 1 + 32 * 7 + 1).keys(8);
  const buybackBps = reader.u64();
  const creatorFeeConfigurable = reader.skip(32 + 1).bool();
  return {
    disableFlags,
    protocolRecipients,
    buybackRecipients,
    buybackBps,
    creatorFeeConfigurable,
  };
}
