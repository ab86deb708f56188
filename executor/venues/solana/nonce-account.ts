import { createHash } from "node:crypto";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import { decodeBase58, encodeBase58 } from "@raptor/shared/values/base58.ts";
import { SYSTEM_PROGRAM } from "./programs.ts";
import type { AccountAnswer } from "./rpc-answers.ts";

/** Version, state, authority, value and the fee of that time. */
export const NONCE_BYTES = 80;
/** (128 + 80 bytes) at 3,480 lamports a year, for two years: what the chain asks for. */
export const NONCE_RENT_LAMPORTS = 1_447_680n;
/** A wallet needs a handful; the bound keeps one question to a node inside its limit of 100. */
export const NONCES_MAX = 64;
const AUTHORITY_AT = 8;
const VALUE_AT = 40;
const VERSION_CURRENT = 1;
const STATE_INITIALIZED = 1;

/** The seed under which a wallet's nonce account stands; the signer writes it down on its own. */
export function nonceSeed(index: number): string {
  assert(Number.isInteger(index) && index >= 0 && index < NONCES_MAX, "a nonce index is in range");
  return `raptor-nonce-${index}`;
}

/**
 * The address that the system program derives from a base, a seed and an owner: SHA-256 over the
 * three. Nobody but the base's key can create an account there, and it can exist only once.
 */
export function deriveNonceAddress(wallet: string, index: number): string {
  const hash = createHash("sha256").update(keyBytes(wallet));
  return encodeBase58(hash.update(nonceSeed(index)).update(keyBytes(SYSTEM_PROGRAM)).digest());
}

/** Which of the wallet's nonce accounts this is; the engine hands over no others. */
export function nonceIndexOf(wallet: string, account: string): number {
  for (let index = 0; index < NONCES_MAX; index++) {
    if (deriveNonceAddress(wallet, index) === account) return index;
  }
  assert(false, "a nonce account is one of the wallet's own");
}

export function assertOwnNonce(wallet: string, account: string): void {
  nonceIndexOf(wallet, account);
}

/** The stored value, when the account is a nonce that this wallet alone may advance. */
export function parseNonceValue(
  account: AccountAnswer | null | undefined,
  wallet: string,
): string | undefined {
  const nonce = parseNonce(account);
  return nonce?.authority === wallet ? nonce.value : undefined;
}

/** Undefined when the account is no initialized nonce account. */
export function parseNonce(
  account: AccountAnswer | null | undefined,
): { authority: string; value: string } | undefined {
  if (account === null || account === undefined) return undefined;
  return parseNonceBytes(Buffer.from(account.data[0], "base64"), account.owner);
}

export function parseNonceBytes(
  bytes: Uint8Array,
  owner: string,
): { authority: string; value: string } | undefined {
  if (owner !== SYSTEM_PROGRAM || bytes.length !== NONCE_BYTES) return undefined;
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (data.readUInt32LE(0) !== VERSION_CURRENT) return undefined;
  if (data.readUInt32LE(4) !== STATE_INITIALIZED) return undefined;
  return {
    authority: encodeBase58(data.subarray(AUTHORITY_AT, AUTHORITY_AT + 32)),
    value: encodeBase58(data.subarray(VALUE_AT, VALUE_AT + 32)),
  };
}

function keyBytes(address: string): Uint8Array {
  const bytes = decodeBase58(address);
  assert(bytes?.length === 32, "an address has 32 bytes");
  return bytes;
}
