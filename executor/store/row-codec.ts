import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { ColumnSpec } from "../fold/table-spec.ts";
import { canonicalJson } from "./canonical-json.ts";

export type SqlValue = string | number | null;
export type Columns = readonly (readonly [name: string, spec: ColumnSpec])[];

/**
 * SQLite binds NaN as NULL, so every numeric column is NOT NULL and an absent number is stored as
 * this one. Nullable numbers are times and ids, which are never negative.
 */
export const ABSENT_INT = -1;

const AMOUNT_PATTERN = /^-?\d{1,78}$/;

/** @throws InvariantError for a value that the column cannot hold exactly. */
export function encodeValue(name: string, spec: ColumnSpec, value: unknown): SqlValue {
  if (value === null) {
    assert(spec.nullable, `expected ${name} to be present`);
    return spec.kind === "int" ? ABSENT_INT : null;
  }
  switch (spec.kind) {
    case "int":
      assertIsExact(name, value);
      assert(!spec.nullable || value >= 0, `expected ${name} of 0 or more, was ${value}`);
      return value;
    case "bool":
      assert(typeof value === "boolean", `expected ${name} as boolean, was ${typeof value}`);
      return value ? 1 : 0;
    case "amount":
      assert(
        typeof value === "string" && AMOUNT_PATTERN.test(value),
        `expected ${name} as an integer in decimal digits`,
      );
      return value;
    case "text":
      assert(typeof value === "string", `expected ${name} as text, was ${typeof value}`);
      return value;
    case "json":
      assert(value !== undefined, `expected ${name} to be present`);
      return canonicalJson(value);
  }
}

export function encodeRow(columns: Columns, row: object): SqlValue[] {
  const fields = row as Record<string, unknown>;
  return columns.map(([name, spec]) => encodeValue(name, spec, fields[name]));
}

/** `values` in the order of `columns`, as a statement that returns arrays gives them. */
export function decodeRow(columns: Columns, values: readonly unknown[]): unknown {
  const row: Record<string, unknown> = {};
  columns.forEach(([name, spec], index) => {
    row[name] = decodeValue(spec, values[index]);
  });
  return row;
}

function decodeValue(spec: ColumnSpec, value: unknown): unknown {
  if (value === null) return null;
  if (spec.kind === "int") return spec.nullable && value === ABSENT_INT ? null : value;
  if (spec.kind === "bool") return value === 1;
  if (spec.kind === "json") return JSON.parse(value as string);
  return value;
}

export function assertIsExact(name: string, value: unknown): asserts value is number {
  assert(Number.isSafeInteger(value), `expected ${name} as an exact integer, was ${String(value)}`);
}
