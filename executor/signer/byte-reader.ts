import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";

/**
 * Reads a Solana message front to back. Every read is bounds-checked and `end` refuses what is left
 * over, so that two readers of the same bytes cannot come to different meanings.
 */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  peekU8(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw malformed("ends too early");
    return value;
  }

  u8(): number {
    const value = this.peekU8();
    this.#at += 1;
    return value;
  }

  take(byteCount: number): Buffer {
    if (this.#at + byteCount > this.#bytes.length) throw malformed("ends too early");
    const part = this.#bytes.subarray(this.#at, this.#at + byteCount);
    this.#at += byteCount;
    return part;
  }

  /** A length in one to three bytes; only the shortest spelling of a number is accepted. */
  compactU16(): number {
    let value = 0;
    for (let at = 0; at < 3; at++) {
      const byte = this.u8();
      value |= (byte & 0x7f) << (7 * at);
      if ((byte & 0x80) !== 0) continue;
      if (at > 0 && byte === 0) throw malformed("spells a length with more bytes than it needs");
      if (value > 0xffff) throw malformed("holds a length above 65535");
      return value;
    }
    throw malformed("holds a length of more than three bytes");
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw malformed("has bytes after its end");
  }
}

export function malformed(problem: string): RaptorError {
  return new RaptorError("RAPTOR_WIRE__INVALID", { problem: `the message ${problem}` });
}
