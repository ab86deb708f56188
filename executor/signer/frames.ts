import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";

/**
 * A request holds a message of 1.2 kB, up to a handful of lookup tables of 12 kB each, and the
 * addresses of up to two thousand token accounts.
 */
export const FRAME_BYTES_MAX = 384 * 1024;
const LENGTH_BYTES = 4;

/** A JSON value as one frame: its length as u32 big-endian, then its UTF-8 bytes. */
export function encodeFrame(value: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(value));
  if (body.length > FRAME_BYTES_MAX) throw badFrame("the frame is too large");
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + body.length);
  frame.writeUInt32BE(body.length);
  body.copy(frame, LENGTH_BYTES);
  return frame;
}

/** Cuts a byte stream into frames, whatever the pieces in which it arrives. */
export class FrameReader {
  #held: Buffer = Buffer.alloc(0);

  /** @throws RAPTOR_SIGNER__BAD_REQUEST when the stream is not one of frames; it cannot go on. */
  push(piece: Uint8Array): unknown[] {
    this.#held = this.#held.length === 0 ? Buffer.from(piece) : Buffer.concat([this.#held, piece]);
    const values: unknown[] = [];
    while (this.#held.length >= LENGTH_BYTES) {
      const byteCount = this.#held.readUInt32BE();
      if (byteCount > FRAME_BYTES_MAX) throw badFrame("the frame is too large");
      const end = LENGTH_BYTES + byteCount;
      if (this.#held.length < end) break;
      values.push(parseJson(this.#held.toString("utf8", LENGTH_BYTES, end)));
      this.#held = this.#held.subarray(end);
    }
    return values;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes its input.
    throw badFrame("the frame is not JSON");
  }
}

function badFrame(problem: string): RaptorError {
  return new RaptorError("RAPTOR_SIGNER__BAD_REQUEST", { problem });
}
