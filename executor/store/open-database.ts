import { DatabaseSync } from "node:sqlite";
import { assert, isRaptorError, RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { readAnchor } from "./anchor.ts";
import { chainHash, GENESIS_HASH, type Head } from "./hash-chain.ts";
import { JOURNAL_COLUMNS_SQL, readStoredEvent } from "./journal-rows.ts";
import { migrate, readFileVersion } from "./migrate.ts";
import { assertIsReadable } from "./migrations.ts";
import { makeOwnerOnly } from "./owner-only.ts";
import { checkSqliteVersion } from "./sqlite-version.ts";
import { isIoError, sqliteErrorKind } from "./sqlite-error.ts";
import { Statements } from "./statements.ts";

/** For openings, before anything runs that could be kept waiting. */
const OPEN_BUSY_MS = 1_000;
/**
 * SQLite waits inside the call, so this is how long a foreign lock can stop the event loop. The
 * backup sidecar's checkpoints are mostly shorter; who meets a longer one asks again by a timer.
 */
const RUN_BUSY_MS = 20;
/** The WAL file is cut back to this after a checkpoint. */
const WAL_BYTES_KEPT = 16 * 1024 * 1024;
/** How many of the last events are checked at every start; `raptor verify` checks all. */
const TAIL_EVENTS = 256;
const SYNCHRONOUS_FULL = 2;

/**
 * Opens the journal for writing and asserts what durability rests on.
 * @throws RAPTOR_JOURNAL__VERSION, __READ_ONLY, __FULL, __BUSY, __IO_FAILED, __DAMAGED.
 */
function openDatabase(
  { path, onFolding, walPagesMax, connect }: Omit<OpenOptions, "release" | "makeRoom">,
  release: string | undefined,
): DatabaseSync {
  return translated(path, () => {
    const database = (connect ?? connectToFile)(path);
    try {
      prepareDatabase(database, release, onFolding);
      setBusyTimeout(database, RUN_BUSY_MS);
      if (walPagesMax !== undefined) database.exec(`pragma wal_autocheckpoint = ${walPagesMax}`);
      return database;
    } catch (error) {
      // Closing would sync a file whose syncing has just failed; the process ends instead.
      if (sqliteErrorKind(error) !== "fatal") database.close();
      throw error;
    }
  });
}

function connectToFile(path: string): DatabaseSync {
  makeOwnerOnly(path);
  return new DatabaseSync(path, { timeout: OPEN_BUSY_MS });
}

interface OpenOptions {
  path: string;
  release: string;
  /** How the file is opened; by SQLite's own calls unless given. */
  connect?(path: string): DatabaseSync;
  makeRoom?(): boolean;
  /** Called now and then while the tables are folded anew, which holds the event loop up. */
  onFolding?: () => void;
  walPagesMax?: number;
}

/**
 * Opens the journal; on a full disk once more when room could be made, and where there is none
 * without a note of this release: the caller then waits for room with an open journal instead of
 * ending and meeting the same disk again.
 */
export function openDatabaseWithRoom(options: OpenOptions): DatabaseSync {
  try {
    return openDatabase(options, options.release);
  } catch (error) {
    const { makeRoom } = options;
    if (!isRaptorError(error, "RAPTOR_JOURNAL__FULL") || makeRoom === undefined) throw error;
    return openDatabase(options, makeRoom() ? options.release : undefined);
  }
}

/**
 * A second connection beside a running executor; it can never write. It sees the journal file
 * alone; `attachArchive` adds what a compaction moved away.
 */
export function openDatabaseReadOnly(path: string): DatabaseSync {
  return translated(path, () => {
    const database = new DatabaseSync(path, { readOnly: true, timeout: OPEN_BUSY_MS });
    try {
      assertIsReadable(readFileVersion(new Statements(database)));
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** For the last commits of a process that has stopped everything else. */
export function waitForLocks(database: DatabaseSync): void {
  setBusyTimeout(database, OPEN_BUSY_MS);
}

function setBusyTimeout(database: DatabaseSync, ms: number): void {
  database.exec(`pragma busy_timeout = ${ms}`);
}

function prepareDatabase(
  database: DatabaseSync,
  release: string | undefined,
  onFolding?: () => void,
): void {
  assertIsVersion(pragmaText(database, "select sqlite_version()"));
  const mode = pragmaText(database, "pragma journal_mode = wal");
  database.exec("pragma synchronous = full");
  // What is removed is overwritten: purged texts must not stay readable in the file.
  database.exec("pragma secure_delete = on");
  database.exec(`pragma journal_size_limit = ${WAL_BYTES_KEPT}`);
  const synchronous = Number(pragmaText(database, "pragma synchronous"));
  assert(mode === "wal", `expected journal_mode wal, was ${mode}`);
  assert(synchronous === SYNCHRONOUS_FULL, `expected synchronous 2, was ${synchronous}`);
  database.exec("begin immediate");
  try {
    migrate(new Statements(database), release, onFolding);
    database.exec("commit");
  } catch (error) {
    if (database.isTransaction) database.exec("rollback");
    throw error;
  }
}

/** What the disk or the file under the journal is, for whoever has to repair it. */
export function brokenFile(error: unknown): RaptorError {
  const detail = error instanceof Error ? error.message : String(error);
  const isDisk = isIoError(error);
  const advice = isDisk
    ? "look at the disk, then start again; if it stays, restore on another volume"
    : "run raptor verify on a copy, then restore the newest copy";
  const reason =
    `${detail}. Nothing is traded: what the wallets hold is on the chain, and undecided attempts ` +
    `are asked about after a restore. What to do: ${advice}`;
  const code = isDisk ? "RAPTOR_JOURNAL__IO_FAILED" : "RAPTOR_JOURNAL__DAMAGED";
  return new RaptorError(code, { reason }, { cause: error });
}

function assertIsVersion(found: string): void {
  const problem = checkSqliteVersion(found);
  assert(problem === undefined, problem ?? "");
}

function pragmaText(database: DatabaseSync, sql: string): string {
  return String(new Statements(database).one(sql)?.[0] ?? "");
}

function translated<T>(path: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    const kind = sqliteErrorKind(error);
    const cause = { cause: error };
    if (kind === "full") throw new RaptorError("RAPTOR_JOURNAL__FULL", { path }, cause);
    if (kind === "readOnly") throw new RaptorError("RAPTOR_JOURNAL__READ_ONLY", { path }, cause);
    if (kind === "fatal") throw brokenFile(error);
    if (kind === "busy") throw new RaptorError("RAPTOR_JOURNAL__BUSY", { path }, cause);
    throw error;
  }
}

/**
 * The last event, after checking the chain of the newest ones.
 * @throws RAPTOR_JOURNAL__BROKEN_CHAIN naming the first event that does not fit.
 */
export function readHead(statements: Statements): Head {
  const sql = `select ${JOURNAL_COLUMNS_SQL} from journal order by seq desc limit ${TAIL_EVENTS}`;
  const tail = statements.all(sql).map(readStoredEvent).toReversed();
  const first = tail[0];
  if (first === undefined) return { seq: 0, hash: GENESIS_HASH };
  let prevHash = first.prevHash;
  const anchor = readAnchor(statements) ?? { seq: 0, hash: GENESIS_HASH };
  if (first.seq === anchor.seq + 1) prevHash = anchor.hash;
  for (const event of tail) {
    if (event.prevHash !== prevHash || chainHash(event) !== event.hash) {
      throw new RaptorError("RAPTOR_JOURNAL__BROKEN_CHAIN", { seq: event.seq });
    }
    prevHash = event.hash;
  }
  return { seq: first.seq + tail.length - 1, hash: prevHash };
}
