import { closeSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { IdSource } from "@raptor/shared/seams/chance.ts";

/** Beside the journal, and no part of any backup: a copy of the journal is another volume. */
export const VOLUME_ID_FILE = "volume.id";
const ID_BYTES = 16;
const ID_MODE = 0o600;

/**
 * Names this data directory. The file's inode number is part of the name, so that a folder copied
 * together with the file is another volume; a snapshot restored block by block keeps it and is told
 * apart by its machine.
 */
export function readVolumeIdentity(directory: string, ids: IdSource): string {
  const path = join(directory, VOLUME_ID_FILE);
  const text = readExisting(path) ?? create(path, ids);
  return `${text}.${statSync(path).ino}`;
}

function readExisting(path: string): string | undefined {
  try {
    const text = readFileSync(path, "utf8").trim();
    // A crash between creating and writing leaves an empty file, which names nothing.
    return text === "" ? undefined : text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function create(path: string, ids: IdSource): string {
  const text = ids.token(ID_BYTES);
  const file = openSync(path, "w", ID_MODE);
  try {
    writeSync(file, `${text}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return text;
}
