import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { JournalRow, ScenarioWorld } from "./scenario-world.ts";

/** Rows of every table of the journal's database, so that "nothing anywhere" can be compared. */
export function countRows(world: ScenarioWorld): Record<string, number> {
  return withDatabase(world, (database) => {
    const names = database
      .prepare("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")
      .all()
      .map((row) => String(row["name"]));
    return Object.fromEntries(
      names.map((name) => {
        const row = database.prepare(`select count(*) as n from "${name}"`).get();
        return [name, Number(row?.["n"])];
      }),
    );
  });
}

/** The wrapped wallet keys beside the journal, with whose they are. */
export function readVault(world: ScenarioWorld): Record<string, unknown>[] {
  return withDatabase(world, (database) =>
    database
      .prepare("select * from vault natural join wallets")
      .all()
      .map((row) => ({ ...row })),
  );
}

export function headSeq(world: ScenarioWorld): number {
  return world.journal().at(-1)?.seq ?? 0;
}

/** Attempts to buy that were prepared after an event. */
export function entriesAfter(world: ScenarioWorld, seq: number): JournalRow[] {
  const buys = new Set(
    world
      .eventsOf("OrderInitialized")
      .filter(({ payload }) => payload["side"] === "buy")
      .map(({ payload }) => payload["orderId"]),
  );
  return world
    .eventsOf("AttemptPrepared")
    .filter((row) => row.seq > seq && buys.has(row.payload["orderId"]));
}

/** Events of one order, oldest first. */
export function eventsOfOrder(world: ScenarioWorld, orderId: unknown): JournalRow[] {
  return world.journal().filter(({ payload }) => payload["orderId"] === orderId);
}

function withDatabase<T>(world: ScenarioWorld, read: (database: DatabaseSync) => T): T {
  const path = join(world.file.dataDir, "journal.db");
  const database = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
  try {
    return read(database);
  } finally {
    database.close();
  }
}
