import { type RedisBackend, RedisFailure, type RedisReply } from "./backend.ts";

export interface DumpedKey {
  type: string;
  /** Null when the key stays for ever. */
  ttlMs: number | null;
  value: RedisReply;
}

const READERS: ReadonlyMap<string, (key: string) => string[]> = new Map([
  ["string", (key: string) => ["GET", key]],
  ["hash", (key: string) => ["HGETALL", key]],
  ["zset", (key: string) => ["ZRANGE", key, "0", "-1", "WITHSCORES"]],
  ["set", (key: string) => ["SMEMBERS", key]],
  ["list", (key: string) => ["LRANGE", key, "0", "-1"]],
]);

/** Everything the store holds, by key, so that a test can say what must not be in there. */
export async function dumpKeys(backend: RedisBackend): Promise<Record<string, DumpedKey>> {
  const keys = await backend.execute(["KEYS", "*"]);
  if (!Array.isArray(keys)) throw new Error("expected a list of keys");
  const dump: Record<string, DumpedKey> = {};
  for (const key of keys.map(String).toSorted()) {
    const type = String(await backend.execute(["TYPE", key]));
    const ttlMs = Number(await backend.execute(["PTTL", key]));
    // The key ran out between the list and this line.
    if (type === "none" || ttlMs === -2) continue;
    const read = READERS.get(type);
    const value = read === undefined ? null : await backend.execute(read(key));
    if (value instanceof RedisFailure) throw new Error(`cannot dump ${key}: ${value.message}`);
    dump[key] = { type, ttlMs: ttlMs === -1 ? null : ttlMs, value };
  }
  return dump;
}
