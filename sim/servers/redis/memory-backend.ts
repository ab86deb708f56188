import type { Clock } from "@raptor/shared/seams/clock.ts";
import { type RedisBackend, RedisFailure, type RedisReply } from "./backend.ts";
import { checkCommand, runCommand } from "./memory-commands.ts";
import { MemoryScripts } from "./memory-scripts.ts";
import { CommandError, MemoryStore } from "./memory-store.ts";

/** What the vendor's clients use of Redis, for machines without a redis-server. */
export function createMemoryBackend(clock: Clock): RedisBackend {
  const store = new MemoryStore(() => clock.nowMs());
  const scripts = new MemoryScripts();

  function run(command: readonly string[]): RedisReply {
    return answering(() =>
      MemoryScripts.isScriptCommand(command)
        ? scripts.run(store, command)
        : runCommand(store, command),
    );
  }

  function runAll(commands: readonly (readonly string[])[]): RedisReply[] | RedisFailure {
    for (const command of commands) {
      if (MemoryScripts.isScriptCommand(command)) continue;
      const refused = answering(() => {
        checkCommand(command);
        return null;
      });
      if (refused instanceof RedisFailure) {
        return new RedisFailure("EXECABORT Transaction discarded because of previous errors.");
      }
    }
    return commands.map(run);
  }

  return {
    name: "memory",
    execute: (command) => Promise.resolve(run(command)),
    transaction: (commands) => Promise.resolve(runAll(commands)),
    close: () => Promise.resolve(),
  };
}

function answering(task: () => RedisReply): RedisReply {
  try {
    return task();
  } catch (error) {
    if (error instanceof CommandError) return error.failure;
    throw error;
  }
}
