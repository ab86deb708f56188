import type { RedisReply } from "./backend.ts";
import { ANY, command, type CommandTable, word } from "./memory-command.ts";
import { formatScore, parseFloatScore, parseInteger } from "./memory-numbers.ts";
import { CommandError, type MemoryStore } from "./memory-store.ts";

export const ZSET_COMMANDS: CommandTable = new Map([
  command("zadd", [3, ANY], (store, words) => addScores(store, words)),
  command("zincrby", [3, 3], (store, words) => {
    const by = parseFloatScore(word(words, 1));
    const scores = new Map(store.sortedSet(word(words, 0)) ?? []);
    const score = (scores.get(word(words, 2)) ?? 0) + by;
    if (Number.isNaN(score)) throw new CommandError("ERR resulting score is not a number (NaN)");
    scores.set(word(words, 2), score);
    store.set(word(words, 0), { type: "zset", scores });
    return formatScore(score);
  }),
  command("zscore", [2, 2], (store, words) => {
    const score = store.sortedSet(word(words, 0))?.get(word(words, 1));
    return score === undefined ? null : formatScore(score);
  }),
  command("zcard", [1, 1], (store, words) => store.sortedSet(word(words, 0))?.size ?? 0),
  command("zrange", [3, 4], (store, words) => rangeByIndex(store, words)),
]);

function addScores(store: MemoryStore, words: readonly string[]): number {
  if (words.length % 2 === 0) throw new CommandError("ERR syntax error");
  const scores = new Map(store.sortedSet(word(words, 0)) ?? []);
  const sizeBefore = scores.size;
  for (let index = 1; index < words.length; index += 2) {
    scores.set(word(words, index + 1), parseFloatScore(word(words, index)));
  }
  store.set(word(words, 0), { type: "zset", scores });
  return scores.size - sizeBefore;
}

/** Only ranges by index: what the dump and the libraries use. */
function rangeByIndex(store: MemoryStore, words: readonly string[]): RedisReply {
  const isScored = words[3]?.toUpperCase() === "WITHSCORES";
  if (words[3] !== undefined && !isScored) throw new CommandError("ERR syntax error");
  const sorted = [...(store.sortedSet(word(words, 0)) ?? [])].toSorted(
    ([leftName, left], [rightName, right]) => left - right || (leftName < rightName ? -1 : 1),
  );
  const at = (index: number): number => {
    const position = Number(parseInteger(word(words, index)));
    return position < 0 ? Math.max(0, sorted.length + position) : position;
  };
  const isEmptyEnd = Number(parseInteger(word(words, 2))) < -sorted.length;
  const range = isEmptyEnd ? [] : sorted.slice(at(1), at(2) + 1);
  return range.flatMap(([name, score]) => (isScored ? [name, formatScore(score)] : [name]));
}
