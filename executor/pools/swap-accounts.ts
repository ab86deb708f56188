import { ByteReader } from "./byte-reader.ts";
import { accountTag, startsWith } from "./discriminator.ts";

/** A PumpSwap pool as the chain has it, every field of every version. */
export interface SwapPoolAccount {
  readonly poolBump: number;
  readonly index: number;
  readonly creator: string;
  readonly baseMint: string;
  readonly quoteMint: string;
  readonly lpMint: string;
  readonly poolBaseTokenAccount: string;
  readonly poolQuoteTokenAccount: string;
  readonly lpSupply: bigint;
  readonly coinCreator: string;
  readonly isMayhemMode: boolean;
  readonly isCashbackCoin: boolean;
  /** Signed: below zero while fees wait in the vault that are not liquidity. */
  readonly virtualQuoteReserves: bigint;
  /** 0 means: as the fee schedule says. */
  readonly creatorFeeBps: bigint;
  readonly canEditCreatorFee: boolean;
  readonly isHolderReward: boolean;
  readonly protocolFees: bigint;
  readonly creatorFees: bigint;
}

/** PumpSwap's settings, one account for all pools. */
export interface SwapGlobalConfig {
  readonly admin: string;
  readonly lpFeeBasisPoints: bigint;
  readonly protocolFeeBasisPoints: bigint;
  /** Bit 3: no buys, bit 4: no sells. */
  readonly disableFlags: number;
  readonly protocolFeeRecipients: readonly string[];
  readonly coinCreatorFeeBasisPoints: bigint;
  readonly adminSetCoinCreatorAuthority: string;
  readonly whitelistPda: string;
  readonly reservedFeeRecipient: string;
  readonly mayhemModeEnabled: boolean;
  readonly reservedFeeRecipients: readonly string[];
  readonly isCashbackEnabled: boolean;
  readonly buybackFeeRecipients: readonly string[];
  readonly buybackBasisPoints: bigint;
  readonly boostAuthority: string;
  readonly boostEnabled: boolean;
  readonly creatorFeeConfigurable: boolean;
  readonly maxConfigurableCreatorFeeBps: bigint;
}

const POOL_TAG = accountTag("Pool");
const GLOBAL_CONFIG_TAG = accountTag("GlobalConfig");
/** Through `lp_supply`; the oldest pools end there. */
const POOL_BYTES_MIN = 211;
/** Through the buyback recipients and their share, without which no trade is accepted. */
const GLOBAL_CONFIG_BYTES_MIN = 907;
const RECIPIENTS = 8;
const OTHER_RESERVED_RECIPIENTS = 7;

export function decodeSwapAccount(bytes: Uint8Array): SwapPoolAccount | undefined {
  if (bytes.length < POOL_BYTES_MIN || !startsWith(bytes, POOL_TAG)) return undefined;
  const reader = new ByteReader(bytes, POOL_TAG.length);
  return {
    poolBump: reader.u8(),
    index: reader.u16(),
    creator: reader.key(),
    baseMint: reader.key(),
    quoteMint: reader.key(),
    lpMint: reader.key(),
    poolBaseTokenAccount: reader.key(),
    poolQuoteTokenAccount: reader.key(),
    lpSupply: reader.u64(),
    coinCreator: reader.key(),
    isMayhemMode: reader.bool(),
    isCashbackCoin: reader.bool(),
    virtualQuoteReserves: reader.i128(),
    creatorFeeBps: reader.u64(),
    canEditCreatorFee: reader.bool(),
    isHolderReward: reader.bool(),
    protocolFees: reader.u64(),
    creatorFees: reader.u64(),
  };
}

export function decodeSwapGlobalConfig(bytes: Uint8Array): SwapGlobalConfig | undefined {
  if (bytes.length < GLOBAL_CONFIG_BYTES_MIN || !startsWith(bytes, GLOBAL_CONFIG_TAG)) {
    return undefined;
  }
  const reader = new ByteReader(bytes, GLOBAL_CONFIG_TAG.length);
  return {
    admin: reader.key(),
    lpFeeBasisPoints: reader.u64(),
    protocolFeeBasisPoints: reader.u64(),
    disableFlags: reader.u8(),
    protocolFeeRecipients: reader.keys(RECIPIENTS),
    coinCreatorFeeBasisPoints: reader.u64(),
    adminSetCoinCreatorAuthority: reader.key(),
    whitelistPda: reader.key(),
    reservedFeeRecipient: reader.key(),
    mayhemModeEnabled: reader.bool(),
    reservedFeeRecipients: reader.keys(OTHER_RESERVED_RECIPIENTS),
    isCashbackEnabled: reader.bool(),
    buybackFeeRecipients: reader.keys(RECIPIENTS),
    buybackBasisPoints: reader.u64(),
    boostAuthority: reader.key(),
    boostEnabled: reader.bool(),
    creatorFeeConfigurable: reader.bool(),
    maxConfigurableCreatorFeeBps: reader.u64(),
  };
}
