import type { RedisReply } from "./backend.ts";
import { HASH_COMMANDS } from "./memory-hash-commands.ts";
import { KEY_COMMANDS } from "./memory-key-commands.ts";
import { type CommandTable } from "./memory-command.ts";
import { CommandError, type MemoryStore } from "./memory-store.ts";
import { STRING_COMMANDS } from "./memory-string-commands.ts";
import { ZSET_COMMANDS } from "./memory-zset-commands.ts";

const COMMANDS: CommandTable = new Map([
  ...STRING_COMMANDS,
  ...HASH_COMMANDS,
  ...ZSET_COMMANDS,
  ...KEY_COMMANDS,
]);

/** @throws CommandError when the command is unknown or has too few or too many words. */
export function checkCommand(command: readonly string[]): void {
  const name = command[0] ?? "";
  const known = COMMANDS.get(name.toLowerCase());
  const words = command.slice(1);
  if (known === undefined) {
    const shown = words.map((word) => `'${word}' `).join("");
    throw new CommandError(`ERR unknown command '${name}', with args beginning with: ${shown}`);
  }
  if (words.length < known.wordsMin || words.length > known.wordsMax) {
    const lowered = name.toLowerCase();
    throw new CommandError(`ERR wrong number of arguments for '${lowered}' command`);
  }
}

/** Runs one command of the store. @throws CommandError with the answer that Redis gives. */
export function runCommand(store: MemoryStore, command: readonly string[]): RedisReply {
  checkCommand(command);
  const known = COMMANDS.get((command[0] ?? "").toLowerCase());
  if (known === undefined) throw new Error("expected a checked command");
  return known.run(store, command.slice(1));
}
