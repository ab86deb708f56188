import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "./programs.ts";

/** A mint as the chain holds it, with every reason against buying that the chain itself shows. */
export interface MintAccount {
  tokenProgram: string;
  supply: bigint;
  decimals: number;
  mintAuthority: string | null;
  freezeAuthority: string | null;
  /** Highest transfer fee that is or will be in force, in bps; 0 for none. */
  transferFeeBps: number;
  /** Reasons in words that come from extensions, transfer fees apart. */
  extensionRefusals: string[];
}

const MINT_BYTES = 82;
/** Token-2022 pads a mint to the length of an account before its kind and extensions. */
const ACCOUNT_TYPE_AT = 165;
const ACCOUNT_TYPE_MINT = 1;
const EXTENSIONS_AT = 166;
const TLV_HEADER_BYTES = 4;
const KEY_BYTES = 32;
const STATE_FROZEN = 2;

/** Extensions that change nothing about holding and selling. */
const HARMLESS = new Set([
  3, // close authority: only an empty supply can be closed
  4, // confidential transfers: open ones stay possible
  10, // interest: display only
  16, // confidential transfer fee: follows the open fee
  18, // pointer to metadata
  19, // metadata
  20, // group pointer
  21, // group
  22, // group member pointer
  23, // group member
  25, // scaled amount: display only
]);

/** Undefined for an account that is not an initialized mint of one of the token programs. */
export function parseMintAccount(owner: string, data: Uint8Array): MintAccount | undefined {
  if (owner !== TOKEN_PROGRAM && owner !== TOKEN_2022_PROGRAM) return undefined;
  const bytes = Buffer.from(data);
  const isExtended = bytes.length > MINT_BYTES;
  if (bytes.length < MINT_BYTES || bytes.readUInt8(45) !== 1) return undefined;
  if (isExtended) {
    if (owner !== TOKEN_2022_PROGRAM || bytes.length <= ACCOUNT_TYPE_AT) return undefined;
    if (bytes.readUInt8(ACCOUNT_TYPE_AT) !== ACCOUNT_TYPE_MINT) return undefined;
  }
  const mint: MintAccount = {
    tokenProgram: owner,
    supply: bytes.readBigUInt64LE(36),
    decimals: bytes.readUInt8(44),
    mintAuthority: readAuthority(bytes, 0),
    freezeAuthority: readAuthority(bytes, 46),
    transferFeeBps: 0,
    extensionRefusals: [],
  };
  if (isExtended) readExtensions(bytes, mint);
  return mint;
}

/** A u32 that says whether a key follows. */
function readAuthority(bytes: Buffer, at: number): string | null {
  return bytes.readUInt32LE(at) === 0 ? null : encodeBase58(bytes.subarray(at + 4, at + 36));
}

function readExtensions(bytes: Buffer, mint: MintAccount): void {
  let at = EXTENSIONS_AT;
  while (at + TLV_HEADER_BYTES <= bytes.length) {
    const type = bytes.readUInt16LE(at);
    const length = bytes.readUInt16LE(at + 2);
    // Type 0 is what is left of the account's space: nothing follows.
    if (type === 0) return;
    const value = bytes.subarray(at + TLV_HEADER_BYTES, at + TLV_HEADER_BYTES + length);
    if (value.length < length) {
      mint.extensionRefusals.push("its extensions cannot be read");
      return;
    }
    readExtension(type, value, mint);
    at += TLV_HEADER_BYTES + length;
  }
}

function readExtension(type: number, value: Buffer, mint: MintAccount): void {
  if (HARMLESS.has(type)) return;
  if (type === 1) {
    mint.transferFeeBps = Math.max(mint.transferFeeBps, readTransferFeeBps(value));
    return;
  }
  const reason = refusalOf(type, value);
  if (reason !== undefined) mint.extensionRefusals.push(reason);
}

/**
 * Two authorities, the withheld amount, then the older and the newer fee of 18 bytes each (epoch,
 * maximum, bps). The newer one is in force or will be: the higher of both is what may be taken.
 */
function readTransferFeeBps(value: Buffer): number {
  const feesAt = 2 * KEY_BYTES + 8;
  if (value.length < feesAt + 36) return 10_000;
  return Math.max(value.readUInt16LE(feesAt + 16), value.readUInt16LE(feesAt + 34));
}

function refusalOf(type: number, value: Buffer): string | undefined {
  switch (type) {
    case 6:
      return value[0] === STATE_FROZEN ? "new holders start frozen and cannot sell" : undefined;
    case 9:
      return "it cannot be transferred, so it cannot be sold";
    case 12:
      return isZeroKey(value)
        ? undefined
        : "a permanent delegate can take the tokens out of any wallet";
    case 14:
      return hasHookProgram(value)
        ? "a transfer hook runs a foreign program on every sale"
        : undefined;
    case 26:
      return "its transfers can be paused, so it may become impossible to sell";
    case 28:
      return "somebody may burn tokens out of other wallets";
    default:
      return `it has an extension (type ${type}) that we do not know`;
  }
}

/** Authority, then the program; a zero program means that no hook is set. */
function hasHookProgram(value: Buffer): boolean {
  return !isZeroKey(value.subarray(KEY_BYTES));
}

function isZeroKey(value: Buffer): boolean {
  return value.length >= KEY_BYTES && value.subarray(0, KEY_BYTES).every((byte) => byte === 0);
}
