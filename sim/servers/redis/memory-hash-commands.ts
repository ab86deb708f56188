import { ANY, command, type CommandTable, word } from "./memory-command.ts";
import { addIntegers, parseInteger } from "./memory-numbers.ts";
import { CommandError, type MemoryStore } from "./memory-store.ts";

export const HASH_COMMANDS: CommandTable = new Map([
  command("hset", [3, ANY], (store, words) => setFields(store, words)),
  command(
    "hget",
    [2, 2],
    (store, words) => store.hash(word(words, 0))?.get(word(words, 1)) ?? null,
  ),
  command("hgetall", [1, 1], (store, words) => [...(store.hash(word(words, 0)) ?? [])].flat()),
  command("hmget", [2, ANY], (store, words) => {
    const fields = store.hash(word(words, 0));
    return words.slice(1).map((field) => fields?.get(field) ?? null);
  }),
  command("hlen", [1, 1], (store, words) => store.hash(word(words, 0))?.size ?? 0),
  command("hexists", [2, 2], (store, words) =>
    store.hash(word(words, 0))?.has(word(words, 1)) === true ? 1 : 0,
  ),
  command("hdel", [2, ANY], (store, words) => deleteFields(store, words)),
  command("hincrby", [3, 3], (store, words) => {
    const by = parseInteger(word(words, 2));
    const old = store.hash(word(words, 0))?.get(word(words, 1)) ?? "0";
    const sum = addIntegers(parseInteger(old, "ERR hash value is not an integer"), by);
    setFields(store, [word(words, 0), word(words, 1), String(sum)]);
    return Number(sum);
  }),
]);

/** `words` is the key and then fields with their values; answers how many fields are new. */
export function setFields(store: MemoryStore, words: readonly string[]): number {
  if (words.length % 2 === 0) {
    throw new CommandError("ERR wrong number of arguments for 'hset' command");
  }
  const key = word(words, 0);
  const fields = new Map(store.hash(key) ?? []);
  const sizeBefore = fields.size;
  for (let index = 1; index < words.length; index += 2) {
    fields.set(word(words, index), word(words, index + 1));
  }
  store.set(key, { type: "hash", fields });
  return fields.size - sizeBefore;
}

/** A hash without fields does not exist. */
function deleteFields(store: MemoryStore, words: readonly string[]): number {
  const key = word(words, 0);
  const fields = store.hash(key);
  if (fields === undefined) return 0;
  const deleted = words.slice(1).filter((field) => fields.delete(field)).length;
  if (fields.size === 0) store.delete(key);
  return deleted;
}
