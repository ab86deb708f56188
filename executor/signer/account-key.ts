import { decodeBase58, encodeBase58 } from "@raptor/shared/values/base58.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";

/** A 32-byte Solana address as lower-case hex: cheap to make from wire bytes and to compare. */
export type AccountKey = string & { readonly __brand: "AccountKey" };

export const ACCOUNT_KEY_BYTES = 32;

export function accountKeyOf(bytes: Uint8Array): AccountKey {
  assert(bytes.length === ACCOUNT_KEY_BYTES, "an account key has 32 bytes");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    "hex",
  ) as AccountKey;
}

/** Undefined when `text` is not base58 of exactly 32 bytes. */
export function parseAccountKey(text: string): AccountKey | undefined {
  if (text.length < 32 || text.length > 44) return undefined;
  const bytes = decodeBase58(text);
  return bytes?.length === ACCOUNT_KEY_BYTES ? accountKeyOf(bytes) : undefined;
}

export function accountKeyBytes(key: AccountKey): Buffer {
  return Buffer.from(key, "hex");
}

/** The address as people know it, for reasons and answers. */
export function showAccountKey(key: AccountKey): string {
  return encodeBase58(accountKeyBytes(key));
}
