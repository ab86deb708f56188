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

/** Not at its end; an exit that is held back, and whose person was told so, waits for a price. */
export const OPEN_ORDER_SQL = `${LIVE_ORDER_SQL}
  and not exists (select 1 from outbox told where told.key = 'small:' || order_id)`;

/**
 * What is acknowledged and not yet at its end, and what a fork may still change: until that is
 * known the ledger remembers tokens that were sold beyond a position, and the wallet has as many
 * less.
 */
export function countPending(dataDir: string): number {
  const sql = `select
    (select count(*) from jobs where state = 'pending') +
    (select count(*) from attempts where ${UNRESOLVED_SQL}) +
    (select count(*) from orders where ${OPEN_ORDER_SQL}) +
    (select count(*) from fills where state = 'recorded') +
    (select count(*) from positions where oversold != '0') +
    (select count(*) from outbox where ${OUTBOX_DUE_SQL}) as n`;
  return Number(readJournal(dataDir, sql)[0]?.["n"]);
}

/** What a dead desk leaves to the next one. */
export interface Estate {
  /** Nobody may buy. */
  isHalted: boolean;
  /** These may not buy. */
  pausedIds: readonly number[];
  /** Commands that it took and did not bring to their end. */
  pendingJobs: number;
}

export function readEstate(dataDir: string): Estate {
  const halted = "select 1 as n from control where trading_state != 'active'";
  const paused = readJournal(dataDir, "select user_id from users where paused = 1");
  const pending = "select count(*) as n from jobs where state = 'pending'";
  return {
    isHalted: readJournal(dataDir, halted).length > 0,
    pausedIds: paused.map(({ user_id: userId }) => Number(userId)),
    pendingJobs: Number(readJournal(dataDir, pending)[0]?.["n"]),
  };
}
