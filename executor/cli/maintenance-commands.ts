import { join } from "node:path";
import type { Log } from "@raptor/shared/seams/log.ts";
import { readCursor } from "../mirror/cursor.ts";
import { createNodeIds } from "../server/node-seams.ts";
import { createNodePostgres } from "../server/node-postgres.ts";
import { compactJournal } from "../store/compact.ts";
import { holdExecutorLock } from "../store/lock.ts";
import { purgePersonAt } from "../store/purge-person.ts";
import type { StoreOptions } from "../store/sqlite-store.ts";
import { readVersion } from "../version.ts";
import {
  databaseUrlOf,
  EXIT,
  JOURNAL_FILE,
  LOCK_FILE,
  type Command,
  type ExitCode,
} from "./command.ts";

const DAY_MS = 24 * 3_600_000;
/** Older than any question that is still asked in the chat. */
const KEPT_DAYS = 30;
const KEPT_DAYS_MAX = 3_650;
const POSTGRES_MS = 10_000;

/** For this process as the one writer; the caller holds the lock. */
export function storeOptionsOf({ dataDir, clock, print }: Command): StoreOptions {
  return {
    path: join(dataDir, JOURNAL_FILE),
    clock,
    ids: createNodeIds(),
    log: createPrintLog(print),
    release: readVersion(),
    // What is fatal to the journal also fails the transaction, and with it the command.
    onFatal: () => {},
  };
}

/** Moves old events into an archive beside the journal; refused while an executor runs. */
export async function runCompact(command: Command): Promise<ExitCode> {
  const { dataDir, clock, print } = command;
  const days = Number(command.option("keep-days") ?? KEPT_DAYS);
  if (!Number.isInteger(days) || days < 1 || days > KEPT_DAYS_MAX) {
    print(`--keep-days: expected a whole number from 1 to ${KEPT_DAYS_MAX}`);
    return EXIT.usage;
  }
  const lock = holdExecutorLock(join(dataDir, LOCK_FILE));
  try {
    const nowMs = clock.nowMs();
    const mirroredSeq = await mirroredSeqOf(command);
    const report = compactJournal(join(dataDir, JOURNAL_FILE), {
      beforeMs: nowMs - days * DAY_MS,
      nowMs,
      release: readVersion(),
      ...(mirroredSeq === undefined ? {} : { mirroredSeq }),
    });
    const { movedEvents, anchorSeq, archivePath, isShrunk } = report;
    if (movedEvents === 0) print("nothing is old enough, or what is old is not over yet");
    else print(`moved ${movedEvents} events, up to ${anchorSeq}, to ${archivePath}`);
    if (movedEvents > 0 && !isShrunk) print("the file itself could not be made smaller: no room");
    return EXIT.fine;
  } finally {
    lock.release();
  }
}

/** What the mirror does not have yet stays here. @throws RAPTOR_POSTGRES__LOST, __REFUSED. */
async function mirroredSeqOf({ env, clock }: Command): Promise<number | undefined> {
  const connectionString = databaseUrlOf(env);
  if (connectionString === "" || env["MIRROR"]?.trim() === "off") return undefined;
  const session = await createNodePostgres({ connectionString, clock }).open(
    "compact",
    POSTGRES_MS,
  );
  try {
    return (await readCursor(session)).seq;
  } finally {
    session.close();
  }
}

/** Removes what a person wrote; the journal keeps its digests and goes on to verify. */
export async function runPurge(command: Command): Promise<ExitCode> {
  const { dataDir, words, print } = command;
  const userId = Number(words[0]);
  if (!Number.isSafeInteger(userId) || userId < 1) {
    print("expected the Telegram id of a person, a whole number");
    return EXIT.usage;
  }
  const lock = holdExecutorLock(join(dataDir, LOCK_FILE));
  try {
    const texts = await purgePersonAt(storeOptionsOf(command), userId);
    print(`removed ${texts} texts of person ${userId}`);
    print("Copies keep them: backups, snapshots, the bucket, and the messages in Telegram itself.");
    return EXIT.fine;
  } finally {
    lock.release();
  }
}

function createPrintLog(print: (line: string) => void): Log {
  const say = (_fields: unknown, message: string): void => print(message);
  return { debug: () => {}, info: () => {}, warn: say, error: say };
}
