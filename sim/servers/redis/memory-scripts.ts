import type { RedisReply } from "./backend.ts";
import { setFields } from "./memory-hash-commands.ts";
import { parseGlob, parseInteger } from "./memory-numbers.ts";
import { CommandError, type MemoryStore } from "./memory-store.ts";
import { increment } from "./memory-string-commands.ts";
import { sha1 } from "./script-shebang.ts";

type Script = (
  store: MemoryStore,
  keys: readonly string[],
  inputs: readonly string[],
) => RedisReply;

/**
 * The scripts of the rate limit library, known by the hash of their text. An unknown text, such as
 * that of a newer library version, is refused: guessing what a script does would hide the change.
 */
const SCRIPTS: ReadonlyMap<string, Script> = new Map([
  ["b2efc02798c8e9b471a10f9b1d5745db89923ff3", limitFixedWindow],
  ["823cb2a5a902d69681244f5e28e5ebb8f2a89edd", readFixedWindow],
  ["74740bb3d7792848093cdef586b6b6037c455fd6", limitSlidingWindow],
  ["7ca36169e0fc9caedd81b4eef8e99854c157f9b5", readSlidingWindow],
  ["d60be5bd3d83482ae229309f1f7425424f891204", limitTokenBucket],
  ["40daf4a441df736f5c99f8b77bbe176c909e5de4", readTokenBucket],
  ["1861a700bafe96c833a483af6b1c28a8897cfdb0", limitCachedFixedWindow],
  ["eb82f0e853d2fc9a236fa9bfbe704fda6ac2fc36", readCachedFixedWindow],
  ["54bd274ddc59fb3be0f42deee2f64322a10e2b50", deleteMatching],
]);

/** EVAL, EVALSHA and SCRIPT over the known scripts; a hash counts only after its script came. */
export class MemoryScripts {
  readonly #loaded = new Set<string>();

  static isScriptCommand(command: readonly string[]): boolean {
    return ["EVAL", "EVALSHA", "SCRIPT"].includes(command[0]?.toUpperCase() ?? "");
  }

  /** @throws CommandError with the answer that Redis gives. */
  run(store: MemoryStore, command: readonly string[]): RedisReply {
    const name = (command[0] ?? "").toUpperCase();
    const words = command.slice(1);
    if (name === "SCRIPT") return this.#manage(words);
    if (words.length < 2) {
      throw new CommandError(`ERR wrong number of arguments for '${name.toLowerCase()}' command`);
    }
    if (name === "EVAL") return this.#call(store, this.#load(words[0] ?? ""), words);
    const hash = (words[0] ?? "").toLowerCase();
    if (!this.#loaded.has(hash)) {
      throw new CommandError("NOSCRIPT No matching script. Please use EVAL.");
    }
    return this.#call(store, hash, words);
  }

  #manage(words: readonly string[]): RedisReply {
    const action = (words[0] ?? "").toUpperCase();
    const rest = words.slice(1);
    if (action === "LOAD" && rest.length === 1) return this.#load(rest[0] ?? "");
    if (action === "EXISTS") return rest.map((hash) => (this.#loaded.has(hash) ? 1 : 0));
    if (action === "FLUSH") {
      this.#loaded.clear();
      return "OK";
    }
    throw new CommandError(`ERR unknown subcommand '${words[0] ?? ""}'. Try SCRIPT HELP.`);
  }

  #load(text: string): string {
    const hash = sha1(text);
    if (!SCRIPTS.has(hash)) {
      throw new CommandError(
        `ERR the in-memory store knows only the rate limit scripts, was ${hash}; ` +
          "install redis-server to run others",
      );
    }
    this.#loaded.add(hash);
    return hash;
  }

  #call(store: MemoryStore, hash: string, words: readonly string[]): RedisReply {
    const script = SCRIPTS.get(hash);
    if (script === undefined) throw new Error("expected a loaded script to be known");
    const keyCount = Number(parseInteger(words[1] ?? ""));
    if (keyCount < 0) throw new CommandError("ERR Number of keys can't be negative");
    if (keyCount > words.length - 2) {
      throw new CommandError("ERR Number of keys can't be greater than number of args");
    }
    return script(store, words.slice(2, 2 + keyCount), words.slice(2 + keyCount));
  }
}

function numberAt(inputs: readonly string[], index: number): number {
  return Number(inputs[index]);
}

function countAt(store: MemoryStore, key: string | undefined): number {
  return Number(store.string(key ?? "") ?? 0);
}

/** A limit stored under its own key replaces the caller's. */
function readLimit(store: MemoryStore, key: string | undefined, fallback: number): number {
  const stored = key === undefined || key === "" ? undefined : store.string(key);
  return stored === undefined ? fallback : Number(stored);
}

function addTokens(store: MemoryStore, key: string, count: number): number {
  return increment(store, key, BigInt(count));
}

function limitFixedWindow(
  store: MemoryStore,
  [key = "", limitKey]: readonly string[],
  inputs: readonly string[],
): RedisReply {
  const limit = readLimit(store, limitKey, numberAt(inputs, 0));
  const used = addTokens(store, key, numberAt(inputs, 2));
  if (used === numberAt(inputs, 2)) store.expireAt(key, store.nowMs() + numberAt(inputs, 1));
  return [used, limit];
}

function readFixedWindow(
  store: MemoryStore,
  [key, limitKey]: readonly string[],
  inputs: readonly string[],
): RedisReply {
  const limit = readLimit(store, limitKey, numberAt(inputs, 0));
  return [limit - countAt(store, key), limit];
}

/** What of the previous window still counts: its share that the sliding window overlaps. */
function weighPrevious(
  store: MemoryStore,
  key: string | undefined,
  inputs: readonly string[],
): number {
  const [nowMs, windowMs] = [numberAt(inputs, 1), numberAt(inputs, 2)];
  return Math.floor((1 - (nowMs % windowMs) / windowMs) * countAt(store, key));
}

function limitSlidingWindow(
  store: MemoryStore,
  [currentKey = "", previousKey, limitKey]: readonly string[],
  inputs: readonly string[],
): RedisReply {
  const limit = readLimit(store, limitKey, numberAt(inputs, 0));
  const by = numberAt(inputs, 3);
  const previous = weighPrevious(store, previousKey, inputs);
  // A refund is never refused.
  if (by > 0 && previous + countAt(store, currentKey) >= limit) return [-1, limit];
  const used = addTokens(store, currentKey, by);
  if (used === by) {
    store.expireAt(currentKey, store.nowMs() + numberAt(inputs, 2) * 2 + 1_000);
  }
  return [limit - (used + previous), limit];
}

function readSlidingWindow(
  store: MemoryStore,
  [currentKey, previousKey, limitKey]: readonly string[],
  inputs: readonly string[],
): RedisReply {
  const limit = readLimit(store, limitKey, numberAt(inputs, 0));
  const used = weighPrevious(store, previousKey, inputs) + countAt(store, currentKey);
  return [limit - used, limit];
}

function limitTokenBucket(
  store: MemoryStore,
  [key = "", limitKey]: readonly string[],
  inputs: readonly string[],
): RedisReply {
  const limit = readLimit(store, limitKey, numberAt(inputs, 0));
  const [intervalMs, refillRate] = [numberAt(inputs, 1), numberAt(inputs, 2)];
  const [nowMs, by] = [numberAt(inputs, 3), numberAt(inputs, 4)];
  const bucket = store.hash(key);
  let refilledAtMs = Number(bucket?.get("refilledAt") ?? nowMs);
  let tokens = Number(bucket?.get("tokens") ?? limit);
  if (nowMs >= refilledAtMs + intervalMs) {
    const refills = Math.floor((nowMs - refilledAtMs) / intervalMs);
    tokens = Math.min(limit, tokens + refills * refillRate);
    refilledAtMs += refills * intervalMs;
  }
  if (by > 0 && tokens < by) return [-1, refilledAtMs + intervalMs, limit];
  const remaining = tokens - by;
  setFields(store, [key, "refilledAt", String(refilledAtMs), "tokens", String(remaining)]);
  const fullInMs = Math.ceil((limit - remaining) / refillRate) * intervalMs;
  if (fullInMs > 0) store.expireAt(key, store.nowMs() + fullInMs);
  return [remaining, refilledAtMs + intervalMs, limit];
}

function readTokenBucket(
  store: MemoryStore,
  [key = "", limitKey]: readonly string[],
  inputs: readonly string[],
): RedisReply {
  const limit = readLimit(store, limitKey, numberAt(inputs, 0));
  const bucket = store.hash(key);
  if (bucket === undefined) return [limit, -1, limit];
  return [Number(bucket.get("tokens")), Number(bucket.get("refilledAt")), limit];
}

/** The library's script compares a number with a text here, so its key never gets to expire. */
function limitCachedFixedWindow(
  store: MemoryStore,
  [key = ""]: readonly string[],
  inputs: readonly string[],
): RedisReply {
  return addTokens(store, key, numberAt(inputs, 1));
}

function readCachedFixedWindow(store: MemoryStore, [key = ""]: readonly string[]): RedisReply {
  return store.string(key) ?? 0;
}

function deleteMatching(store: MemoryStore, [pattern = ""]: readonly string[]): RedisReply {
  const matcher = parseGlob(pattern);
  for (const key of store.keys()) if (matcher.test(key)) store.delete(key);
  return null;
}
