import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { isPubkey } from "@raptor/shared/values/pubkey.ts";
import { parseAccountKey, type AccountKey } from "./account-key.ts";

const U64_MAX = 0xffff_ffff_ffff_ffffn;

/** @throws RAPTOR_WIRE__INVALID when the text is no address. */
export function parseKey(name: string, text: string): AccountKey {
  const key = isPubkey(text) ? parseAccountKey(text) : undefined;
  if (key === undefined) throw unusable(`${name} to be an address`);
  return key;
}

/** @throws RAPTOR_WIRE__INVALID when the text is no integer of 64 bits, or below `least`. */
export function parseU64(name: string, text: string, least: bigint): bigint {
  const value = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n;
  if (value < least || value > U64_MAX) throw unusable(`${name} to be an integer from ${least}`);
  return value;
}

export function unusable(expected: string): RaptorError {
  return new RaptorError("RAPTOR_WIRE__INVALID", { problem: `the intent: expected ${expected}` });
}
