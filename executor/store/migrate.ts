import { foldAgain } from "./fold-again.ts";
import { foldDigest } from "./fold-digest.ts";
import {
  assertIsReadable,
  MIGRATIONS,
  OLDEST_READER,
  SCHEMA_VERSION,
  type FileVersion,
} from "./migrations.ts";
import {
  journalSql,
  OPERATIONAL_INDEX_SQL,
  OPERATIONAL_NAMES,
  operationalTableSql,
} from "./schema.ts";
import type { Statements } from "./statements.ts";

const PUT_META_SQL =
  "insert into meta (key, value) values (?, ?) on conflict do update set value = ?2";

/**
 * Brings a file to this release's schema, or makes a new one; all of it in the caller's one
 * transaction, so that a crash leaves the old file or the new one.
 * @throws RAPTOR_JOURNAL__VERSION when the file is too far from this release.
 */
export function migrate(
  statements: Statements,
  release: string | undefined,
  onFolding?: () => void,
): void {
  const { database } = statements;
  const isNew = statements.one("select 1 from sqlite_schema where name = 'meta'") === undefined;
  if (isNew) {
    database.exec(journalSql());
    putVersion(statements);
  }
  const found = readFileVersion(statements);
  assertIsReadable(found);
  if (found.schema < SCHEMA_VERSION) {
    for (let to = found.schema + 1; to <= SCHEMA_VERSION; to++) database.exec(MIGRATIONS[to] ?? "");
    putVersion(statements);
  }
  if (meta(statements, "fold") !== foldDigest()) {
    expandOperationalTables(statements);
    foldAgain(statements, found.schema > SCHEMA_VERSION, onFolding);
    statements.run(PUT_META_SQL, "fold", foldDigest());
  }
  if (release !== undefined) statements.run(PUT_META_SQL, "release", release);
}

/** Whether the folded tables are those that this release would make of the events. */
export function isFoldedHere(statements: Statements): boolean {
  return meta(statements, "fold") === foldDigest();
}

export function readFileVersion(statements: Statements): FileVersion {
  const schema = Number(meta(statements, "schema"));
  // The first schema did not say: only its own release can read it for sure.
  return { schema, oldestReader: Number(meta(statements, "oldest_reader") ?? schema) };
}

function putVersion(statements: Statements): void {
  statements.run(PUT_META_SQL, "schema", String(SCHEMA_VERSION));
  statements.run(PUT_META_SQL, "oldest_reader", String(OLDEST_READER));
}

function expandOperationalTables(statements: Statements): void {
  for (const table of OPERATIONAL_NAMES) {
    const columns = statements.all("select name from pragma_table_info(?)", table);
    const present = new Set(columns.map(([name]) => String(name)));
    statements.database.exec(operationalTableSql(table, present));
  }
  statements.database.exec(OPERATIONAL_INDEX_SQL);
}

function meta(statements: Statements, key: string): string | undefined {
  const value = statements.one("select value from meta where key = ?", key)?.[0];
  return typeof value === "string" ? value : undefined;
}
