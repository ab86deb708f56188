import type { ColumnSpec } from "../fold/table-spec.ts";
import { columnsOf, FOLDED_TABLES, sqlName, TABLE_NAMES, type TableName } from "../fold/tables.ts";
import type { PgRow, PgSession, PgValue } from "../ports/postgres.ts";
import { decodeRow } from "../store/row-codec.ts";
import type { Statements } from "../store/statements.ts";
import { pgTable } from "./folded-sql.ts";
import { shownPg, storableText } from "./pg-codec.ts";

/** Rows of one page from the server. */
const PAGE_ROWS = 500;

/**
 * Compares every folded table of a journal with its copy, row by row.
 * @returns the first difference in words; undefined when there is none.
 */
export async function compareTables(
  local: Statements,
  session: PgSession,
): Promise<string | undefined> {
  for (const table of TABLE_NAMES) {
    const problem = await compareTable(table, local, session);
    if (problem !== undefined) return `${table}: ${problem}`;
  }
  return undefined;
}

async function compareTable(
  table: TableName,
  local: Statements,
  session: PgSession,
): Promise<string | undefined> {
  const columns = columnsOf(table);
  const keyAt = columns.findIndex(([name]) => name === FOLDED_TABLES[table].key);
  const ours = localRows(table, local)[Symbol.iterator]();
  for await (const theirs of copiedRows(table, session)) {
    const next = ours.next();
    const key = theirs[keyAt] ?? "";
    if (next.done === true) return `row ${key} of the copy is not in the journal`;
    const row = next.value;
    for (const [at, [name]] of columns.entries()) {
      if (row[at] === theirs[at]) continue;
      const shown = `expected ${JSON.stringify(row[at])}, was ${JSON.stringify(theirs[at])}`;
      return `row ${row[keyAt] ?? ""}, ${name}: ${shown}`;
    }
  }
  const missing = ours.next();
  return missing.done === true ? undefined : `row ${missing.value[keyAt] ?? ""} is not copied`;
}

/** As PostgreSQL would show them. Both sides sort numbers by value and texts by their bytes. */
function* localRows(table: TableName, local: Statements): Iterable<(string | null)[]> {
  const columns: [string, ColumnSpec][] = columnsOf(table);
  const names = columns.map(([name]) => `"${sqlName(name)}"`).join(", ");
  const key = sqlName(FOLDED_TABLES[table].key);
  for (const values of local.each(`select ${names} from "${table}" order by "${key}"`)) {
    const row = decodeRow(columns, values) as Record<string, unknown>;
    yield columns.map(([name, spec]) => shownPg(name, spec, row[name] ?? null));
  }
}

async function* copiedRows(table: TableName, session: PgSession): AsyncIterable<PgRow> {
  const columns: [string, ColumnSpec][] = columnsOf(table);
  const names = columns.map(([name]) => `"${sqlName(name)}"`).join(", ");
  const keyName = FOLDED_TABLES[table].key as string;
  const keyAt = columns.findIndex(([name]) => name === keyName);
  const isText = columns[keyAt]?.[1].kind === "text";
  const order = isText ? `"${sqlName(keyName)}" collate "C"` : `"${sqlName(keyName)}"`;
  let after: PgValue | undefined;
  for (;;) {
    const where = after === undefined ? "" : `where ${order} > $1`;
    const sql = `select ${names} from ${pgTable(table)} ${where} order by ${order} limit ${PAGE_ROWS}`;
    const { rows } = await session.query(sql, after === undefined ? [] : [after]);
    yield* rows;
    const last = rows.at(-1)?.[keyAt];
    if (rows.length < PAGE_ROWS || last === undefined || last === null) return;
    after = storableText(last);
  }
}
