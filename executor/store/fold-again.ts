import { foldEvent } from "../fold/fold.ts";
import { columnsOf, FOLDED_TABLES, TABLE_NAMES } from "../fold/tables.ts";
import { readAnchor, restoreAnchorTables } from "./anchor.ts";
import { applyChange } from "./apply-change.ts";
import { JOURNAL_COLUMNS_SQL, parseStoredEvent, readStoredEvent } from "./journal-rows.ts";
import { createTableSql, FOLDED_INDEX_SQL } from "./schema.ts";
import type { Statements } from "./statements.ts";

/** A few hundredths of a second's work, whatever the machine. */
const EVENTS_PER_STEP = 1_000;

/**
 * Makes the folded tables anew from the journal, inside the caller's transaction: they are a pure
 * function of it, so this is every migration that they ever need. Indexes come last, which is both
 * faster and a check of what they promise.
 *
 * `keepsForeign` is for a file of the next release: its own columns and tables stay, empty where
 * this release does not fill them, and it folds again when it returns. All of it holds the event
 * loop up, so `onFolding` is called now and then for whoever must hear that the process lives.
 */
export function foldAgain(
  statements: Statements,
  keepsForeign: boolean,
  onFolding: () => void = () => {},
): void {
  const { database } = statements;
  for (const table of TABLE_NAMES) {
    const isThere = statements.one("select 1 from sqlite_schema where name = ?", table);
    if (isThere !== undefined && keepsForeign) {
      statements.run(`delete from "${table}"`);
      continue;
    }
    database.exec(`drop table if exists "${table}"`);
    database.exec(createTableSql(table, FOLDED_TABLES[table].key, columnsOf(table)));
  }
  const anchor = readAnchor(statements);
  if (anchor !== undefined) restoreAnchorTables(statements, statements, onFolding);
  const sql = `select ${JOURNAL_COLUMNS_SQL} from journal where seq > ? order by seq`;
  let folded = 0;
  for (const values of statements.each(sql, anchor?.seq ?? 0)) {
    if (++folded % EVENTS_PER_STEP === 0) onFolding();
    const event = parseStoredEvent(readStoredEvent(values));
    for (const change of foldEvent(event)) applyChange(statements, change);
  }
  database.exec(FOLDED_INDEX_SQL);
}
