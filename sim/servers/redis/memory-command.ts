import type { RedisReply } from "./backend.ts";
import type { MemoryStore } from "./memory-store.ts";

export interface MemoryCommand {
  /** Fewest and most words after the name. */
  wordsMin: number;
  wordsMax: number;
  run(store: MemoryStore, words: readonly string[]): RedisReply;
}

export type CommandTable = ReadonlyMap<string, MemoryCommand>;

export function command(
  name: string,
  [wordsMin, wordsMax]: readonly [min: number, max: number],
  run: MemoryCommand["run"],
): [string, MemoryCommand] {
  return [name, { wordsMin, wordsMax, run }];
}

/** The word at `index`, which the arity check has made sure of. */
export function word(words: readonly string[], index: number): string {
  const found = words[index];
  if (found === undefined) throw new Error("expected a command of checked length");
  return found;
}

export const ANY = Number.POSITIVE_INFINITY;
