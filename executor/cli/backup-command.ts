import { existsSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { copyJournal } from "../store/backup.ts";
import { verifyJournal } from "../store/verify.ts";
import { EXIT, JOURNAL_FILE, type Command, type ExitCode } from "./command.ts";
import { tellVerified } from "./verify-command.ts";

/** Copies the journal beside a running executor, then holds the copy against itself. */
export async function runBackup(command: Command): Promise<ExitCode> {
  const { dataDir, words, print } = command;
  const target = resolve(words[0] ?? "");
  if (existsSync(target)) {
    print(`there is a file at ${target} already; nothing was copied, name another one`);
    return EXIT.refused;
  }
  try {
    await copyJournal(join(dataDir, JOURNAL_FILE), target);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    print(`the copy could not be made: ${error.message}`);
    return EXIT.failed;
  }
  const report = verifyJournal(target);
  if (report.problem !== null) {
    tellVerified(report, print);
    rmSync(target);
    print("the copy was removed; run `raptor verify` to see whether the journal itself is whole");
    return EXIT.problem;
  }
  print(`copied ${statSync(target).size} bytes to ${target}`);
  // A broken promise of the past is in the copy as it is in the journal, and is no fault of either.
  return tellVerified(report, print);
}
