import { DatabaseSync } from "node:sqlite";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { foldEvent } from "../fold/fold.ts";
import { readAnchor, restoreAnchorTables, writeAnchor } from "./anchor.ts";
import { applyChange } from "./apply-change.ts";
import { archivePathOf, copyToArchive } from "./archive.ts";
import { canonicalJson } from "./canonical-json.ts";
import { chainHash, GENESIS_HASH, type Head } from "./hash-chain.ts";
import {
  INSERT_JOURNAL_SQL,
  JOURNAL_COLUMNS_SQL,
  parseStoredEvent,
  readStoredEvent,
} from "./journal-rows.ts";
import { openDatabaseWithRoom, readHead } from "./open-database.ts";
import { foldedTablesSql, LIVE_ORDER_SQL, NEVER_DELETED_SQL, UNRESOLVED_SQL } from "./schema.ts";
import { sqliteErrorKind } from "./sqlite-error.ts";
import { Statements } from "./statements.ts";
import { EVENT_VERSION } from "./upcasts.ts";
import { verifyJournal } from "./verify.ts";

export interface CompactOptions {
  /** Events from this moment on stay. */
  beforeMs: number;
  nowMs: number;
  release: string;
  /** The last event that the mirror has; later ones stay. Absent: there is no mirror. */
  mirroredSeq?: number;
}

export interface CompactReport {
  /** The last event in the archive; 0 when there is none. */
  anchorSeq: number;
  movedEvents: number;
  archivePath: string;
  /** False when the disk had no room to make the file itself smaller: its pages are used again. */
  isShrunk: boolean;
}

/** The first event of everything that is not over: no event after it may go. */
const UNFINISHED_SQL = `
select min(seq) from journal where stream in (
  select 'job:' || job_id from jobs where state = 'pending'
  union select 'order:' || order_id from orders where ${LIVE_ORDER_SQL}
  union select 'job:' || json_extract(source, '$.jobId') from orders where ${LIVE_ORDER_SQL}
  union select 'order:' || order_id from attempts where ${UNRESOLVED_SQL}
  union select 'order:' || order_id from fills where state = 'recorded'
)
or kind = 'PanicOpened' and payload ->> '$.panicId' in (select panic_id from users)`;

const RECENT_SQL = "select min(seq) from journal where ts_ms >= ?";

/**
 * Moves old events to the archive, with the executor stopped and its lock held by the caller. The
 * tables stay as they are, ids of jobs and claims of tickets among them, so that nothing that was
 * done once is ever taken for new. The journal keeps an anchor: the last moved event and the
 * tables as they stood after it, from which it is checked and folded from then on.
 *
 * Cut short anywhere it leaves the old journal or the compacted one: the archive is on the disk
 * before one transaction removes the events, and what it may hold twice is known by its number.
 * @throws RAPTOR_JOURNAL__DAMAGED when the journal does not verify, before anything is changed.
 */
export function compactJournal(path: string, options: CompactOptions): CompactReport {
  const database = openDatabaseWithRoom({ path, release: options.release });
  try {
    assertHolds(path);
    const statements = new Statements(database);
    const from: Head = readAnchor(statements) ?? { seq: 0, hash: GENESIS_HASH };
    const to = safeSeq(statements, options);
    const archivePath = archivePathOf(path);
    if (to <= from.seq) {
      return { anchorSeq: from.seq, movedEvents: 0, archivePath, isShrunk: false };
    }
    copyToArchive(path, statements, from, to);
    removeEvents(statements, to, options.nowMs);
    const isShrunk = shrink(database);
    return { anchorSeq: to, movedEvents: to - from.seq, archivePath, isShrunk };
  } finally {
    database.close();
  }
}

function assertHolds(path: string): void {
  const { problem } = verifyJournal(path);
  if (problem === null) return;
  const reason = `it does not verify (${problem.kind}). Nothing was moved; see raptor verify`;
  throw new RaptorError("RAPTOR_JOURNAL__DAMAGED", { reason });
}

/** The last event that may go. The newest one stays: the next is numbered after it. */
function safeSeq(statements: Statements, options: CompactOptions): number {
  const { seq: headSeq } = readHead(statements);
  const bounds = [
    headSeq,
    Number(statements.one(UNFINISHED_SQL)?.[0] ?? headSeq),
    Number(statements.one(RECENT_SQL, options.beforeMs)?.[0] ?? headSeq),
    (options.mirroredSeq ?? headSeq) + 1,
  ];
  return Math.min(...bounds) - 1;
}

function removeEvents(statements: Statements, to: number, nowMs: number): void {
  const { database } = statements;
  const memory = new DatabaseSync(":memory:");
  database.exec("begin immediate");
  try {
    const folded = new Statements(memory);
    const anchorHead = foldUpTo(statements, folded, to);
    const digest = writeAnchor(statements, folded, anchorHead, nowMs);
    database.exec("drop trigger journal_never_deleted");
    statements.run("delete from journal where seq <= ?", to);
    database.exec(NEVER_DELETED_SQL);
    appendCompacted(statements, { anchorHead, digest, nowMs });
    database.exec("commit");
  } catch (error) {
    if (database.isTransaction) database.exec("rollback");
    throw error;
  } finally {
    memory.close();
  }
}

function foldUpTo(stored: Statements, folded: Statements, to: number): Head {
  folded.database.exec(`${foldedTablesSql()}; begin`);
  const anchor = readAnchor(stored);
  if (anchor !== undefined) restoreAnchorTables(stored, folded);
  let head: Head = anchor ?? { seq: 0, hash: GENESIS_HASH };
  const sql = `select ${JOURNAL_COLUMNS_SQL} from journal where seq <= ? order by seq`;
  for (const values of stored.each(sql, to)) {
    const event = readStoredEvent(values);
    for (const change of foldEvent(parseStoredEvent(event))) applyChange(folded, change);
    head = { seq: event.seq, hash: event.hash };
  }
  return head;
}

/** In the chain, so that a head kept elsewhere vouches for the anchor and its snapshot too. */
function appendCompacted(
  statements: Statements,
  { anchorHead, digest, nowMs }: { anchorHead: Head; digest: string; nowMs: number },
): void {
  const head = readHead(statements);
  const stored = {
    seq: head.seq + 1,
    tsMs: nowMs,
    stream: "executor",
    kind: "JournalCompacted",
    version: EVENT_VERSION,
    payload: canonicalJson({ anchorSeq: anchorHead.seq, anchorHash: anchorHead.hash, digest }),
    prevHash: head.hash,
  };
  const { seq, tsMs, stream, kind, version, payload, prevHash } = stored;
  const row = [seq, tsMs, stream, kind, version, payload, prevHash, chainHash(stored)];
  statements.run(INSERT_JOURNAL_SQL, ...row);
}

function shrink(database: DatabaseSync): boolean {
  try {
    database.exec("vacuum; pragma wal_checkpoint(truncate)");
    return true;
  } catch (error) {
    if (sqliteErrorKind(error) !== "full") throw error;
    return false;
  }
}
