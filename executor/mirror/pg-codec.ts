import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { ColumnSpec } from "../fold/table-spec.ts";
import { canonicalJson } from "../store/canonical-json.ts";

/** One column of a row, as PostgreSQL takes it. */
export type PgColumn = string | number | boolean | null;

/**
 * A folded value for its column. PostgreSQL has no room for NUL in text and none for half a
 * surrogate pair; names that strangers chose may hold both, and must not stop the mirror.
 */
export function encodePg(name: string, spec: ColumnSpec, value: unknown): PgColumn {
  if (value === null) {
    assert(spec.nullable, `expected ${name} to be present`);
    return null;
  }
  switch (spec.kind) {
    case "int":
      assert(Number.isSafeInteger(value), `expected ${name} as an exact integer`);
      return value as number;
    case "bool":
      assert(typeof value === "boolean", `expected ${name} as boolean, was ${typeof value}`);
      return value;
    case "amount":
      assert(typeof value === "string", `expected ${name} as decimal text`);
      return BigInt(value).toString();
    case "text":
      assert(typeof value === "string", `expected ${name} as text, was ${typeof value}`);
      return storableText(value);
    case "json":
      assert(value !== undefined, `expected ${name} to be present`);
      return canonicalJson(value);
  }
}

/** The text in which PostgreSQL gives this value back. */
export function shownPg(name: string, spec: ColumnSpec, value: unknown): string | null {
  const encoded = encodePg(name, spec, value);
  if (encoded === null) return null;
  if (typeof encoded === "boolean") return encoded ? "t" : "f";
  return String(encoded);
}

export function storableText(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}
