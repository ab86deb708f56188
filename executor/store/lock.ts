import { DatabaseSync } from "node:sqlite";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { sqliteErrorKind } from "./sqlite-error.ts";

export interface ExecutorLock {
  release(): void;
}

/** A collected handle would drop its lock, so held ones are kept here. */
const held = new Set<DatabaseSync>();

/**
 * Holds `executor.lock` for as long as the process lives; the operating system lets go of it when
 * the process dies in any way. The lock is a file of its own, so that the journal stays open to
 * readers, and it is never opened with plain file calls: closing any other handle of the same
 * file in this process would drop the lock.
 * @throws RAPTOR_JOURNAL__LOCKED when another executor holds it.
 */
export function holdExecutorLock(path: string): ExecutorLock {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec("begin exclusive");
  } catch (error) {
    database.close();
    const kind = sqliteErrorKind(error);
    if (kind === "busy")
      throw new RaptorError("RAPTOR_JOURNAL__LOCKED", { path }, { cause: error });
    if (kind === "full") throw new RaptorError("RAPTOR_JOURNAL__FULL", { path }, { cause: error });
    if (kind === "readOnly") {
      throw new RaptorError("RAPTOR_JOURNAL__READ_ONLY", { path }, { cause: error });
    }
    throw error;
  }
  held.add(database);
  return {
    release: () => {
      if (held.delete(database)) database.close();
    },
  };
}
