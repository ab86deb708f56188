/** What a failure of SQLite means for the process. */
export type SqliteErrorKind = "full" | "readOnly" | "busy" | "constraint" | "fatal" | "other";

const FULL = 13;
const READ_ONLY = 8;
const CANNOT_OPEN = 14;
const BUSY = 5;
const LOCKED = 6;
const CONSTRAINT = 19;
/** Out of memory, I/O error, corrupt, not a database. */
const FATAL = [7, 10, 11, 26];
/** The shared-memory index could not grow: a full disk, seen before anything was written. */
const SHM_SIZE = 10 | (19 << 8);

const IO_ERROR = 10;

/** A read, write or sync that the disk refused, as opposed to content that makes no sense. */
export function isIoError(error: unknown): boolean {
  if (!(error instanceof Error) || !("errcode" in error)) return false;
  return typeof error.errcode === "number" && (error.errcode & 0xff) === IO_ERROR;
}

/** The kind of an error that node:sqlite threw; undefined for every other error. */
export function sqliteErrorKind(error: unknown): SqliteErrorKind | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  const { errcode } = error;
  if (typeof errcode !== "number") return undefined;
  if (errcode === SHM_SIZE) return "full";
  const primary = errcode & 0xff;
  if (primary === FULL) return "full";
  if (primary === READ_ONLY || primary === CANNOT_OPEN) return "readOnly";
  if (primary === BUSY || primary === LOCKED) return "busy";
  if (primary === CONSTRAINT) return "constraint";
  return FATAL.includes(primary) ? "fatal" : "other";
}
