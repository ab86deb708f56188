import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import type { FoldedRows } from "../fold/folded-rows.ts";
import type { ColumnSpec } from "../fold/table-spec.ts";
import { columnsOf, FOLDED_TABLES, sqlName, type TableName } from "../fold/tables.ts";
import type { StoredEvent } from "../ports/store.ts";
import { readAnchor } from "./anchor.ts";
import { GENESIS_HASH } from "./hash-chain.ts";
import { decodeEvent, JOURNAL_COLUMNS_SQL, readStoredEvent } from "./journal-rows.ts";
import {
  OPERATIONAL_TABLES,
  type OperationalName,
  type OperationalRows,
} from "./operational-tables.ts";
import { decodeRow, type Columns, type SqlValue } from "./row-codec.ts";
import type { Statements } from "./statements.ts";

type AnyRows = FoldedRows & OperationalRows;

interface Selection {
  columns: Columns;
  select: string;
}

const SELECTIONS = new Map<string, Selection>();

function selectionOf(table: keyof AnyRows): Selection {
  const known = SELECTIONS.get(table);
  if (known !== undefined) return known;
  const columns: Columns = isFolded(table)
    ? columnsOf(table)
    : Object.entries<ColumnSpec>(OPERATIONAL_TABLES[table].columns);
  const names = columns.map(([name]) => `"${sqlName(name)}"`).join(", ");
  const made = { columns, select: `select ${names} from "${table}"` };
  SELECTIONS.set(table, made);
  return made;
}

function isFolded(table: TableName | OperationalName): table is TableName {
  return table in FOLDED_TABLES;
}

/** Rows of the journal file over one connection, decoded by their tables' specifications. */
export class TableReader {
  protected readonly statements: Statements;

  constructor(statements: Statements) {
    this.statements = statements;
  }

  changeCount(): number {
    return this.number("select total_changes()");
  }
  headSeq(): number {
    return this.number("select coalesce(max(seq), 0) from journal");
  }
  epoch(): number {
    return this.number("select coalesce(max(epoch), 0) from epochs");
  }
  eventsFrom(seq: number, limit: number): JournalEvent[] {
    const sql = `select ${JOURNAL_COLUMNS_SQL} from journal where seq >= ? order by seq limit ?`;
    return this.statements.all(sql, seq, limit).map(decodeEvent);
  }
  storedFrom(seq: number, limit: number): StoredEvent[] {
    const sql = `select ${JOURNAL_COLUMNS_SQL} from journal where seq >= ? order by seq limit ?`;
    return this.statements.all(sql, seq, limit).map(readStoredEvent);
  }
  hashAt(seq: number): string | undefined {
    const found = this.statements.one("select hash from journal where seq = ?", seq)?.[0];
    if (typeof found === "string") return found;
    const start = readAnchor(this.statements) ?? { seq: 0, hash: GENESIS_HASH };
    return start.seq === seq ? start.hash : undefined;
  }
  /** Rows of any table by a clause that comes from code, never from data. */
  protected all<T extends keyof AnyRows>(
    table: T,
    clause: string,
    ...values: SqlValue[]
  ): AnyRows[T][] {
    const { columns, select } = selectionOf(table);
    const rows = this.statements.all(`${select} ${clause}`, ...values);
    return rows.map((row) => decodeRow(columns, row) as AnyRows[T]);
  }

  protected one<T extends keyof AnyRows>(
    table: T,
    clause: string,
    ...values: SqlValue[]
  ): AnyRows[T] | undefined {
    const { columns, select } = selectionOf(table);
    const row = this.statements.one(`${select} ${clause}`, ...values);
    return row === undefined ? undefined : (decodeRow(columns, row) as AnyRows[T]);
  }

  protected number(sql: string): number {
    return Number(this.statements.one(sql)?.[0] ?? 0);
  }

  protected *each<T extends keyof AnyRows>(table: T, clause: string): Generator<AnyRows[T]> {
    const { columns, select } = selectionOf(table);
    for (const row of this.statements.each(`${select} ${clause}`)) {
      yield decodeRow(columns, row) as AnyRows[T];
    }
  }
}
