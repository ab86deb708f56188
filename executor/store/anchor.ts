import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { assert, RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { columnsOf, FOLDED_TABLES, sqlName, TABLE_NAMES, type TableName } from "../fold/tables.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { Head } from "./hash-chain.ts";
import type { SqlValue } from "./row-codec.ts";
import { defaultOf } from "./schema.ts";
import type { Statements } from "./statements.ts";

/** Where a compacted journal begins: the last event that was moved to the archive. */
export interface Anchor extends Head {
  /** SHA-256 of the folded tables as they stood after that event. */
  digest: string;
  madeMs: number;
}

/** Rows of one piece of the snapshot: a piece must fit into memory several times over. */
const PART_ROWS = 2_000;

type StoredRow = Record<string, SqlValue>;

export function readAnchor(statements: Statements): Anchor | undefined {
  // A file that was never migrated has no such table yet.
  const isThere = statements.one("select 1 from sqlite_schema where name = 'anchor'");
  if (isThere === undefined) return undefined;
  const row = statements.one("select seq, hash, digest, made_ms from anchor where id = 1");
  if (row === undefined) return undefined;
  const [seq, hash, digest, madeMs] = row;
  return { seq: Number(seq), hash: String(hash), digest: String(digest), madeMs: Number(madeMs) };
}

/**
 * Replaces the anchor and its snapshot, taken from tables that were folded exactly up to `head`.
 * Part of the transaction that removes the events. @returns the digest.
 */
export function writeAnchor(
  target: Statements,
  folded: Statements,
  head: Head,
  madeMs: number,
): string {
  target.run("delete from anchor_parts");
  const digest = createHash("sha256");
  const insert = target.database.prepare("insert into anchor_parts values (?, ?, ?)");
  let part = 0;
  for (const table of TABLE_NAMES) {
    for (const text of partTexts(folded, table)) {
      digest.update(`${table}\n${text}\n`);
      insert.run(++part, table, gzipSync(text));
    }
  }
  const hex = digest.digest("hex");
  const sql = "insert or replace into anchor values (1, ?, ?, ?, ?)";
  target.run(sql, head.seq, head.hash, hex, madeMs);
  return hex;
}

/** In order of insertion: readers sort by it, and orders are numbered by it. */
function* partTexts(folded: Statements, table: TableName): Iterable<string> {
  const names = columnsOf(table).map(([name]) => name);
  const columns = names.map((name) => `"${sqlName(name)}"`).join(", ");
  let lines: string[] = [];
  for (const values of folded.each(`select ${columns} from "${table}" order by rowid`)) {
    lines.push(canonicalJson(Object.fromEntries(names.map((name, at) => [name, values[at]]))));
    if (lines.length < PART_ROWS) continue;
    yield lines.join("\n");
    lines = [];
  }
  if (lines.length > 0) yield lines.join("\n");
}

/**
 * Fills empty folded tables from the snapshot. A column that is newer than the snapshot gets its
 * default, and one that is gone is left out.
 * @throws RAPTOR_JOURNAL__DAMAGED when the snapshot is not the one that the anchor names.
 */
export function restoreAnchorTables(
  source: Statements,
  target: Statements,
  onPart: () => void = () => {},
): void {
  const anchor = readAnchor(source);
  assert(anchor !== undefined, "expected a compacted journal");
  const digest = createHash("sha256");
  const parts = source.database.prepare("select table_name, body from anchor_parts order by part");
  for (const { table_name: name, body } of parts.iterate()) {
    onPart();
    const table = String(name);
    const text = unpack(body);
    digest.update(`${table}\n${text}\n`);
    if (isFolded(table)) insertRows(target, table, text);
  }
  if (digest.digest("hex") !== anchor.digest) throw damaged("is not the one that was taken");
}

function insertRows(target: Statements, table: TableName, text: string): void {
  const specs = columnsOf(table);
  const names = specs.map(([name]) => `"${sqlName(name)}"`).join(", ");
  const marks = specs.map(() => "?").join(", ");
  const sql = `insert into "${table}" (${names}) values (${marks})`;
  for (const line of text.split("\n")) {
    // Only `writeAnchor` writes these lines, from columns of tables.
    const row = JSON.parse(line) as StoredRow;
    const values = specs.map(([name, spec]) => {
      const value = row[name];
      return value === undefined ? defaultOf(spec) : value;
    });
    target.run(sql, ...values);
  }
}

function unpack(body: unknown): string {
  assert(body instanceof Uint8Array, "expected a packed piece of the snapshot");
  try {
    return gunzipSync(body).toString();
  } catch (error) {
    throw damaged("cannot be unpacked", error);
  }
}

function isFolded(table: string): table is TableName {
  return Object.hasOwn(FOLDED_TABLES, table);
}

function damaged(what: string, cause?: unknown): RaptorError {
  const reason = `the snapshot of a compacted journal ${what}`;
  return new RaptorError("RAPTOR_JOURNAL__DAMAGED", { reason }, { cause });
}
