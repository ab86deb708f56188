import { hash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { TABLE_NAMES } from "../fold/tables.ts";
import type { PgSession } from "../ports/postgres.ts";
import { foldDigest } from "../store/fold-digest.ts";
import { GENESIS_HASH } from "../store/hash-chain.ts";
import { readCursor } from "./cursor.ts";
import { planFold } from "./fold-into.ts";
import { pgTable } from "./folded-sql.ts";
import { mirroredEvents } from "./mirrored-events.ts";

export interface Migration {
  name: string;
  sql: string;
  sha256: string;
}

/** Any number, the same for all of our sessions and nobody else's. */
const MIGRATION_LOCK = 7_227_867_001;

/** The numbered files, in their order. */
export function readMigrations(): Migration[] {
  const folder = join(import.meta.dirname, "migrations");
  const names = readdirSync(folder).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name));
  return names.toSorted().map((name) => {
    const sql = readFileSync(join(folder, name), "utf8");
    return { name, sql, sha256: hash("sha256", sql, "hex") };
  });
}

/**
 * Brings the schema to this release and folds the tables again where another release folded them.
 * Every file may run again and only adds, so a file whose text has changed simply runs once more,
 * and one that somebody ran by hand does no harm.
 */
export async function migrateMirror(session: PgSession): Promise<void> {
  await session.query("select pg_advisory_lock($1)", [MIGRATION_LOCK]);
  const applied = await appliedMigrations(session);
  for (const { name, sql, sha256 } of readMigrations()) {
    if (applied.get(name) === sha256) continue;
    await inTransaction(session, async () => {
      await session.query(sql);
      const put = `
insert into raptor.migrations (name, sha256) values ($1, $2)
on conflict (name) do update set sha256 = excluded.sha256, applied_at = now()`;
      await session.query(put, [name, sha256]);
    });
  }
  const { foldDigest: folded } = await readCursor(session);
  if (folded !== foldDigest()) await foldAgain(session);
  await session.query("select pg_advisory_unlock($1)", [MIGRATION_LOCK]);
}

/** False in the common case that this release has prepared the schema before. */
export async function needsMigration(session: PgSession): Promise<boolean> {
  const applied = await appliedMigrations(session);
  if (readMigrations().some(({ name, sha256 }) => applied.get(name) !== sha256)) return true;
  return (await readCursor(session)).foldDigest !== foldDigest();
}

async function appliedMigrations(session: PgSession): Promise<Map<string, string>> {
  const there = await session.query("select to_regclass('raptor.migrations')");
  if (there.rows[0]?.[0] === null) return new Map();
  const { rows } = await session.query("select name, sha256 from raptor.migrations");
  return new Map(rows.map(([name, sha256]) => [String(name), String(sha256)]));
}

/** The folded tables are a pure function of the copied events; readers see the old ones so long. */
export async function foldAgain(session: PgSession): Promise<void> {
  await inTransaction(session, async () => {
    await session.query("select from raptor.mirror_cursor where id = 1 for update");
    const cursor = await readCursor(session);
    for (const table of TABLE_NAMES) await session.query(`delete from ${pgTable(table)}`);
    const genesis = { seq: 0, hash: GENESIS_HASH };
    for await (const events of mirroredEvents(session, genesis, cursor)) {
      const fold = planFold(events);
      fold.settle(await Promise.all(fold.ask(session)));
    }
    const note = "update raptor.mirror_cursor set fold_digest = $1 where id = 1";
    await session.query(note, [foldDigest()]);
  });
}

async function inTransaction(session: PgSession, work: () => Promise<void>): Promise<void> {
  await session.query("begin");
  try {
    await work();
    await session.query("commit");
  } catch (error) {
    if (!session.isLost) await session.query("rollback");
    throw error;
  }
}
