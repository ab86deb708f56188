import { closeSync, openSync } from "node:fs";

/** A journal holds the wrapped wallet keys; its log and index get the mode of the file itself. */
const OWNER_ONLY = 0o600;

/**
 * Makes the file of a database that is about to be opened, for its owner alone, if it is not there.
 * A file that is there is not touched: closing another handle of it would drop SQLite's locks.
 */
export function makeOwnerOnly(path: string): void {
  try {
    closeSync(openSync(path, "wx", OWNER_ONLY));
  } catch {
    // It is there, or it cannot be made: SQLite opens it next, and says better why it cannot.
  }
}
