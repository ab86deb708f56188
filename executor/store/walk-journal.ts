import { DatabaseSync } from "node:sqlite";
import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import { foldEvent } from "../fold/fold.ts";
import type { Reader } from "../ports/store.ts";
import { readAnchor, restoreAnchorTables } from "./anchor.ts";
import { applyChange } from "./apply-change.ts";
import { chainHash, GENESIS_HASH } from "./hash-chain.ts";
import { JOURNAL_COLUMNS_SQL, parseStoredEvent, readStoredEvent } from "./journal-rows.ts";
import { openDatabaseReadOnly } from "./open-database.ts";
import {
  FOLDED_INDEX_SQL,
  foldedTablesSql,
  OPERATIONAL_NAMES,
  operationalTableSql,
} from "./schema.ts";
import { SqliteReader } from "./sqlite-reader.ts";
import { Statements } from "./statements.ts";

export interface WalkedEvent {
  event: JournalEvent;
  /** False where the event, or what it names as the one before it, was altered. */
  isLinked: boolean;
}

export interface WalkEnd {
  events: number;
  /** Why the walk ended early; null at the journal's end. */
  brokenBy: { seq: number; detail: string } | null;
}

/**
 * Goes through a journal as it was written: `visit` is shown every event while `before` reads the
 * tables as they stood just before it, which is what the code that wrote the event could see. Only
 * reads, and may run beside an executor.
 */
export function walkJournal(
  path: string,
  visit: (walked: WalkedEvent, before: Reader) => void,
): WalkEnd {
  const database = openDatabaseReadOnly(path);
  const memory = new DatabaseSync(":memory:");
  try {
    database.exec("begin");
    const stored = new Statements(database);
    const fresh = new Statements(memory);
    // Readers look into the operational tables too; those stay empty, as nothing decides by them.
    const operational = OPERATIONAL_NAMES.map((name) => operationalTableSql(name, new Set()));
    memory.exec([foldedTablesSql(), ...operational, FOLDED_INDEX_SQL, "begin"].join(";\n"));
    const anchor = readAnchor(stored);
    if (anchor !== undefined) restoreAnchorTables(stored, fresh);
    return walk(stored, fresh, anchor ?? { seq: 0, hash: GENESIS_HASH }, visit);
  } finally {
    memory.close();
    database.close();
  }
}

function walk(
  stored: Statements,
  fresh: Statements,
  start: { seq: number; hash: string },
  visit: (walked: WalkedEvent, before: Reader) => void,
): WalkEnd {
  const before = new SqliteReader(fresh);
  let { hash } = start;
  let events = 0;
  const sql = `select ${JOURNAL_COLUMNS_SQL} from journal where seq > ? order by seq`;
  for (const values of stored.each(sql, start.seq)) {
    const row = readStoredEvent(values);
    const event = parseStoredEvent(row);
    visit({ event, isLinked: row.prevHash === hash && chainHash(row) === row.hash }, before);
    try {
      for (const change of foldEvent(event)) applyChange(fresh, change);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return { events, brokenBy: { seq: event.seq, detail: `${event.kind}: ${detail}` } };
    }
    hash = row.hash;
    events++;
  }
  return { events, brokenBy: null };
}
