import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Net } from "@raptor/shared/seams/net.ts";
import { checkDatabaseUrl } from "../server/database-url.ts";

/** What the terminal and the machine give, so that tests need neither. */
export interface CliSeams {
  /** The environment as it is, unread. */
  env: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  /** Made only by commands that talk to the outside. */
  openNet(): Net & { close(): void };
  print(line: string): void;
}

/** One command with its words and switches, on one data directory. */
export interface Command extends CliSeams {
  dataDir: string;
  words: readonly string[];
  has(flag: string): boolean;
  /** The value of `--name`. */
  option(name: string): string | undefined;
}

/** Exit codes, the same for every command; docs/cli.md explains them. */
export const EXIT = {
  fine: 0,
  /** What was looked at is not well, or nothing is known by that id. */
  problem: 1,
  usage: 2,
  /** Nothing was done, because the present state does not allow it. */
  refused: 3,
  /** It was begun and could not be carried out. */
  failed: 4,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * The database of the setting, or "" without one. The executor refuses a connection that others
 * could read; a command that runs beside it must not be the one that tells them the password.
 * @throws RAPTOR_ENV__INVALID saying what is wrong with it, and not what it says.
 */
export function databaseUrlOf(env: Command["env"]): string {
  const text = env["DATABASE_URL"]?.trim() ?? "";
  const problem = text === "" ? undefined : checkDatabaseUrl(text);
  if (problem === undefined) return text;
  throw new RaptorError("RAPTOR_ENV__INVALID", { setting: "DATABASE_URL", problem });
}

export const JOURNAL_FILE = "journal.db";
export const LOCK_FILE = "executor.lock";
