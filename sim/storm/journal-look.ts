import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { LIVE_ORDER_SQL, OUTBOX_DUE_SQL, UNRESOLVED_SQL } from "@raptor/executor/store/schema.ts";

/** A checkpoint or an opening process holds the file for moments. */
const BUSY_MS = 2_000;

export type Row = Record<string, string | number | null>;

/** Reads the journal beside or between the processes that write it. */
export function readJournal(dataDir: string, sql: string): Row[] {
  const database = new DatabaseSync(join(dataDir, "journal.db"), {
    readOnly: true,
    timeout: BUSY_MS,
  });
  try {
    return database.prepare(sql).all() as Row[];
  } finally {
    database.close();
  }
}

export function countUnresolved(dataDir: string): number {
  const sql = `select count(*) as n from attempts where ${UNRESOLVED_SQL}`;
  return Number(readJournal(dataDir, sql)[0]?.["n"]);
}

/** What is acknowledged and not yet at its end. */
export function countPending(dataDir: string): number {
  const sql = `select
    (select count(*) from jobs where state = 'pending') +
    (select count(*) from attempts where ${UNRESOLVED_SQL}) +
    (select count(*) from orders where ${LIVE_ORDER_SQL}) +
    (select count(*) from outbox where ${OUTBOX_DUE_SQL}) as n`;
  return Number(readJournal(dataDir, sql)[0]?.["n"]);
}

/** What keeps the desk or a person from buying. */
export function readBrakes(dataDir: string): { isHalted: boolean; pausedIds: number[] } {
  const halted = "select 1 as n from control where trading_state != 'active'";
  const paused = readJournal(dataDir, "select user_id from users where paused = 1");
  return {
    isHalted: readJournal(dataDir, halted).length > 0,
    pausedIds: paused.map(({ user_id: userId }) => Number(userId)),
  };
}
