import { createHash } from "node:crypto";
import { PublicKey } from "@solana/web3.js";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { pubkeyBytes } from "../plain-message.ts";

/** The key whose bytes are all zero; programs write it for "none". */
export const ZERO_KEY = PublicKey.default.toBase58();

/** First eight bytes of accounts, instructions and events of programs written in Anchor. */
export function anchorTag(kind: "account" | "event" | "global", name: string): Buffer {
  return createHash("sha256").update(`${kind}:${name}`).digest().subarray(0, 8);
}

/** A derivation takes longer than the trade that asks for it, and trades ask for the same ones. */
const DERIVED_MAX = 20_000;
const derived = new Map<string, string>();

export function deriveAddress(seeds: readonly (string | Uint8Array)[], program: string): string {
  const bytes = seeds.map((seed) => Buffer.from(seed));
  const id = [program, ...bytes.map((seed) => seed.toString("hex"))].join("/");
  const known = derived.get(id);
  if (known !== undefined) return known;
  const address = PublicKey.findProgramAddressSync(bytes, new PublicKey(program))[0].toBase58();
  const oldest = derived.keys().next();
  if (derived.size >= DERIVED_MAX && oldest.done !== true) derived.delete(oldest.value);
  derived.set(id, address);
  return address;
}

/** Appends fields in the order of an account or an event, little endian. */
export class StateWriter {
  readonly #parts: Uint8Array[] = [];

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }

  u8(value: number | boolean): this {
    return this.raw(Uint8Array.of(Number(value)));
  }

  u16(value: number): this {
    return this.raw(Uint8Array.of(value & 0xff, value >> 8));
  }

  u32(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return this.raw(bytes);
  }

  u64(...values: readonly bigint[]): this {
    for (const value of values) this.#integer(value, 8);
    return this;
  }

  /** Also signed ones, as two's complement. */
  u128(value: bigint): this {
    return this.#integer(BigInt.asUintN(128, value), 16);
  }

  i64(value: bigint): this {
    return this.#integer(BigInt.asUintN(64, value), 8);
  }

  key(...pubkeys: readonly string[]): this {
    for (const pubkey of pubkeys) this.raw(pubkeyBytes(pubkey));
    return this;
  }

  text(value: string): this {
    const bytes = Buffer.from(value);
    return this.u32(bytes.length).raw(bytes);
  }

  /** @throws when the fields are longer than `length`, 0 for as long as they are. */
  bytes(length = 0): Uint8Array {
    const written = Buffer.concat(this.#parts);
    if (length === 0) return written;
    if (written.length > length) throw new Error(`expected ${length} bytes, was ${written.length}`);
    return Buffer.concat([written, Buffer.alloc(length - written.length)]);
  }

  #integer(value: bigint, size: number): this {
    const bytes = Buffer.alloc(size);
    if (value < 0n || value >> BigInt(size * 8) !== 0n) {
      throw new RangeError(`expected ${size} bytes without a sign, was ${value}`);
    }
    for (let at = 0; at < size; at += 1) bytes[at] = Number((value >> BigInt(at * 8)) & 0xffn);
    return this.raw(bytes);
  }
}

/** Reads fields in their order; what lies behind the end of the bytes is zero. */
export class StateReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Uint8Array, at = 8) {
    this.#bytes = Buffer.from(bytes);
    this.#at = at;
  }

  skip(count: number): this {
    this.#at += count;
    return this;
  }

  u8(): number {
    return this.#take(1)[0] ?? 0;
  }

  bool(): boolean {
    return this.u8() !== 0;
  }

  u16(): number {
    return this.#take(2).readUInt16LE(0);
  }

  u32(): number {
    return this.#take(4).readUInt32LE(0);
  }

  u64(): bigint {
    return this.#take(8).readBigUInt64LE(0);
  }

  u128(): bigint {
    return this.u64() | (this.u64() << 64n);
  }

  i128(): bigint {
    return BigInt.asIntN(128, this.u128());
  }

  key(): string {
    return encodeBase58(this.#take(32));
  }

  keys(count: number): string[] {
    return Array.from({ length: count }, () => this.key());
  }

  #take(count: number): Buffer {
    const taken = Buffer.alloc(count);
    this.#bytes.copy(taken, 0, this.#at, this.#at + count);
    this.#at += count;
    return taken;
  }
}
