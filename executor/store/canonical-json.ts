import { assert } from "@raptor/shared/errors/raptor-error.ts";

/** Deeper than any event; a cycle reaches it too. */
const DEPTH_MAX = 32;

/**
 * JSON with sorted keys and without spaces: equal values give equal bytes, which is what a hash
 * needs. Numbers must be finite, and integers must be exact, because the text is read back into
 * the value that the tables are folded from.
 * @throws InvariantError for NaN, infinities, unsafe integers, bigint, functions and cycles.
 */
export function canonicalJson(value: unknown): string {
  return encode(value, 0);
}

function encode(value: unknown, depth: number): string {
  assert(depth <= DEPTH_MAX, "expected a value at most 32 levels deep");
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") return encodeNumber(value);
  if (Array.isArray(value)) {
    return `[${value.map((item) => encode(item ?? null, depth + 1)).join(",")}]`;
  }
  assert(typeof value === "object", `expected a JSON value, was ${typeof value}`);
  const fields = value as Record<string, unknown>;
  const parts: string[] = [];
  for (const name of Object.keys(fields).toSorted()) {
    const field = fields[name];
    if (field === undefined) continue;
    parts.push(`${JSON.stringify(name)}:${encode(field, depth + 1)}`);
  }
  return `{${parts.join(",")}}`;
}

function encodeNumber(value: number): string {
  assert(Number.isFinite(value), `expected a finite number, was ${String(value)}`);
  assert(
    !Number.isInteger(value) || Number.isSafeInteger(value),
    `expected an exact integer, was ${String(value)}`,
  );
  return JSON.stringify(value);
}
