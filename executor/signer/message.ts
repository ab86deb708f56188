import { accountKeyOf, parseAccountKey, type AccountKey } from "./account-key.ts";
import { ByteReader, malformed } from "./byte-reader.ts";

/** A packet carries 1232 bytes, of which one signature and its count take 65. */
const MESSAGE_BYTES_MAX = 1_232 - 65;
/** The runtime addresses accounts with one byte. */
const ACCOUNTS_MAX = 256;
const VERSION_FLAG = 0x80;

interface RawInstruction {
  programIndex: number;
  accountIndexes: Uint8Array;
  data: Buffer;
}

interface Lookup {
  table: AccountKey;
  writable: Uint8Array;
  readonly: Uint8Array;
}

export interface Message {
  signatures: number;
  staticKeys: AccountKey[];
  /** The blockhash, or the value of a durable nonce in its place. */
  lifetime: AccountKey;
  instructions: RawInstruction[];
  lookups: Lookup[];
}

/** Static keys are spelled out in the signed bytes; the others depend on a lookup table's account. */
export interface Account {
  key: AccountKey;
  isStatic: boolean;
}

export interface Instruction {
  programId: AccountKey;
  accounts: Account[];
  data: Buffer;
}

/**
 * Decodes a legacy or version 0 message completely.
 * @throws RAPTOR_WIRE__INVALID on anything that the runtime would refuse or could read differently.
 */
export function decodeMessage(bytes: Uint8Array): Message {
  if (bytes.length > MESSAGE_BYTES_MAX) throw malformed("does not fit into one packet");
  const reader = new ByteReader(bytes);
  const isVersioned = (reader.peekU8() & VERSION_FLAG) !== 0;
  if (isVersioned && reader.u8() !== VERSION_FLAG) throw malformed("has an unknown version");
  const signatures = reader.u8();
  const readonlySigned = reader.u8();
  const readonlyUnsigned = reader.u8();
  const staticKeys = times(reader.compactU16(), () => accountKeyOf(reader.take(32)));
  if (signatures === 0 || readonlySigned >= signatures) throw malformed("has no fee payer");
  if (signatures + readonlyUnsigned > staticKeys.length) throw malformed("names too few accounts");
  const lifetime = accountKeyOf(reader.take(32));
  const instructions = times(reader.compactU16(), () => readInstruction(reader));
  const lookups = isVersioned ? times(reader.compactU16(), () => readLookup(reader)) : [];
  reader.end();
  const message = { signatures, staticKeys, lifetime, instructions, lookups };
  checkIndexes(message);
  return message;
}

function readInstruction(reader: ByteReader): RawInstruction {
  return {
    programIndex: reader.u8(),
    accountIndexes: reader.take(reader.compactU16()),
    data: reader.take(reader.compactU16()),
  };
}

function readLookup(reader: ByteReader): Lookup {
  return {
    table: accountKeyOf(reader.take(32)),
    writable: reader.take(reader.compactU16()),
    readonly: reader.take(reader.compactU16()),
  };
}

function checkIndexes(message: Message): void {
  const loaded = message.lookups.reduce(
    (sum, lookup) => sum + lookup.writable.length + lookup.readonly.length,
    0,
  );
  const accountCount = message.staticKeys.length + loaded;
  if (accountCount > ACCOUNTS_MAX) throw malformed("names more than 256 accounts");
  for (const lookup of message.lookups) {
    if (lookup.writable.length + lookup.readonly.length === 0) throw malformed("has an idle table");
  }
  for (const { programIndex, accountIndexes } of message.instructions) {
    // The runtime never loads a program through a table, nor runs the fee payer.
    if (programIndex === 0 || programIndex >= message.staticKeys.length) {
      throw malformed("calls a program that is not a static key");
    }
    if (accountIndexes.some((index) => index >= accountCount)) {
      throw malformed("points at an account that it does not name");
    }
  }
}

/**
 * Puts addresses in the place of indexes. `tables` comes from our own RPC nodes.
 * @throws RAPTOR_WIRE__INVALID when a table or one of its used entries is not known, or when one
 * account is named twice.
 */
export function resolveInstructions(
  message: Message,
  tables: readonly { address: string; addresses: readonly string[] }[],
): Instruction[] {
  const contents = new Map<AccountKey, readonly string[]>();
  for (const { address, addresses } of tables) {
    const key = parseAccountKey(address);
    if (key === undefined || contents.has(key)) throw malformed("comes with unusable tables");
    contents.set(key, addresses);
  }
  // Order of the runtime: static keys, then all writable entries, then all read-only ones.
  const loaded = (["writable", "readonly"] as const).flatMap((kind) =>
    message.lookups.flatMap((lookup) =>
      [...lookup[kind]].map((index) => tableEntry(contents.get(lookup.table), index)),
    ),
  );
  const accounts: Account[] = [
    ...message.staticKeys.map((key) => ({ key, isStatic: true })),
    ...loaded.map((key) => ({ key, isStatic: false })),
  ];
  if (new Set(accounts.map(({ key }) => key)).size !== accounts.length) {
    throw malformed("names an account twice");
  }
  return message.instructions.map(({ programIndex, accountIndexes, data }) => ({
    programId: message.staticKeys[programIndex] as AccountKey,
    accounts: [...accountIndexes].map((index) => accounts[index] as Account),
    data,
  }));
}

/** Same keys in the same order, all spelled out in the signed bytes. */
export function areExactly(accounts: readonly Account[], expected: readonly AccountKey[]): boolean {
  return (
    accounts.length === expected.length &&
    accounts.every((account, at) => account.isStatic && account.key === expected[at])
  );
}

function tableEntry(addresses: readonly string[] | undefined, index: number): AccountKey {
  if (addresses === undefined) throw malformed("uses a lookup table that was not resolved");
  const text = addresses[index];
  const key = text === undefined ? undefined : parseAccountKey(text);
  if (key === undefined) throw malformed("uses an entry that its lookup table does not have");
  return key;
}

function times<Item>(count: number, read: () => Item): Item[] {
  const items: Item[] = [];
  for (let at = 0; at < count; at++) items.push(read());
  return items;
}
