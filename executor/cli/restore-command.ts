import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { readCursor } from "../mirror/cursor.ts";
import { restoreFromPostgres, type RestoreReport } from "../mirror/restore.ts";
import type { Postgres } from "../ports/postgres.ts";
import { checkDatabaseUrl } from "../server/database-url.ts";
import { createNodePostgres } from "../server/node-postgres.ts";
import { copyJournal, DATABASE_SUFFIXES, syncPath } from "../store/backup.ts";
import { incomingPathOf } from "../store/incoming.ts";
import { holdExecutorLock } from "../store/lock.ts";
import { markRestored } from "../store/recovery-mark.ts";
import { verifyJournal } from "../store/verify.ts";
import { readVersion } from "../version.ts";
import { EXIT, JOURNAL_FILE, LOCK_FILE, type Command, type ExitCode } from "./command.ts";
import { handOver } from "./hand-over.ts";
import { tellVerified } from "./verify-command.ts";

const ANSWER_MS = 10_000;
const DRAFT_FILE = "journal.draft.db";
const AFTERWARDS = [
  "What the next start does: every button is void, commands that were under way are not run again",
  "but asked about, attempts that are not decided are looked for on the chain, and nobody's buys",
  "go on until that person has looked. Exits are armed as always.",
];

/** Puts a journal back from a copy, never over another one and never under a running executor. */
export async function runRestore(command: Command): Promise<ExitCode> {
  const { dataDir, print } = command;
  const from = command.option("from");
  const isBackup = from === "backup" && command.words.length === 1;
  const isPostgres = from === "postgres" && command.words.length === 0;
  if (!isBackup && !isPostgres) {
    print("usage: raptor restore --from backup <file>, or raptor restore --from postgres");
    return EXIT.usage;
  }
  mkdirSync(dataDir, { recursive: true });
  // Held to the end: no executor may start on a journal that is half there.
  const lock = holdExecutorLock(join(dataDir, LOCK_FILE));
  try {
    const code = isBackup ? await fromBackup(command) : await fromPostgres(command);
    if (code === EXIT.fine) for (const line of AFTERWARDS) print(line);
    return code;
  } finally {
    lock.release();
  }
}

async function fromBackup(command: Command): Promise<ExitCode> {
  const { print, clock } = command;
  const file = resolve(command.words[0] ?? "");
  if (!existsSync(file)) {
    print(`there is no file at ${file}; nothing was changed`);
    return EXIT.refused;
  }
  if (!mayReplace(command)) return EXIT.refused;
  const report = verifyJournal(file);
  if (report.problem !== null) {
    tellVerified(report, print);
    print("nothing was changed: a copy that does not hold is not put back");
    return EXIT.problem;
  }
  const { events: headSeq, headHash } = report;
  const putBack = async (): Promise<void> => {
    const draft = draftOf(command);
    await copyJournal(file, draft);
    markRestored(draft, { from: "backup", atMs: clock.nowMs(), headSeq, headHash });
    putInPlace(command, draft);
  };
  await handOver(command, async () => headSeq, putBack);
  print(`put back ${basename(file)}: last event ${headSeq}, head ${headHash}`);
  return EXIT.fine;
}

async function fromPostgres(command: Command): Promise<ExitCode> {
  const { env, clock, print } = command;
  const connectionString = env["DATABASE_URL"]?.trim() ?? "";
  const problem = checkDatabaseUrl(connectionString);
  if (problem !== undefined) {
    print(`DATABASE_URL: ${problem}; nothing was changed`);
    return EXIT.usage;
  }
  if (!mayReplace(command)) return EXIT.refused;
  const vaultFrom = command.option("vault-from");
  const postgres = createNodePostgres({ connectionString, clock });
  const putBack = async (): Promise<RestoreReport> => {
    const draft = draftOf(command);
    const report = await restoreFromPostgres({
      postgres,
      clock,
      path: draft,
      release: readVersion(),
      ...(vaultFrom === undefined ? {} : { vaultFrom: resolve(vaultFrom) }),
    });
    putInPlace(command, draft);
    return report;
  };
  const fetchCopiedSeq = () => fetchMirroredSeq(postgres);
  // An unreadable copy must show before the old executor is fenced for it.
  await fetchCopiedSeq();
  const report = await handOver(command, fetchCopiedSeq, putBack);
  const { head, wallets, isCompared } = report;
  print(`put back from Postgres: last event ${head.seq}, head ${head.hash}, ${wallets} wallets`);
  if (!isCompared) print("another release had folded the copy: only its events were compared");
  return EXIT.fine;
}

async function fetchMirroredSeq(postgres: Postgres): Promise<number> {
  const session = await postgres.open("restore", ANSWER_MS);
  try {
    return (await readCursor(session)).seq;
  } finally {
    session.close();
  }
}

/**
 * Built beside the journal, so that a failure on the way leaves everything as it was: also what a
 * restore before it left, which keeps an empty journal from being begun.
 */
function draftOf({ dataDir }: Command): string {
  const draft = join(dataDir, DRAFT_FILE);
  for (const suffix of DATABASE_SUFFIXES) rmSync(draft + suffix, { force: true });
  return draft;
}

function presentFiles({ dataDir }: Command): string[] {
  const path = join(dataDir, JOURNAL_FILE);
  return DATABASE_SUFFIXES.map((suffix) => path + suffix).filter((file) => existsSync(file));
}

function mayReplace(command: Command): boolean {
  if (command.has("move-aside") || presentFiles(command).length === 0) return true;
  command.print("there is a journal already; nothing was changed");
  command.print("Add --move-aside to keep it in a folder beside and go on.");
  return false;
}

/** Moves what stands there aside; it is never overwritten or removed. */
function putInPlace(command: Command, draft: string): void {
  const { dataDir, clock, print } = command;
  const present = presentFiles(command);
  const incoming = incomingPathOf(join(dataDir, JOURNAL_FILE));
  // From here on it stands in for the journal, should this end halfway.
  syncPath(draft);
  renameSync(draft, incoming);
  syncPath(dataDir);
  if (present.length > 0) {
    const stamp = new Date(clock.nowMs()).toISOString().replace(/[:.]/g, "-");
    const aside = join(dataDir, `before-restore-${stamp}`);
    mkdirSync(aside, { mode: 0o700 });
    for (const file of present) renameSync(file, join(aside, basename(file)));
    print(`the journal that was there is kept in ${aside}`);
  }
  renameSync(incoming, join(dataDir, JOURNAL_FILE));
  syncPath(dataDir);
}
