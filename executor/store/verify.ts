import { DatabaseSync } from "node:sqlite";
import { foldEvent } from "../fold/fold.ts";
import { columnsOf, FOLDED_TABLES, sqlName, TABLE_NAMES, type TableName } from "../fold/tables.ts";
import { createJournalInvariants } from "../invariants/journal-invariants.ts";
import { applyChange } from "./apply-change.ts";
import { chainHash, GENESIS_HASH } from "./hash-chain.ts";
import {
  JOURNAL_COLUMNS_SQL,
  parseStoredEvent,
  readStoredEvent,
  type StoredEvent,
} from "./journal-rows.ts";
import { openDatabaseReadOnly } from "./open-database.ts";
import type { SqlValue } from "./row-codec.ts";
import { foldedTablesSql } from "./schema.ts";
import { Statements } from "./statements.ts";

/** The first thing that does not hold; what comes after it was not judged. */
export type VerifyProblem =
  | { kind: "hole"; seq: number; expectedSeq: number }
  | { kind: "chain"; seq: number; detail: string }
  | { kind: "event"; seq: number; detail: string }
  | { kind: "row"; table: TableName; key: string; detail: string };

/** The first event after which a promise of order handling was broken, and which promise. */
export interface VerifyViolation {
  seq: number;
  name: string;
  detail: string;
}

export interface VerifyReport {
  events: number;
  headHash: string;
  rows: number;
  /** The file: whether it is whole, and whether its tables follow from its events. */
  problem: VerifyProblem | null;
  /** The story: whether the events keep every invariant. Judged as far as the file is whole. */
  violation: VerifyViolation | null;
}

/**
 * Folds the journal again from its first event and compares every folded table with the result,
 * after checking every link of the hash chain, and holds the events against the invariants. It
 * reads one snapshot and never writes, so it may run beside the executor.
 */
export function verifyJournal(path: string): VerifyReport {
  const database = openDatabaseReadOnly(path);
  const fresh = new DatabaseSync(":memory:");
  try {
    database.exec("begin");
    fresh.exec(foldedTablesSql());
    return verifySnapshot(new Statements(database), new Statements(fresh));
  } finally {
    fresh.close();
    database.close();
  }
}

function verifySnapshot(stored: Statements, fresh: Statements): VerifyReport {
  const file = { events: 0, headHash: GENESIS_HASH, rows: 0 };
  const report: VerifyReport = { ...file, problem: null, violation: null };
  const judge = createJudge(report);
  fresh.run("begin");
  const sql = `select ${JOURNAL_COLUMNS_SQL} from journal order by seq`;
  for (const values of stored.each(sql)) {
    const event = readStoredEvent(values);
    report.problem = checkLink(event, report) ?? foldInto(fresh, event);
    if (report.problem !== null) return report;
    judge.take(event);
    report.events = event.seq;
    report.headHash = event.hash;
  }
  judge.settle();
  for (const table of TABLE_NAMES) {
    report.problem = compareTable(table, stored, fresh, report);
    if (report.problem !== null) return report;
  }
  return report;
}

/** Stops asking at the first violation: what follows from it would only hide it. */
function createJudge(report: VerifyReport): { take(event: StoredEvent): void; settle(): void } {
  let seq = 0;
  const invariants = createJournalInvariants(({ name, detail }) => {
    report.violation ??= { seq, name, detail };
  });
  return {
    take(event) {
      if (report.violation !== null) return;
      // An executor's start stands between transactions, wherever the one before it was killed.
      if (event.kind === "EpochStarted") invariants.settle();
      seq = event.seq;
      invariants.take(parseStoredEvent(event));
    },
    settle() {
      if (report.violation === null) invariants.settle();
    },
  };
}

function checkLink(event: StoredEvent, before: VerifyReport): VerifyProblem | null {
  const { seq } = event;
  const expectedSeq = before.events + 1;
  if (seq !== expectedSeq) return { kind: "hole", seq, expectedSeq };
  if (event.prevHash !== before.headHash) {
    return { kind: "chain", seq, detail: "it does not name the event before it" };
  }
  if (chainHash(event) !== event.hash) {
    return { kind: "chain", seq, detail: "its content does not give its hash" };
  }
  return null;
}

function foldInto(fresh: Statements, event: StoredEvent): VerifyProblem | null {
  try {
    for (const change of foldEvent(parseStoredEvent(event))) applyChange(fresh, change);
    return null;
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { kind: "event", seq: event.seq, detail: `${event.kind} cannot be folded: ${detail}` };
  }
}

function compareTable(
  table: TableName,
  stored: Statements,
  fresh: Statements,
  report: VerifyReport,
): VerifyProblem | null {
  const names = columnsOf(table).map(([name]) => name);
  const columns = names.map((name) => `"${sqlName(name)}"`).join(", ");
  const { key } = FOLDED_TABLES[table];
  const sql = `select ${columns} from "${table}" order by "${sqlName(key)}"`;
  const keyIndex = names.indexOf(key);
  const found = stored.each(sql)[Symbol.iterator]();
  for (const expected of fresh.each(sql)) {
    const next = found.next();
    const wantedKey = expected[keyIndex] ?? null;
    const foundKey = next.done === true ? undefined : (next.value[keyIndex] ?? null);
    if (next.done === true || foundKey === undefined || isBefore(wantedKey, foundKey)) {
      return { kind: "row", table, key: String(wantedKey), detail: "the row is missing" };
    }
    if (isBefore(foundKey, wantedKey)) {
      return { kind: "row", table, key: String(foundKey), detail: "no event made this row" };
    }
    const problem = compareRow(names, expected, next.value);
    if (problem !== null) return { kind: "row", table, key: String(wantedKey), detail: problem };
    report.rows++;
  }
  const extra = found.next();
  if (extra.done === true) return null;
  const keyText = String(extra.value[keyIndex]);
  return { kind: "row", table, key: keyText, detail: "no event made this row" };
}

function compareRow(
  names: readonly string[],
  expected: readonly SqlValue[],
  found: readonly SqlValue[],
): string | null {
  for (const [index, name] of names.entries()) {
    const wanted = expected[index];
    const actual = found[index];
    if (actual !== wanted) return `${name}: expected ${show(wanted)}, was ${show(actual)}`;
  }
  return null;
}

/** SQLite's own order: numbers by value, texts by their UTF-8 bytes. */
function isBefore(left: SqlValue, right: SqlValue): boolean {
  if (typeof left === "number" && typeof right === "number") return left < right;
  return Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right))) < 0;
}

function show(value: SqlValue | undefined): string {
  return JSON.stringify(value ?? null);
}
