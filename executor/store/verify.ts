import { DatabaseSync } from "node:sqlite";
import { foldEvent } from "../fold/fold.ts";
import { TABLE_NAMES } from "../fold/tables.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { createJournalInvariants } from "../invariants/journal-invariants.ts";
import { readAnchor, restoreAnchorTables } from "./anchor.ts";
import { applyChange } from "./apply-change.ts";
import { walkArchive } from "./archive.ts";
import { compareTable, type RowProblem } from "./compare-table.ts";
import { findAlteredText } from "./free-text.ts";
import { chainHash, GENESIS_HASH } from "./hash-chain.ts";
import {
  JOURNAL_COLUMNS_SQL,
  parseStoredEvent,
  readStoredEvent,
  type StoredEvent,
} from "./journal-rows.ts";
import { isFoldedHere } from "./migrate.ts";
import { openDatabaseReadOnly } from "./open-database.ts";
import { foldedTablesSql } from "./schema.ts";
import { sqliteErrorKind } from "./sqlite-error.ts";
import { Statements } from "./statements.ts";

/** The first thing that does not hold; what comes after it was not judged. */
export type VerifyProblem =
  | { kind: "hole"; seq: number; expectedSeq: number }
  | { kind: "chain"; seq: number; detail: string }
  | { kind: "event"; seq: number; detail: string }
  /** The file itself: a page, an index, or the snapshot of a compacted journal. */
  | { kind: "file"; detail: string }
  /** A text that people wrote is not the one that the journal has the digest of. */
  | { kind: "text"; digest: string }
  | RowProblem;

/** The first event after which a promise of order handling was broken, and which promise. */
export interface VerifyViolation {
  seq: number;
  name: string;
  detail: string;
}

export interface VerifyReport {
  /** The number of the last good event. */
  events: number;
  headHash: string;
  rows: number;
  /** The last event before those in the file; 0 unless the journal was compacted. */
  anchorSeq: number;
  /**
   * The tables were written by the fold of another release, which folds differently: they were not
   * compared, and this release makes them anew when it starts.
   */
  isFoldedElsewhere: boolean;
  /** The file: whether it is whole, and whether its tables follow from its events. */
  problem: VerifyProblem | null;
  /**
   * The story: whether the events keep every invariant. Judged as far as the file is whole; of a
   * compacted journal only while its archive is there.
   */
  violation: VerifyViolation | null;
}

/**
 * Folds the journal again from its first event, or from the snapshot of a compacted one, and
 * compares every folded table with the result, after checking every link of the hash chain; holds
 * the events against the invariants, and the file against SQLite's own checks. It reads one
 * snapshot and never writes, so it may run beside the executor.
 */
export function verifyJournal(path: string): VerifyReport {
  const report: VerifyReport = {
    events: 0,
    headHash: GENESIS_HASH,
    rows: 0,
    anchorSeq: 0,
    isFoldedElsewhere: false,
    problem: null,
    violation: null,
  };
  const fresh = new DatabaseSync(":memory:");
  let database: DatabaseSync | undefined;
  try {
    database = openDatabaseReadOnly(path);
    database.exec("begin");
    fresh.exec(`${foldedTablesSql()}; begin`);
    const tables = { stored: new Statements(database), fresh: new Statements(fresh) };
    report.problem = verifySnapshot(path, tables, report);
  } catch (error) {
    const detail = damageOf(error);
    if (detail === undefined) throw error;
    report.problem = { kind: "file", detail };
  } finally {
    fresh.close();
    database?.close();
  }
  return report;
}

const BROKEN: readonly string[] = ["RAPTOR_JOURNAL__DAMAGED", "RAPTOR_JOURNAL__IO_FAILED"];

/** What an error says of the file; undefined where it says nothing. */
function damageOf(error: unknown): string | undefined {
  if (isRaptorError(error) && BROKEN.includes(error.code)) return String(error.context["reason"]);
  const kind = sqliteErrorKind(error);
  return kind === "fatal" || kind === "other" ? (error as Error).message : undefined;
}

function verifySnapshot(
  path: string,
  { stored, fresh }: { stored: Statements; fresh: Statements },
  report: VerifyReport,
): VerifyProblem | null {
  const detail = String(stored.one("pragma integrity_check(1)")?.[0]);
  if (detail !== "ok") return { kind: "file", detail };
  const anchor = readAnchor(stored);
  const judge = createJudge(report);
  if (anchor !== undefined) {
    restoreAnchorTables(stored, fresh);
    // Half a story would seem to break promises: without its beginning none is judged.
    if (!walkArchive(path, anchor, (event) => judge.take(event))) judge.stop();
    report.anchorSeq = anchor.seq;
    report.events = anchor.seq;
    report.headHash = anchor.hash;
  }
  const sql = `select ${JOURNAL_COLUMNS_SQL} from journal order by seq`;
  for (const values of stored.each(sql)) {
    const event = readStoredEvent(values);
    const problem = checkLink(event, report) ?? foldInto(fresh, event);
    if (problem !== null) return problem;
    judge.take(event);
    report.events = event.seq;
    report.headHash = event.hash;
  }
  judge.settle();
  const altered = findAlteredText(stored);
  if (altered !== undefined) return { kind: "text", digest: altered };
  report.isFoldedElsewhere = !isFoldedHere(stored);
  if (report.isFoldedElsewhere) return null;
  for (const table of TABLE_NAMES) {
    const problem = compareTable(table, stored, fresh, report);
    if (problem !== null) return problem;
  }
  return null;
}

/** Stops asking at the first violation: what follows from it would only hide it. */
function createJudge(report: VerifyReport): {
  take(event: StoredEvent): void;
  settle(): void;
  stop(): void;
} {
  let seq = 0;
  let isStopped = false;
  const invariants = createJournalInvariants(({ name, detail }) => {
    report.violation ??= { seq, name, detail };
  });
  return {
    take(event) {
      if (isStopped || report.violation !== null) return;
      // An executor's start stands between transactions, wherever the one before it was killed.
      if (event.kind === "EpochStarted") invariants.settle();
      seq = event.seq;
      invariants.take(parseStoredEvent(event));
    },
    settle() {
      if (!isStopped && report.violation === null) invariants.settle();
    },
    stop() {
      isStopped = true;
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
