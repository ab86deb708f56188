import { ByteReader } from "./byte-reader.ts";
import { accountTag, startsWith } from "./discriminator.ts";

/** pump.fun's curve account as the chain has it, every field of every version. */
export interface BondingCurve {
  readonly virtualTokenReserves: bigint;
  readonly virtualQuoteReserves: bigint;
  readonly realTokenReserves: bigint;
  readonly realQuoteReserves: bigint;
  readonly tokenTotalSupply: bigint;
  readonly complete: boolean;
  readonly creator: string;
  readonly isMayhemMode: boolean;
  readonly isCashbackCoin: boolean;
  /** All zero for SOL. */
  readonly quoteMint: string;
  /** 0 means: as the fee schedule says. */
  readonly creatorFeeBps: bigint;
  readonly canEditCreatorFee: boolean;
  readonly isHolderReward: boolean;
  /** Fees that trades left on the curve until they are swept. */
  readonly creatorFee: bigint;
  readonly protocolFees: bigint;
  readonly depth: number;
  readonly initialVirtualQuoteReserves: bigint;
  /** What the buy that filled the curve took and paid beyond it. */
  readonly postCompleteBaseOut: bigint;
  readonly postCompleteQuoteIn: bigint;
}

const BONDING_CURVE_TAG = accountTag("BondingCurve");
const GLOBAL_TAG = accountTag("Global");
/** The shortest curve ever written ends with `complete`. */
export const BONDING_CURVE_BYTES_MIN = 49;
/** Through `creator_fee_basis_points` and the fee recipients: what a trade cannot do without. */
export const GLOBAL_BYTES_MIN = 8 + 1 + 32 + 32 + 5 * 8 + 32 + 1 + 8 + 8 + 7 * 32;
const OTHER_FEE_RECIPIENTS = 7;
const BUYBACK_RECIPIENTS = 8;

/** `undefined` for bytes that are no curve; what an older, shorter curve lacks reads as zero. */
export function decodeBondingCurve(bytes: Uint8Array): BondingCurve | undefined {
  if (bytes.length < BONDING_CURVE_BYTES_MIN || !startsWith(bytes, BONDING_CURVE_TAG)) {
    return undefined;
  }
  const reader = new ByteReader(bytes, BONDING_CURVE_TAG.length);
  return {
    virtualTokenReserves: reader.u64(),
    virtualQuoteReserves: reader.u64(),
    realTokenReserves: reader.u64(),
    realQuoteReserves: reader.u64(),
    tokenTotalSupply: reader.u64(),
    complete: reader.bool(),
    creator: reader.key(),
    isMayhemMode: reader.bool(),
    isCashbackCoin: reader.bool(),
    quoteMint: reader.key(),
    creatorFeeBps: reader.u64(),
    canEditCreatorFee: reader.bool(),
    isHolderReward: reader.bool(),
    creatorFee: reader.u64(),
    protocolFees: reader.u64(),
    depth: reader.u8(),
    initialVirtualQuoteReserves: reader.u64(),
    postCompleteBaseOut: reader.u64(),
    postCompleteQuoteIn: reader.u64(),
  };
}

/** pump.fun's settings, one account for all curves. */
export interface PumpGlobal {
  readonly initialized: boolean;
  readonly authority: string;
  readonly feeRecipient: string;
  readonly initialVirtualTokenReserves: bigint;
  readonly initialVirtualSolReserves: bigint;
  readonly initialRealTokenReserves: bigint;
  readonly tokenTotalSupply: bigint;
  readonly feeBasisPoints: bigint;
  readonly withdrawAuthority: string;
  readonly enableMigrate: boolean;
  readonly poolMigrationFee: bigint;
  readonly creatorFeeBasisPoints: bigint;
  readonly feeRecipients: readonly string[];
  readonly setCreatorAuthority: string;
  readonly adminSetCreatorAuthority: string;
  readonly createV2Enabled: boolean;
  readonly whitelistPda: string;
  readonly reservedFeeRecipient: string;
  readonly mayhemModeEnabled: boolean;
  readonly reservedFeeRecipients: readonly string[];
  readonly isCashbackEnabled: boolean;
  readonly buybackFeeRecipients: readonly string[];
  readonly buybackBasisPoints: bigint;
  readonly initialVirtualQuoteReserves: bigint;
  readonly whitelistedQuoteMints: readonly string[];
  readonly creatorFeeConfigurable: boolean;
  readonly maxConfigurableCreatorFeeBps: bigint;
  readonly holderRewardClaimAuthority: string;
  readonly isHolderRewardEnabled: boolean;
}

export function decodePumpGlobal(bytes: Uint8Array): PumpGlobal | undefined {
  if (bytes.length < GLOBAL_BYTES_MIN || !startsWith(bytes, GLOBAL_TAG)) return undefined;
  const reader = new ByteReader(bytes, GLOBAL_TAG.length);
  return {
    initialized: reader.bool(),
    authority: reader.key(),
    feeRecipient: reader.key(),
    initialVirtualTokenReserves: reader.u64(),
    initialVirtualSolReserves: reader.u64(),
    initialRealTokenReserves: reader.u64(),
    tokenTotalSupply: reader.u64(),
    feeBasisPoints: reader.u64(),
    withdrawAuthority: reader.key(),
    enableMigrate: reader.bool(),
    poolMigrationFee: reader.u64(),
    creatorFeeBasisPoints: reader.u64(),
    feeRecipients: reader.keys(OTHER_FEE_RECIPIENTS),
    setCreatorAuthority: reader.key(),
    adminSetCreatorAuthority: reader.key(),
    createV2Enabled: reader.bool(),
    whitelistPda: reader.key(),
    reservedFeeRecipient: reader.key(),
    mayhemModeEnabled: reader.bool(),
    reservedFeeRecipients: reader.keys(OTHER_FEE_RECIPIENTS),
    isCashbackEnabled: reader.bool(),
    buybackFeeRecipients: reader.keys(BUYBACK_RECIPIENTS),
    buybackBasisPoints: reader.u64(),
    initialVirtualQuoteReserves: reader.u64(),
    whitelistedQuoteMints: reader.keys(1),
    creatorFeeConfigurable: reader.bool(),
    maxConfigurableCreatorFeeBps: reader.u64(),
    holderRewardClaimAuthority: reader.key(),
    isHolderRewardEnabled: reader.bool(),
  };
}
