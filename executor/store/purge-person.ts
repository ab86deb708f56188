import type { Store } from "../ports/store.ts";
import { openDatabaseWithRoom } from "./open-database.ts";
import { openStore, type StoreOptions } from "./sqlite-store.ts";

/**
 * Removes what a person wrote: names, texts, reasons, and the messages that quoted them. The
 * journal stays whole, since it holds only digests whose keys go too. What a job that is not done
 * yet needs stays until it is done.
 * @returns how many texts were removed.
 */
export function purgePerson(store: Store, userId: number): Promise<number> {
  return store.transact((tx) => {
    const texts = tx.purgeTexts(userId);
    const payload = { userId, texts };
    tx.append({ stream: `user:${userId}`, kind: "PersonPurged", payload });
    return texts;
  });
}

/**
 * The same on a journal without an executor, whose lock the caller holds. The log, which may still
 * hold pages as they were, is emptied into the file and cut.
 */
export async function purgePersonAt(options: StoreOptions, userId: number): Promise<number> {
  const store = openStore(options);
  let texts = 0;
  try {
    texts = await purgePerson(store, userId);
  } finally {
    store.close();
  }
  const database = openDatabaseWithRoom(options);
  try {
    database.exec("vacuum; pragma wal_checkpoint(truncate)");
  } finally {
    database.close();
  }
  return texts;
}
