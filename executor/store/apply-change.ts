import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { OrderOfAttempt, RowChange, Where } from "../fold/row-change.ts";
import type { ColumnSpec } from "../fold/table-spec.ts";
import { columnsOf, FOLDED_TABLES, sqlName, type TableName } from "../fold/tables.ts";
import { encodeRow, encodeValue, type Columns, type SqlValue } from "./row-codec.ts";
import type { Statements } from "./statements.ts";

interface TableSql {
  columns: Columns;
  specs: ReadonlyMap<string, ColumnSpec>;
  insert: string;
  key: string;
}

const TABLES = new Map<TableName, TableSql>();

function tableSql(table: TableName): TableSql {
  const known = TABLES.get(table);
  if (known !== undefined) return known;
  const columns = columnsOf(table);
  const names = columns.map(([name]) => `"${sqlName(name)}"`).join(", ");
  const marks = columns.map(() => "?").join(", ");
  const made: TableSql = {
    columns,
    specs: new Map(columns),
    insert: `insert into "${table}" (${names}) values (${marks})`,
    key: FOLDED_TABLES[table].key,
  };
  TABLES.set(table, made);
  return made;
}

/**
 * Writes one folded change.
 * @throws InvariantError when the change meets another number of rows than it names.
 */
export function applyChange(statements: Statements, change: RowChange): void {
  if (change.op === "insert") {
    const { columns, insert } = tableSql(change.table);
    statements.run(insert, ...encodeRow(columns, change.row));
  } else if (change.op === "upsert") {
    applyUpsert(statements, change);
  } else {
    applyUpdate(statements, change);
  }
}

function applyUpsert(statements: Statements, change: RowChange & { op: "upsert" }): void {
  const { table } = change;
  const { columns, insert, key } = tableSql(table);
  const keep: readonly string[] = change.keep ?? [];
  const replaced = columns
    .map(([name]) => name)
    .filter((name) => name !== key && !keep.includes(name))
    .map((name) => `"${sqlName(name)}" = excluded."${sqlName(name)}"`);
  const values = encodeRow(columns, change.row);
  const condition = whereSql(table, change.onlyOver ?? {}, values);
  const sql = `${insert} on conflict ("${sqlName(key)}") do update set ${replaced.join(", ")}`;
  const changed = statements.run(condition === "" ? sql : `${sql} where ${condition}`, ...values);
  assert(changed === 1, `expected ${table} to take the row, an equal key holds another state`);
}

function applyUpdate(statements: Statements, change: RowChange & { op: "update" }): void {
  const { table } = change;
  const { specs } = tableSql(table);
  const values: SqlValue[] = [];
  const assignments = Object.entries(change.set as Record<string, unknown>).map(([name, value]) => {
    values.push(encodeValue(name, specOf(specs, name), value));
    return `"${sqlName(name)}" = ?`;
  });
  const condition = whereSql(table, change.where, values);
  const sql = `update "${table}" set ${assignments.join(", ")} where ${condition}`;
  const changed = statements.run(sql, ...values);
  assert(
    change.rows === "any" || changed === 1,
    `expected one row of ${table} in the right state, were ${changed}`,
  );
}

/** Appends the condition's values to `values`. */
function whereSql(table: TableName, where: Where<object>, values: SqlValue[]): string {
  const { specs } = tableSql(table);
  return Object.entries(where as Record<string, unknown>)
    .map(([name, wanted]) => {
      const spec = specOf(specs, name);
      const column = `"${table}"."${sqlName(name)}"`;
      if (Array.isArray(wanted)) {
        values.push(...wanted.map((value) => encodeValue(name, spec, value)));
        return `${column} in (${wanted.map(() => "?").join(", ")})`;
      }
      if (isOrderOfAttempt(wanted)) {
        values.push(wanted.orderOfAttempt);
        return `${column} = (select order_id from attempts where attempt_id = ?)`;
      }
      const value = encodeValue(name, spec, wanted);
      if (value === null) return `${column} is null`;
      values.push(value);
      return `${column} = ?`;
    })
    .join(" and ");
}

function isOrderOfAttempt(wanted: unknown): wanted is OrderOfAttempt {
  return typeof wanted === "object" && wanted !== null && "orderOfAttempt" in wanted;
}

function specOf(specs: ReadonlyMap<string, ColumnSpec>, name: string): ColumnSpec {
  const spec = specs.get(name);
  assert(spec !== undefined, `expected a known column, was ${name}`);
  return spec;
}
