import type { RedisReply } from "./backend.ts";
import { ANY, command, type CommandTable, word } from "./memory-command.ts";
import { addIntegers, parseInteger } from "./memory-numbers.ts";
import { CommandError, type MemoryStore } from "./memory-store.ts";

const SYNTAX = "ERR syntax error";

interface SetOptions {
  expiresAtMs: number | undefined;
  isTtlKept: boolean;
  isReadBack: boolean;
  condition: "NX" | "XX" | undefined;
}

export const STRING_COMMANDS: CommandTable = new Map([
  command("get", [1, 1], (store, words) => store.string(word(words, 0)) ?? null),
  command("set", [2, ANY], runSet),
  command("setex", [3, 3], (store, words) =>
    runSet(store, [word(words, 0), word(words, 2), "EX", word(words, 1)]),
  ),
  command("setnx", [2, 2], (store, words) =>
    runSet(store, [word(words, 0), word(words, 1), "NX"]) === null ? 0 : 1,
  ),
  command("mget", [1, ANY], (store, words) =>
    words.map((key) => (store.typeOf(key) === "string" ? (store.string(key) ?? null) : null)),
  ),
  command("strlen", [1, 1], (store, words) =>
    Buffer.byteLength(store.string(word(words, 0)) ?? ""),
  ),
  command("incr", [1, 1], (store, words) => increment(store, word(words, 0), 1n)),
  command("decr", [1, 1], (store, words) => increment(store, word(words, 0), -1n)),
  command("incrby", [2, 2], (store, words) =>
    increment(store, word(words, 0), parseInteger(word(words, 1))),
  ),
  command("decrby", [2, 2], (store, words) =>
    increment(store, word(words, 0), -parseInteger(word(words, 1))),
  ),
]);

/** Adds to a counter and keeps its time to live. */
export function increment(store: MemoryStore, key: string, by: bigint): number {
  const sum = addIntegers(parseInteger(store.string(key) ?? "0"), by);
  store.set(key, { type: "string", text: String(sum) });
  return Number(sum);
}

function runSet(store: MemoryStore, words: readonly string[]): RedisReply {
  const [key, text] = [word(words, 0), word(words, 1)];
  const options = parseSetOptions(words.slice(2), store.nowMs());
  const exists = store.typeOf(key) !== "none";
  const old = options.isReadBack ? (store.string(key) ?? null) : null;
  const isRefused = options.condition !== undefined && (options.condition === "NX") === exists;
  if (!isRefused) {
    const value = { type: "string", text } as const;
    if (options.isTtlKept) store.set(key, value);
    else if (options.expiresAtMs === undefined) store.setForever(key, value);
    else store.set(key, value, options.expiresAtMs);
  }
  if (options.isReadBack) return old;
  return isRefused ? null : "OK";
}

function parseSetOptions(words: readonly string[], nowMs: number): SetOptions {
  const options: SetOptions = {
    expiresAtMs: undefined,
    isTtlKept: false,
    isReadBack: false,
    condition: undefined,
  };
  for (let index = 0; index < words.length; index += 1) {
    const name = word(words, index).toUpperCase();
    const isTimed = options.expiresAtMs !== undefined || options.isTtlKept;
    if (name === "NX" || name === "XX") {
      if (options.condition !== undefined && options.condition !== name) {
        throw new CommandError(SYNTAX);
      }
      options.condition = name;
    } else if (name === "GET") options.isReadBack = true;
    else if (name === "KEEPTTL" && !isTimed) options.isTtlKept = true;
    else if (["EX", "PX", "EXAT", "PXAT"].includes(name) && !isTimed) {
      index += 1;
      options.expiresAtMs = parseExpiry(name, words[index], nowMs);
    } else throw new CommandError(SYNTAX);
  }
  return options;
}

function parseExpiry(name: string, text: string | undefined, nowMs: number): number {
  if (text === undefined) throw new CommandError(SYNTAX);
  const count = Number(parseInteger(text));
  if (count <= 0) throw new CommandError("ERR invalid expire time in 'set' command");
  const timeMs = name.startsWith("EX") ? count * 1_000 : count;
  return name.endsWith("AT") ? timeMs : nowMs + timeMs;
}
