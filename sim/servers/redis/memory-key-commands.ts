import type { RedisReply } from "./backend.ts";
import { ANY, command, type CommandTable, word } from "./memory-command.ts";
import { parseGlob, parseInteger } from "./memory-numbers.ts";
import { CommandError, type MemoryStore } from "./memory-store.ts";

export const KEY_COMMANDS: CommandTable = new Map([
  command("del", [1, ANY], (store, words) => words.filter((key) => store.delete(key)).length),
  command("unlink", [1, ANY], (store, words) => words.filter((key) => store.delete(key)).length),
  command(
    "exists",
    [1, ANY],
    (store, words) => words.filter((key) => store.typeOf(key) !== "none").length,
  ),
  command("type", [1, 1], (store, words) => store.typeOf(word(words, 0))),
  command("expire", [2, 3], (store, words) => expire(store, words, 1_000)),
  command("pexpire", [2, 3], (store, words) => expire(store, words, 1)),
  command("persist", [1, 1], (store, words) => {
    const key = word(words, 0);
    if (store.expiresAtMs(key) === undefined) return 0;
    store.expireAt(key, undefined);
    return 1;
  }),
  command("ttl", [1, 1], (store, words) => {
    const leftMs = timeLeftMs(store, word(words, 0));
    return leftMs < 0 ? leftMs : Math.floor((leftMs + 500) / 1_000);
  }),
  command("pttl", [1, 1], (store, words) => timeLeftMs(store, word(words, 0))),
  command("keys", [1, 1], (store, words) => {
    const pattern = parseGlob(word(words, 0));
    return store.keys().filter((key) => pattern.test(key));
  }),
  command("scan", [1, ANY], scan),
  command("dbsize", [0, 0], (store) => store.keys().length),
  command("flushall", [0, 1], flush),
  command("flushdb", [0, 1], flush),
  command("ping", [0, 1], (_, words) => words[0] ?? "PONG"),
  command("echo", [1, 1], (_, words) => word(words, 0)),
  command("time", [0, 0], (store) => [
    String(Math.floor(store.nowMs() / 1_000)),
    String(Math.floor(store.nowMs() % 1_000) * 1_000),
  ]),
]);

function flush(store: MemoryStore): RedisReply {
  store.clear();
  return "OK";
}

/** -2 without the key, -1 without a time to live, as Redis says it. */
function timeLeftMs(store: MemoryStore, key: string): number {
  if (store.typeOf(key) === "none") return -2;
  const expiresAtMs = store.expiresAtMs(key);
  return expiresAtMs === undefined ? -1 : Math.max(0, Math.round(expiresAtMs - store.nowMs()));
}

function expire(store: MemoryStore, words: readonly string[], unitMs: number): number {
  const key = word(words, 0);
  const untilMs = store.nowMs() + Number(parseInteger(word(words, 1))) * unitMs;
  const flag = words[2]?.toUpperCase();
  const oldMs = store.expiresAtMs(key);
  if (flag !== undefined && !["NX", "XX", "GT", "LT"].includes(flag)) {
    throw new CommandError(`ERR Unsupported option ${words[2]}`);
  }
  // A key that stays for ever counts as the latest expiry of all.
  const isRefused =
    (flag === "NX" && oldMs !== undefined) ||
    (flag === "XX" && oldMs === undefined) ||
    (flag === "GT" && untilMs <= (oldMs ?? Number.POSITIVE_INFINITY)) ||
    (flag === "LT" && untilMs >= (oldMs ?? Number.POSITIVE_INFINITY));
  return !isRefused && store.expireAt(key, untilMs) ? 1 : 0;
}

/**
 * One page holds everything: Redis may answer more than COUNT, and a key that lives through the
 * whole scan must be seen, which a cursor over a changing map could not promise.
 */
function scan(store: MemoryStore, words: readonly string[]): RedisReply {
  if (!/^[0-9]+$/.test(word(words, 0))) throw new CommandError("ERR invalid cursor");
  let pattern = /^/;
  let type: string | undefined;
  for (let index = 1; index < words.length; index += 2) {
    const value = words[index + 1];
    const name = word(words, index).toUpperCase();
    if (value === undefined) throw new CommandError("ERR syntax error");
    if (name === "MATCH") pattern = parseGlob(value);
    else if (name === "TYPE") type = value.toLowerCase();
    else if (name !== "COUNT" || parseInteger(value) < 1n) {
      throw new CommandError("ERR syntax error");
    }
  }
  const isWanted = (key: string): boolean =>
    pattern.test(key) && (type === undefined || store.typeOf(key) === type);
  return ["0", store.keys().filter(isWanted)];
}
