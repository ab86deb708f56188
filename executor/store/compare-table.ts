import { columnsOf, FOLDED_TABLES, sqlName, type TableName } from "../fold/tables.ts";
import type { SqlValue } from "./row-codec.ts";
import type { Statements } from "./statements.ts";

export interface RowProblem {
  kind: "row";
  table: TableName;
  key: string;
  detail: string;
}

/** Compares one stored table, in the order of its key, with what the events make of it. */
export function compareTable(
  table: TableName,
  stored: Statements,
  fresh: Statements,
  report: { rows: number },
): RowProblem | null {
  const names = columnsOf(table).map(([name]) => name);
  const columns = names.map((name) => `"${sqlName(name)}"`).join(", ");
  const { key } = FOLDED_TABLES[table];
  const sql = `select ${columns} from "${table}" order by "${sqlName(key)}"`;
  const keyIndex = names.indexOf(key);
  const found = stored.each(sql)[Symbol.iterator]();
  for (const expected of fresh.each(sql)) {
    const next = found.next();
    const wantedKey = expected[keyIndex] ?? null;
    const foundKey = next.done === true ? undefined : (next.value[keyIndex] ?? null);
    if (next.done === true || foundKey === undefined || isBefore(wantedKey, foundKey)) {
      return { kind: "row", table, key: String(wantedKey), detail: "the row is missing" };
    }
    if (isBefore(foundKey, wantedKey)) {
      return { kind: "row", table, key: String(foundKey), detail: "no event made this row" };
    }
    const problem = compareRow(names, expected, next.value);
    if (problem !== null) return { kind: "row", table, key: String(wantedKey), detail: problem };
    report.rows++;
  }
  const extra = found.next();
  if (extra.done === true) return null;
  const keyText = String(extra.value[keyIndex]);
  return { kind: "row", table, key: keyText, detail: "no event made this row" };
}

function compareRow(
  names: readonly string[],
  expected: readonly SqlValue[],
  found: readonly SqlValue[],
): string | null {
  for (const [index, name] of names.entries()) {
    const wanted = expected[index];
    const actual = found[index];
    if (actual !== wanted) return `${name}: expected ${show(wanted)}, was ${show(actual)}`;
  }
  return null;
}

/** SQLite's own order: numbers by value, texts by their UTF-8 bytes. */
function isBefore(left: SqlValue, right: SqlValue): boolean {
  if (typeof left === "number" && typeof right === "number") return left < right;
  return Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right))) < 0;
}

function show(value: SqlValue | undefined): string {
  return JSON.stringify(value ?? null);
}
