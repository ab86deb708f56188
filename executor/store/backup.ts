import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { openDatabaseReadOnly } from "./open-database.ts";

/** Pages a step; between steps other work of this process gets its turn. */
const PAGES_PER_STEP = 2_000;
/** The copy holds the wrapped wallet keys too. */
const OWNER_ONLY = 0o600;

/**
 * Copies a journal to a file of its own, by SQLite's online backup, beside whatever writes to it.
 * The copy is one moment: the source's snapshot is held until the last page, so that commits in
 * between neither appear nor make the copy begin anew. It is moved to its name only when all of it
 * is on the disk, so that a file of that name is a whole one.
 */
export async function copyJournal(
  source: string,
  target: string,
  pagesPerStep = PAGES_PER_STEP,
): Promise<void> {
  const partial = `${target}.partial`;
  removeDatabase(partial);
  writeFileSync(partial, "", { mode: OWNER_ONLY, flag: "wx" });
  const database = openDatabaseReadOnly(source);
  try {
    database.exec("begin");
    database.prepare("select count(*) from meta").get();
    await backup(database, partial, { rate: pagesPerStep });
  } catch (error) {
    removeDatabase(partial);
    throw error;
  } finally {
    database.close();
  }
  makeSingleFile(partial);
  syncPath(partial);
  renameSync(partial, target);
  syncPath(dirname(target));
}

/** A copy in WAL mode would be three files as soon as anybody looked at it. */
function makeSingleFile(path: string): void {
  const database = new DatabaseSync(path);
  try {
    database.exec("pragma journal_mode = delete");
  } finally {
    database.close();
  }
}

/** Every file that belongs to a database of this name. */
function removeDatabase(path: string): void {
  for (const suffix of DATABASE_SUFFIXES) rmSync(path + suffix, { force: true });
}

/** The file itself, its log, the log's index, and what a rollback journal is called. */
export const DATABASE_SUFFIXES: readonly string[] = ["", "-wal", "-shm", "-journal"];

/** Also for directories: a name is on the disk when its directory is. */
export function syncPath(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
