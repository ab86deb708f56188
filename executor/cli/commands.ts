import { runBackup } from "./backup-command.ts";
import type { Command, ExitCode } from "./command.ts";
import { runDoctor } from "./doctor-command.ts";
import { runKill } from "./kill-command.ts";
import { runPositions, runStatus } from "./look-commands.ts";
import { runCompact, runPurge } from "./maintenance-commands.ts";
import { runReplay } from "./replay-command.ts";
import { runRestore } from "./restore-command.ts";
import { runVerify } from "./verify-command.ts";
import { runWhy } from "./why-command.ts";

export interface CommandSpec {
  run(command: Command): ExitCode | Promise<ExitCode>;
  needsJournal: boolean;
  wordsMin?: number;
  wordsMax?: number;
  /** Switches without a value. */
  flags?: readonly string[];
  /** Switches whose value is the next word. */
  options?: readonly string[];
}

/** A reason is a sentence of many words. */
const WORDS_MAX = 64;

export const COMMANDS: Readonly<Record<string, CommandSpec>> = {
  verify: { run: runVerify, needsJournal: true },
  why: { run: runWhy, needsJournal: true, wordsMin: 1 },
  replay: { run: runReplay, needsJournal: true },
  positions: { run: runPositions, needsJournal: true, flags: ["json"] },
  status: { run: runStatus, needsJournal: true, flags: ["json"] },
  kill: { run: runKill, needsJournal: true, wordsMax: WORDS_MAX, flags: ["panic", "yes"] },
  backup: { run: runBackup, needsJournal: true, wordsMin: 1 },
  restore: {
    run: runRestore,
    needsJournal: false,
    wordsMax: 1,
    flags: ["move-aside", "old-is-gone"],
    options: ["from", "vault-from"],
  },
  compact: { run: runCompact, needsJournal: true, options: ["keep-days"] },
  purge: { run: runPurge, needsJournal: true, wordsMin: 1 },
  doctor: { run: runDoctor, needsJournal: false, flags: ["fix"] },
};

export const USAGE = `usage: raptor <command> [--data DIR]

  verify                    fold the journal again, check its chain and every invariant
  why <id>                  the story of a job, ticket, order, attempt, signature, fill or position
  replay                    decide again with the rules of this release, and compare
  positions [--json]        what is open, with live prices when an executor runs
  status [--json]           how the desk is
  kill [reason...]          halt all entries, with or without a running executor
  kill --panic --yes        the same, and sell everything of everybody
  backup <file>             copy the journal beside a running executor, and verify the copy
  restore --from backup <file> [--move-aside] [--old-is-gone]
  restore --from postgres [--vault-from FILE] [--move-aside] [--old-is-gone]
                            put a journal back where no executor runs
  compact [--keep-days N]   move events older than N days (30) to an archive; executor stopped
  purge <user id>           remove what a person wrote; executor stopped
  doctor [--fix]            look at all that a desk needs; mend schedule and webhook

DIR is the executor's data directory; without it the DATA_DIR setting is used.
Exit codes: 0 fine, 1 a problem was found, 2 wrong usage, 3 refused, 4 failed. See docs/cli.md.`;
