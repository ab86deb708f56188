import { generateKeypair } from "../market-tokens.ts";
import { pubkeyBytes } from "../plain-message.ts";
import { deriveTokenAccount, NATIVE_MINT, TOKEN_PROGRAM } from "../token-accounts.ts";
import { feeConfigAddress, PUMP_FEES_PROGRAM } from "./pump-fees.ts";
import { anchorTag, deriveAddress, StateReader, StateWriter, ZERO_KEY } from "./state-bytes.ts";

export const PUMP_PROGRAM = "6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P";
export const CURVE_TAG = anchorTag("account", "BondingCurve");
export const GLOBAL_TAG = anchorTag("account", "Global");
export const VOLUME_TAG = anchorTag("account", "UserVolumeAccumulator");

export const PUMP_GLOBAL = deriveAddress(["global"], PUMP_PROGRAM);
export const PUMP_EVENT_AUTHORITY = deriveAddress(["__event_authority"], PUMP_PROGRAM);
export const PUMP_GLOBAL_VOLUME = deriveAddress(["global_volume_accumulator"], PUMP_PROGRAM);
export const PUMP_FEE_CONFIG = feeConfigAddress(PUMP_PROGRAM);

/** Base units and lamports that every new curve starts with. */
export const CURVE_START = {
  virtualToken: 1_073_000_000_000_000n,
  virtualQuote: 30_000_000_000n,
  realToken: 793_100_000_000_000n,
  supply: 1_000_000_000_000_000n,
} as const;
export const MIGRATION_FEE_LAMPORTS = 15_000_001n;
export const BUYBACK_BPS = 5_000n;
const CURVE_BYTES = 166;
const GLOBAL_BYTES = 1_088;
/** What the program makes room for, more than its fields need. */
export const VOLUME_BYTES = 137;

export interface Curve {
  virtualToken: bigint;
  virtualQuote: bigint;
  realToken: bigint;
  realQuote: bigint;
  supply: bigint;
  complete: boolean;
  creator: string;
  quoteMint: string;
  creatorFeeBps: bigint;
}

export interface PumpGlobal {
  feeRecipients: readonly string[];
  buybackRecipients: readonly string[];
  buybackBps: bigint;
  migrationFee: bigint;
  creatorFeeConfigurable: boolean;
}

export function curveAddress(mint: string): string {
  return deriveAddress(["bonding-curve", pubkeyBytes(mint)], PUMP_PROGRAM);
}

export function creatorVault(creator: string): string {
  return deriveAddress(["creator-vault", pubkeyBytes(creator)], PUMP_PROGRAM);
}

export function poolAuthority(mint: string): string {
  return deriveAddress(["pool-authority", pubkeyBytes(mint)], PUMP_PROGRAM);
}

export function sharingConfig(mint: string): string {
  return deriveAddress(["sharing-config", pubkeyBytes(mint)], PUMP_FEES_PROGRAM);
}

export function volumeAccumulator(user: string, program: string): string {
  return deriveAddress(["user_volume_accumulator", pubkeyBytes(user)], program);
}

export function wrappedAccount(owner: string): string {
  return deriveTokenAccount(owner, NATIVE_MINT, TOKEN_PROGRAM);
}

export function encodeCurve(curve: Curve): Uint8Array {
  return new StateWriter()
    .raw(CURVE_TAG)
    .u64(curve.virtualToken, curve.virtualQuote, curve.realToken, curve.realQuote, curve.supply)
    .u8(curve.complete)
    .key(curve.creator)
    .u8(false)
    .u8(false)
    .key(curve.quoteMint)
    .u64(curve.creatorFeeBps)
    .bytes(CURVE_BYTES);
}

export function parseCurve(bytes: Uint8Array): Curve {
  const reader = new StateReader(bytes);
  return {
    virtualToken: reader.u64(),
    virtualQuote: reader.u64(),
    realToken: reader.u64(),
    realQuote: reader.u64(),
    supply: reader.u64(),
    complete: reader.bool(),
    creator: reader.key(),
    quoteMint: reader.skip(2).key(),
    creatorFeeBps: reader.u64(),
  };
}

/** The curve with other reserves; whatever else its account holds stays as it is. */
export function patchCurve(bytes: Uint8Array, curve: Curve): Uint8Array {
  const head = encodeCurve(curve).subarray(0, 49);
  return Buffer.concat([head, bytes.subarray(49)]);
}

/** Fee receivers of a world: its own, so that nobody gets by with addresses from elsewhere. */
export function worldRecipients(seed: number, label: string): string[] {
  return Array.from({ length: 8 }, (_, index) =>
    generateKeypair(seed, `${label}:${index}`).publicKey.toBase58(),
  );
}

export function encodeGlobal(seed: number): Uint8Array {
  const [first = "", ...rest] = worldRecipients(seed, "pump-fees");
  const [reserved = "", ...reservedRest] = worldRecipients(seed, "pump-reserved");
  return new StateWriter()
    .raw(GLOBAL_TAG)
    .u8(true)
    .key(ZERO_KEY, first)
    .u64(CURVE_START.virtualToken, CURVE_START.virtualQuote)
    .u64(CURVE_START.realToken, CURVE_START.supply, 95n)
    .key(ZERO_KEY)
    .u8(true)
    .u64(MIGRATION_FEE_LAMPORTS, 5n)
    .key(...rest, ZERO_KEY, ZERO_KEY)
    .u8(true)
    .key(ZERO_KEY, reserved)
    .u8(true)
    .key(...reservedRest)
    .u8(true)
    .key(...worldRecipients(seed, "pump-buyback"))
    .u64(BUYBACK_BPS, 4_292_000_000n)
    .key(ZERO_KEY)
    .u8(true)
    .u64(300n)
    .key(ZERO_KEY)
    .u8(true)
    .bytes(GLOBAL_BYTES);
}

export function parseGlobal(bytes: Uint8Array): PumpGlobal {
  const reader = new StateReader(bytes).skip(1 + 32);
  const first = reader.key();
  const migrationFee = reader.skip(8 * 5 + 32 + 1).u64();
  const feeRecipients = [first, ...reader.skip(8).keys(7)];
  const buybackRecipients = reader.skip(32 * 2 + 1 + 32 * 2 + 1 + 32 * 7 + 1).keys(8);
  const buybackBps = reader.u64();
  const creatorFeeConfigurable = reader.skip(8 + 32).bool();
  return { feeRecipients, buybackRecipients, buybackBps, migrationFee, creatorFeeConfigurable };
}
