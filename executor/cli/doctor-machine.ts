import { existsSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { holdExecutorLock } from "../store/lock.ts";
import { withJournalReader } from "../store/read-journal.ts";
import { checkSqliteVersion } from "../store/sqlite-version.ts";
import { JOURNAL_FILE, LOCK_FILE } from "./command.ts";
import { isoOf } from "./look-commands.ts";
import { askOperator } from "./operator-client.ts";

/** One line of the doctor: what was looked at, how it is, and what to do where it is not well. */
export interface Finding {
  name: string;
  ok: boolean;
  detail: string;
  todo?: string;
}

/** Below this the ballast and the log of a busy hour no longer fit. */
const FREE_BYTES_MIN = 256 * 1024 * 1024;
const MB = 1024 * 1024;

export function checkDisk(dataDir: string): Finding {
  const name = "disk";
  try {
    const { bavail, bsize } = statfsSync(dataDir);
    const free = bavail * bsize;
    const detail = `${Math.floor(free / MB)} MB free in ${dataDir}`;
    if (free >= FREE_BYTES_MIN) return { name, ok: true, detail };
    return { name, ok: false, detail, todo: "extend the volume, or run `raptor compact`" };
  } catch (error) {
    const detail = `${dataDir}: ${messageOf(error)}`;
    return { name, ok: false, detail, todo: "set DATA_DIR to the folder of the volume" };
  }
}

export function checkSqlite(version = process.versions.sqlite ?? "none"): Finding {
  const problem = checkSqliteVersion(version);
  if (problem === undefined) return { name: "sqlite", ok: true, detail: version };
  const todo = "use the Node of the Dockerfile; the executor does not start on this one";
  return { name: "sqlite", ok: false, detail: problem, todo };
}

/** Who may write, and whether that one listens. */
export async function checkHolder(dataDir: string): Promise<Finding> {
  const name = "executor";
  const reply = await askOperator(dataDir, { cmd: "status" });
  if (reply.kind === "answer") return { name, ok: true, detail: "runs and answers" };
  const isLocked = isLockHeld(dataDir);
  if (reply.kind === "silent" || isLocked) {
    const detail = `holds the lock and does not answer: ${reply.cause}`;
    const todo = "it may be starting; otherwise look at its log, docs/runbooks/stuck-order.md";
    return { name, ok: false, detail, todo };
  }
  const todo = "start it: nothing trades and no exit is watched until then";
  return { name, ok: false, detail: "does not run on this data directory", todo };
}

function isLockHeld(dataDir: string): boolean {
  const path = join(dataDir, LOCK_FILE);
  if (!existsSync(path)) return false;
  try {
    holdExecutorLock(path).release();
    return false;
  } catch (error) {
    if (isRaptorError(error, "RAPTOR_JOURNAL__LOCKED")) return true;
    throw error;
  }
}

export function checkJournal(dataDir: string): Finding[] {
  const name = "journal";
  const path = join(dataDir, JOURNAL_FILE);
  if (!existsSync(path)) {
    const todo = "nothing to do for a new desk; for an old one see docs/runbooks/restore.md";
    return [{ name, ok: false, detail: `there is none at ${path}`, todo }];
  }
  try {
    return withJournalReader(path, (reader) => {
      const { tradingState, by } = reader.control();
      const mark = reader.recoveryMark();
      const detail = `event ${reader.headSeq()}, epoch ${reader.epoch()}`;
      const findings: Finding[] = [{ name, ok: true, detail }];
      if (tradingState !== "active") {
        const todo = "an admin sends /kill active when the cause is gone";
        findings.push({ name: "kill switch", ok: false, detail: `${tradingState} by ${by}`, todo });
      }
      if (mark !== undefined && !mark.isSettled) {
        const waiting = `put back ${isoOf(mark.atMs)} from ${mark.from}, not started since`;
        const todo = "start the executor; it asks about what was under way";
        findings.push({ name: "restore", ok: false, detail: waiting, todo });
      }
      return findings;
    });
  } catch (error) {
    const todo = "run `raptor verify`, then docs/runbooks/restore.md";
    return [{ name, ok: false, detail: messageOf(error), todo }];
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
