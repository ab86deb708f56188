import { RedisFailure, type RedisReply } from "./backend.ts";

const CRLF = "\r\n";

/** A command as an array of bulk strings, the only form a server needs to understand. */
export function encodeCommand(command: readonly string[]): Buffer {
  const parts = command.map((word) => `$${Buffer.byteLength(word)}${CRLF}${word}${CRLF}`);
  return Buffer.from(`*${command.length}${CRLF}${parts.join("")}`, "utf8");
}

interface Parsed {
  reply: RedisReply;
  end: number;
}

/** Cuts a RESP2 byte stream into replies, however the stream is chunked. */
export class RespReader {
  #buffer: Buffer = Buffer.alloc(0);

  /** Adds bytes and answers every reply that is complete now. */
  push(chunk: Buffer): RedisReply[] {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    const replies: RedisReply[] = [];
    let start = 0;
    for (let next = this.#read(start); next !== undefined; next = this.#read(start)) {
      replies.push(next.reply);
      start = next.end;
    }
    this.#buffer = this.#buffer.subarray(start);
    return replies;
  }

  #read(start: number): Parsed | undefined {
    const lineEnd = this.#buffer.indexOf(CRLF, start);
    if (lineEnd === -1) return undefined;
    const kind = String.fromCharCode(this.#buffer[start] ?? 0);
    const line = this.#buffer.toString("utf8", start + 1, lineEnd);
    const end = lineEnd + 2;
    if (kind === "+") return { reply: line, end };
    if (kind === "-") return { reply: new RedisFailure(line), end };
    if (kind === ":") return { reply: Number(line), end };
    if (kind === "$") return this.#readBulk(Number(line), end);
    if (kind === "*") return this.#readArray(Number(line), end);
    throw new Error(`expected a RESP2 reply, was a line that starts with ${JSON.stringify(kind)}`);
  }

  #readBulk(byteCount: number, start: number): Parsed | undefined {
    if (byteCount < 0) return { reply: null, end: start };
    const end = start + byteCount;
    if (this.#buffer.length < end + 2) return undefined;
    return { reply: this.#buffer.toString("utf8", start, end), end: end + 2 };
  }

  #readArray(count: number, start: number): Parsed | undefined {
    if (count < 0) return { reply: null, end: start };
    const items: RedisReply[] = [];
    let end = start;
    while (items.length < count) {
      const item = this.#read(end);
      if (item === undefined) return undefined;
      items.push(item.reply);
      end = item.end;
    }
    return { reply: items, end };
  }
}
