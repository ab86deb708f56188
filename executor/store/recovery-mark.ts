import { DatabaseSync } from "node:sqlite";
import type { RecoveryMark } from "../ports/recovery.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { Statements } from "./statements.ts";

const META_KEY = "recovery";
const READ_SQL = `select value from meta where key = '${META_KEY}'`;
const WRITE_SQL = `
insert into meta (key, value) values ('${META_KEY}', ?)
on conflict (key) do update set value = excluded.value`;

/** Marks a journal file that no executor has open. Part of every restore, whatever its source. */
export function markRestored(path: string, mark: Omit<RecoveryMark, "isSettled">): void {
  const database = new DatabaseSync(path);
  try {
    database.exec("pragma synchronous = full");
    database.prepare(WRITE_SQL).run(canonicalJson({ ...mark, isSettled: false }));
  } finally {
    database.close();
  }
}

export function readRecoveryMark(statements: Statements): RecoveryMark | undefined {
  const text = statements.one(READ_SQL)?.[0];
  if (typeof text !== "string") return undefined;
  // Only `markRestored` and `settleRecoveryMark` write this row, both from the typed value.
  return JSON.parse(text) as RecoveryMark;
}

/** Part of the transaction that draws the consequences. */
export function settleRecoveryMark(statements: Statements): void {
  const mark = readRecoveryMark(statements);
  if (mark === undefined) return;
  statements.run(WRITE_SQL, canonicalJson({ ...mark, isSettled: true }));
}
