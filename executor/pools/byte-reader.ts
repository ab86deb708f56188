import { encodeBase58 } from "@raptor/shared/values/base58.ts";

/**
 * Reads little-endian fields one after the other. Programs only ever add fields at the end, so
 * bytes that are not there read as zero: an older account means exactly that. `ranOut` tells the
 * reader of an event, where a missing field and a zero are different things.
 */
export class ByteReader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  #at: number;
  #ranOut = false;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  /** Position of the next field. */
  get at(): number {
    return this.#at;
  }

  /** A field lay, wholly or in part, behind the end and was read as zero. */
  get ranOut(): boolean {
    return this.#ranOut;
  }

  /** Bytes that are left; negative once a field ran out. */
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#has(1) ? this.#view.getUint8(this.#at - 1) : 0;
  }

  bool(): boolean {
    return this.u8() !== 0;
  }

  u16(): number {
    return this.#has(2) ? this.#view.getUint16(this.#at - 2, true) : 0;
  }

  u32(): number {
    return this.#has(4) ? this.#view.getUint32(this.#at - 4, true) : 0;
  }

  u64(): bigint {
    return this.#has(8) ? this.#view.getBigUint64(this.#at - 8, true) : 0n;
  }

  i64(): bigint {
    return this.#has(8) ? this.#view.getBigInt64(this.#at - 8, true) : 0n;
  }

  u128(): bigint {
    const low = this.u64();
    return (this.u64() << 64n) | low;
  }

  i128(): bigint {
    const low = this.u64();
    return (this.i64() << 64n) | low;
  }

  key(): string {
    return encodeBase58(this.keyBytes());
  }

  keyBytes(): Uint8Array {
    return this.#has(32) ? this.#bytes.subarray(this.#at - 32, this.#at) : new Uint8Array(32);
  }

  keys(count: number): string[] {
    return Array.from({ length: count }, () => this.key());
  }

  /** A length as u32, then that many bytes of UTF-8. */
  text(): string {
    const length = this.u32();
    if (!this.#has(length)) return "";
    return new TextDecoder().decode(this.#bytes.subarray(this.#at - length, this.#at));
  }

  skip(bytes: number): void {
    this.#has(bytes);
  }

  #has(length: number): boolean {
    this.#at += length;
    if (this.#at <= this.#bytes.length) return true;
    this.#ranOut = true;
    return false;
  }
}
