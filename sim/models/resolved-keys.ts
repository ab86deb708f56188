import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import type { ChainAccount } from "./account-history.ts";
import { isStaticSigner, isStaticWritable, type WireTransaction } from "./wire-transaction.ts";

export interface ResolvedKey {
  pubkey: string;
  isSigner: boolean;
  isWritable: boolean;
  source: "transaction" | "lookupTable";
}

export type ResolvedKeys = { ok: true; keys: ResolvedKey[] } | { ok: false; err: string };

export const LOOKUP_TABLE_PROGRAM = "AddressLookupTab1e1111111111111111111111111";
const LOOKUP_TABLE_HEADER_BYTES = 56;
const NEVER = 0xffff_ffff_ffff_ffffn;

/** Account data of a lookup table that was extended in `slot` and is usable from the next. */
export function encodeLookupTable(addresses: readonly Uint8Array[], slot: number): Uint8Array {
  const header = Buffer.alloc(LOOKUP_TABLE_HEADER_BYTES);
  header.writeUInt32LE(1, 0);
  header.writeBigUInt64LE(NEVER, 4);
  header.writeBigUInt64LE(BigInt(slot), 12);
  return Buffer.concat([header, ...addresses]);
}

/** All accounts of a transaction in index order: static, then loaded writable, then readonly. */
export function resolveKeys(
  transaction: WireTransaction,
  accountOf: (pubkey: string) => ChainAccount | undefined,
): ResolvedKeys {
  const keys: ResolvedKey[] = transaction.staticKeys.map((pubkey, index) => ({
    pubkey,
    isSigner: isStaticSigner(transaction, index),
    isWritable: isStaticWritable(transaction, index),
    source: "transaction",
  }));
  const loaded: { writable: string[]; readonly: string[] } = { writable: [], readonly: [] };
  for (const { table, writableIndexes, readonlyIndexes } of transaction.lookups) {
    const account = accountOf(table);
    if (account === undefined) return { ok: false, err: "AddressLookupTableNotFound" };
    if (account.owner !== LOOKUP_TABLE_PROGRAM) {
      return { ok: false, err: "InvalidAddressLookupTableOwner" };
    }
    const addresses = parseAddresses(account.data);
    const pick = (index: number) => addresses[index];
    const writable = writableIndexes.map(pick);
    const readable = readonlyIndexes.map(pick);
    if ([...writable, ...readable].includes(undefined)) {
      return { ok: false, err: "InvalidAddressLookupTableIndex" };
    }
    loaded.writable.push(...(writable as string[]));
    loaded.readonly.push(...(readable as string[]));
  }
  for (const pubkey of loaded.writable) keys.push(loadedKey(pubkey, true));
  for (const pubkey of loaded.readonly) keys.push(loadedKey(pubkey, false));
  const unique = new Set(keys.map(({ pubkey }) => pubkey));
  return unique.size === keys.length
    ? { ok: true, keys }
    : { ok: false, err: "AccountLoadedTwice" };
}

function loadedKey(pubkey: string, isWritable: boolean): ResolvedKey {
  return { pubkey, isSigner: false, isWritable, source: "lookupTable" };
}

function parseAddresses(data: Uint8Array): string[] {
  const addresses: string[] = [];
  for (let at = LOOKUP_TABLE_HEADER_BYTES; at + 32 <= data.length; at += 32) {
    addresses.push(encodeBase58(data.subarray(at, at + 32)));
  }
  return addresses;
}
