import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";

export interface WireInstruction {
  programIndex: number;
  accountIndexes: number[];
  data: Uint8Array;
}

export interface WireLookup {
  table: string;
  writableIndexes: number[];
  readonlyIndexes: number[];
}

/** A transaction exactly as it travels, legacy or version 0. */
export interface WireTransaction {
  version: "legacy" | 0;
  signatures: Uint8Array[];
  messageBytes: Uint8Array;
  header: { signerCount: number; readonlySignerCount: number; readonlyOtherCount: number };
  staticKeys: string[];
  staticKeyBytes: Uint8Array[];
  recentBlockhash: string;
  instructions: WireInstruction[];
  lookups: WireLookup[];
}

export const WIRE_BYTES_MAX = 1232;
const VERSION_FLAG = 0x80;
const SPKI_ED25519 = Buffer.from("302a300506032b6570032100", "hex");

/** Bytes do not hold a transaction that a node would accept for processing. */
export class WireError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "WireError";
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const value = this.#bytes[this.at++];
    if (value === undefined) throw new WireError("failed to fill whole buffer");
    return value;
  }

  peek(): number {
    return this.#bytes[this.at] ?? 0;
  }

  take(count: number): Uint8Array {
    if (this.at + count > this.#bytes.length) throw new WireError("failed to fill whole buffer");
    this.at += count;
    return this.#bytes.subarray(this.at - count, this.at);
  }

  /** The chain's variable-length u16, at most three bytes. */
  length(): number {
    let value = 0;
    for (let shift = 0; shift <= 14; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value;
    }
    throw new WireError("length is longer than three bytes");
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: this.length() }, read);
  }

  end(): boolean {
    return this.at === this.#bytes.length;
  }
}

/** @throws WireError when the bytes are no well-formed legacy or version 0 transaction. */
export function parseWireTransaction(bytes: Uint8Array): WireTransaction {
  const reader = new Reader(bytes);
  const signatures = reader.list(() => reader.take(64));
  const messageBytes = bytes.subarray(reader.at);
  const version = parseVersion(reader);
  const header = {
    signerCount: reader.byte(),
    readonlySignerCount: reader.byte(),
    readonlyOtherCount: reader.byte(),
  };
  const staticKeyBytes = reader.list(() => reader.take(32));
  const recentBlockhash = encodeBase58(reader.take(32));
  const instructions = reader.list(() => ({
    programIndex: reader.byte(),
    accountIndexes: [...reader.take(reader.length())],
    data: reader.take(reader.length()),
  }));
  const lookups = version === 0 ? reader.list(() => parseLookup(reader)) : [];
  const transaction: WireTransaction = {
    version,
    signatures,
    messageBytes,
    header,
    staticKeys: staticKeyBytes.map(encodeBase58),
    staticKeyBytes,
    recentBlockhash,
    instructions,
    lookups,
  };
  if (!reader.end()) throw new WireError("bytes are left after the transaction");
  assertSane(transaction);
  return transaction;
}

function parseVersion(reader: Reader): "legacy" | 0 {
  if ((reader.peek() & VERSION_FLAG) === 0) return "legacy";
  if ((reader.byte() & 0x7f) !== 0) throw new WireError("invalid message version");
  return 0;
}

function parseLookup(reader: Reader): WireLookup {
  return {
    table: encodeBase58(reader.take(32)),
    writableIndexes: [...reader.take(reader.length())],
    readonlyIndexes: [...reader.take(reader.length())],
  };
}

function assertSane({ header, signatures, staticKeys, instructions, lookups }: WireTransaction) {
  const loadedCount = lookups.reduce(
    (sum, lookup) => sum + lookup.writableIndexes.length + lookup.readonlyIndexes.length,
    0,
  );
  const keyCount = staticKeys.length + loadedCount;
  const sane =
    header.signerCount > header.readonlySignerCount &&
    header.signerCount + header.readonlyOtherCount <= staticKeys.length &&
    signatures.length === header.signerCount &&
    new Set(staticKeys).size === staticKeys.length &&
    instructions.every(
      ({ programIndex, accountIndexes }) =>
        programIndex > 0 &&
        programIndex < staticKeys.length &&
        accountIndexes.every((index) => index < keyCount),
    );
  if (!sane) throw new WireError("Transaction failed to sanitize accounts offsets correctly");
}

export function signatureOf(transaction: WireTransaction): string {
  return encodeBase58(transaction.signatures[0] as Uint8Array);
}

/** The same few wallets sign everything; reading a key costs as much as a hash of its message. */
const KEYS = new Map<string, KeyObject>();
const KEYS_MAX = 1_000;
const VALIDITY = new WeakMap<WireTransaction, boolean>();

/** Whether every required signature is there and correct; found out once for each that was read. */
export function hasValidSignatures(transaction: WireTransaction): boolean {
  let isValid = VALIDITY.get(transaction);
  if (isValid === undefined) {
    isValid = verifySignatures(transaction);
    VALIDITY.set(transaction, isValid);
  }
  return isValid;
}

function verifySignatures(transaction: WireTransaction): boolean {
  return transaction.signatures.every((signature, index) =>
    verify(
      null,
      transaction.messageBytes,
      ed25519Key(
        transaction.staticKeyBytes[index] as Uint8Array,
        transaction.staticKeys[index] as string,
      ),
      signature,
    ),
  );
}

function ed25519Key(bytes: Uint8Array, address: string): KeyObject {
  let key = KEYS.get(address);
  if (key === undefined) {
    if (KEYS.size >= KEYS_MAX) KEYS.clear();
    const der = Buffer.concat([SPKI_ED25519, bytes]);
    key = createPublicKey({ key: der, format: "der", type: "spki" });
    KEYS.set(address, key);
  }
  return key;
}

export function isStaticSigner(transaction: WireTransaction, index: number): boolean {
  return index < transaction.header.signerCount;
}

export function isStaticWritable({ header, staticKeys }: WireTransaction, index: number): boolean {
  if (index < header.signerCount) return index < header.signerCount - header.readonlySignerCount;
  return index < staticKeys.length - header.readonlyOtherCount;
}
