import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { OrderOfAttempt, RowChange, Where } from "../fold/row-change.ts";
import type { ColumnSpec } from "../fold/table-spec.ts";
import { columnsOf, FOLDED_TABLES, sqlName, type TableName } from "../fold/tables.ts";
import type { PgValue } from "../ports/postgres.ts";
import { pgTable } from "./folded-sql.ts";
import { encodePg } from "./pg-codec.ts";

/** One statement, and how many rows it must change. */
export interface PgChange {
  sql: string;
  values: PgValue[];
  rows: "one" | "any";
  table: TableName;
}

/** What one folded change means in PostgreSQL; the same rows as `store/apply-change.ts` writes. */
export function pgChangeOf(change: RowChange): PgChange {
  const { table } = change;
  if (change.op === "update") return updateOf(change);
  const values: PgValue[] = [];
  const insert = insertSql(table, change.row, values);
  if (change.op === "insert") return { sql: insert, values, rows: "one", table };
  const key = FOLDED_TABLES[table].key as string;
  const keep: readonly string[] = change.keep ?? [];
  const replaced = columnsOf(table)
    .map(([name]) => name)
    .filter((name) => name !== key && !keep.includes(name))
    .map((name) => `${quoted(name)} = excluded.${quoted(name)}`);
  const condition = whereSql(table, change.onlyOver ?? {}, values);
  const where = condition === "" ? "" : ` where ${condition}`;
  const sql = `${insert} on conflict (${quoted(key)}) do update set ${replaced.join(", ")}${where}`;
  return { sql, values, rows: "one", table };
}

function insertSql(table: TableName, row: object, values: PgValue[]): string {
  const fields = row as Record<string, unknown>;
  const columns = columnsOf(table);
  const marks = columns.map(([name, spec]) => bind(values, name, spec, fields[name]));
  const names = columns.map(([name]) => quoted(name));
  return `insert into ${pgTable(table)} as t (${names.join(", ")}) values (${marks.join(", ")})`;
}

function updateOf(change: RowChange & { op: "update" }): PgChange {
  const { table, rows } = change;
  const specs = new Map(columnsOf(table));
  const values: PgValue[] = [];
  const assignments = Object.entries(change.set as Record<string, unknown>).map(
    ([name, value]) => `${quoted(name)} = ${bind(values, name, specOf(specs, name), value)}`,
  );
  const condition = whereSql(table, change.where, values);
  const sql = `update ${pgTable(table)} as t set ${assignments.join(", ")} where ${condition}`;
  return { sql, values, rows, table };
}

/** Appends the condition's values to `values`. */
function whereSql(table: TableName, where: Where<object>, values: PgValue[]): string {
  const specs = new Map(columnsOf(table));
  return Object.entries(where as Record<string, unknown>)
    .map(([name, wanted]) => {
      const spec = specOf(specs, name);
      const column = `t.${quoted(name)}`;
      if (Array.isArray(wanted)) {
        return `${column} in (${wanted.map((one) => bind(values, name, spec, one)).join(", ")})`;
      }
      if (isOrderOfAttempt(wanted)) {
        values.push(wanted.orderOfAttempt);
        const attempts = pgTable("attempts");
        return `${column} = (select order_id from ${attempts} where attempt_id = $${values.length})`;
      }
      if (wanted === null) return `${column} is null`;
      return `${column} = ${bind(values, name, spec, wanted)}`;
    })
    .join(" and ");
}

function bind(values: PgValue[], name: string, spec: ColumnSpec, value: unknown): string {
  values.push(encodePg(name, spec, value));
  return `$${values.length}`;
}

function quoted(name: string): string {
  return `"${sqlName(name)}"`;
}

function isOrderOfAttempt(wanted: unknown): wanted is OrderOfAttempt {
  return typeof wanted === "object" && wanted !== null && "orderOfAttempt" in wanted;
}

function specOf(specs: ReadonlyMap<string, ColumnSpec>, name: string): ColumnSpec {
  const spec = specs.get(name);
  assert(spec !== undefined, `expected a known column, was ${name}`);
  return spec;
}
