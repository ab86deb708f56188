import type { Reader } from "../ports/store.ts";
import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import { attachArchive } from "./archive.ts";
import { openDatabaseReadOnly } from "./open-database.ts";
import { SqliteReader } from "./sqlite-reader.ts";
import { Statements } from "./statements.ts";

export type JournalReader = Reader & {
  eventsFrom(seq: number, limit: number): JournalEvent[];
  eventsOf(stream: string): JournalEvent[];
};

/**
 * Reads a journal that may be open in an executor, and never writes. All of `use` sees one moment,
 * and the events of an archive beside it too.
 * @throws RAPTOR_JOURNAL__VERSION for a journal of another release.
 */
export function withJournalReader<T>(path: string, use: (reader: JournalReader) => T): T {
  const database = openDatabaseReadOnly(path);
  try {
    attachArchive(database, path);
    database.exec("begin");
    return use(new SqliteReader(new Statements(database)));
  } finally {
    database.close();
  }
}
