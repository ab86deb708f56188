import { closeSync, existsSync, fsyncSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { readAnchor, type Anchor } from "./anchor.ts";
import { chainHash, GENESIS_HASH, type Head } from "./hash-chain.ts";
import {
  INSERT_JOURNAL_SQL,
  JOURNAL_COLUMNS_SQL,
  readStoredEvent,
  type StoredEvent,
} from "./journal-rows.ts";
import { makeOwnerOnly } from "./owner-only.ts";
import { Statements } from "./statements.ts";

const ARCHIVE_FILE = "journal-archive.db";

const ARCHIVE_SQL = `
create table if not exists journal (
  seq integer not null primary key,
  ts_ms integer not null,
  stream text not null,
  kind text not null,
  version integer not null,
  payload text not null,
  prev_hash text not null,
  hash text not null
) strict;
create index if not exists journal_stream on journal (stream, seq);
`;

const EVENTS_SQL = `select ${JOURNAL_COLUMNS_SQL} from journal where seq > ? order by seq`;

/** Beside the journal. Moving it away costs nothing but the stories of old orders. */
export function archivePathOf(path: string): string {
  return join(dirname(path), ARCHIVE_FILE);
}

/**
 * Copies the events after `from` up to `to` into the archive and returns when they are on the disk.
 * What a compaction that was cut short left there already is compared, not copied again.
 * @throws RAPTOR_JOURNAL__DAMAGED when the archive belongs to another journal, or the chain breaks.
 */
export function copyToArchive(path: string, source: Statements, from: Head, to: number): void {
  const archivePath = archivePathOf(path);
  makeOwnerOnly(archivePath);
  const database = new DatabaseSync(archivePath);
  try {
    database.exec("pragma journal_mode = wal; pragma synchronous = full");
    database.exec(`begin immediate; ${ARCHIVE_SQL}`);
    const archive = new Statements(database);
    let head = startOf(archive, source, from);
    for (const values of source.each(EVENTS_SQL, head.seq)) {
      const event = readStoredEvent(values);
      if (event.seq > to) break;
      assertFollows(event, head);
      archive.run(INSERT_JOURNAL_SQL, ...values);
      head = event;
    }
    database.exec("commit");
    // It will hold what the journal is about to let go: whole in one file, and synced.
    const [isBusy] = archive.one("pragma wal_checkpoint(truncate)") ?? [];
    if (isBusy !== 0) throw new RaptorError("RAPTOR_JOURNAL__BUSY", { path: archivePath });
  } finally {
    database.close();
  }
  syncDirectory(dirname(archivePath));
}

/** Where the copying goes on: behind what is there, which must be this journal's. */
function startOf(archive: Statements, source: Statements, from: Head): Head {
  const last = archive.one("select seq, hash from journal order by seq desc limit 1");
  if (last === undefined) return from;
  const head = { seq: Number(last[0]), hash: String(last[1]) };
  const ours = source.one("select hash from journal where seq = ?", head.seq)?.[0];
  const isOurs = head.seq === from.seq ? head.hash === from.hash : ours === head.hash;
  if (!isOurs) throw foreign();
  return head;
}

/**
 * Goes through the archive's events up to the anchor, oldest first.
 * @returns false when there is no archive, or one that does not reach back to the first event.
 * @throws RAPTOR_JOURNAL__DAMAGED when its chain breaks or does not lead to the anchor.
 */
export function walkArchive(
  path: string,
  anchor: Anchor,
  visit: (event: StoredEvent) => void,
): boolean {
  const archivePath = archivePathOf(path);
  if (!existsSync(archivePath)) return false;
  const database = new DatabaseSync(archivePath, { readOnly: true });
  try {
    const archive = new Statements(database);
    const first = archive.one("select seq, prev_hash from journal order by seq limit 1");
    if (first === undefined) return false;
    // An earlier copy of the archive, as beside a backup, says nothing against the journal.
    if (Number(archive.one("select max(seq) from journal")?.[0]) < anchor.seq) return false;
    const isWhole = Number(first[0]) === 1;
    const before = isWhole ? GENESIS_HASH : String(first[1]);
    let head: Head = { seq: Number(first[0]) - 1, hash: before };
    for (const values of archive.each(EVENTS_SQL, head.seq)) {
      const event = readStoredEvent(values);
      if (event.seq > anchor.seq) break;
      assertFollows(event, head);
      if (isWhole) visit(event);
      head = event;
    }
    if (head.seq !== anchor.seq || head.hash !== anchor.hash) throw foreign();
    return isWhole;
  } finally {
    database.close();
  }
}

/**
 * Lets every query of a reading connection that names the journal see the archive's events too:
 * SQLite looks up a name among the temporary ones first.
 */
export function attachArchive(database: DatabaseSync, path: string): void {
  const archivePath = archivePathOf(path);
  const anchor = readAnchor(new Statements(database));
  // Without an anchor all events are here, and what a killed compaction left may be an empty file.
  if (anchor === undefined || !existsSync(archivePath)) return;
  database.prepare("attach database ? as archive").run(archivePath);
  database.exec(`
create temp view journal as
  select ${JOURNAL_COLUMNS_SQL} from main.journal
  union all
  select ${JOURNAL_COLUMNS_SQL} from archive.journal
    where seq <= ${anchor.seq}`);
}

function assertFollows(event: StoredEvent, head: Head): void {
  const isLinked = event.seq === head.seq + 1 && event.prevHash === head.hash;
  if (isLinked && chainHash(event) === event.hash) return;
  const reason = `the chain breaks at event ${event.seq}, in the journal or its archive`;
  throw new RaptorError("RAPTOR_JOURNAL__DAMAGED", { reason });
}

function foreign(): RaptorError {
  const reason =
    `${ARCHIVE_FILE} does not belong to this journal. Nothing was moved. ` +
    `What to do: put it elsewhere, a new one is made`;
  return new RaptorError("RAPTOR_JOURNAL__DAMAGED", { reason });
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
