import { hash } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { foldEvent } from "../fold/fold.ts";
import type { PgSession, Postgres } from "../ports/postgres.ts";
import { applyChange } from "../store/apply-change.ts";
import { foldDigest } from "../store/fold-digest.ts";
import { GENESIS_HASH, type Head } from "../store/hash-chain.ts";
import { INSERT_JOURNAL_SQL, parseStoredEvent, type StoredEvent } from "../store/journal-rows.ts";
import { openDatabaseWithRoom } from "../store/open-database.ts";
import { PUT_VAULT_SQL } from "../store/operational-sql.ts";
import { markRestored } from "../store/recovery-mark.ts";
import { Statements } from "../store/statements.ts";
import { verifyJournal } from "../store/verify.ts";
import { compareTables } from "./compare-tables.ts";
import { readCursor } from "./cursor.ts";
import { mirroredEvents } from "./mirrored-events.ts";
import { MirrorStop } from "./mirror-stop.ts";

export interface RestoreOptions {
  postgres: Postgres;
  clock: Pick<Clock, "nowMs">;
  /** Where the journal is to stand; nothing may be there. */
  path: string;
  release: string;
  /** A journal file, however old, from which wallet keys are taken that the copy lacks. */
  vaultFrom?: string;
}

export interface RestoreReport {
  head: Head;
  wallets: number;
  /** False when another release folded the copy's tables: only the events were compared then. */
  isCompared: boolean;
}

const ANSWER_MS = 60_000;
const FILES = ["", "-wal", "-shm"];

/**
 * Rebuilds a lost journal from its copy in Postgres: every link of the chain checked, everything
 * folded anew and compared with the copied tables. The file appears whole or not at all, and
 * carries the recovery mark. The caller holds the executor's lock.
 * @throws RAPTOR_RESTORE__REFUSED saying why nothing was put back.
 */
export async function restoreFromPostgres(options: RestoreOptions): Promise<RestoreReport> {
  const { path, postgres } = options;
  if (FILES.some((ending) => existsSync(path + ending))) {
    throw refused(
      `there is a journal at ${path} already; move it away first, it is never replaced`,
    );
  }
  const draft = `${path}.restoring`;
  removeFiles(draft);
  const session = await postgres.open("restore", ANSWER_MS);
  try {
    const report = await rebuild(session, draft, options);
    const { problem } = verifyJournal(draft);
    if (problem !== null) throw refused(`the rebuilt journal does not verify: ${problem.kind}`);
    const { head } = report;
    const mark = { from: "postgres", headSeq: head.seq, headHash: head.hash } as const;
    markRestored(draft, { ...mark, atMs: options.clock.nowMs() });
    renameSync(draft, path);
    syncFolder(dirname(path));
    return report;
  } catch (error) {
    if (error instanceof MirrorStop) throw refused(error.message, error);
    throw error;
  } finally {
    session.close();
    removeFiles(draft);
  }
}

async function rebuild(
  session: PgSession,
  draft: string,
  options: RestoreOptions,
): Promise<RestoreReport> {
  // One moment of the copy, whoever may still be writing to it.
  await session.query("begin isolation level repeatable read read only");
  const cursor = await readCursor(session);
  if (cursor.seq === 0) throw refused("the copy in Postgres is empty");
  const database = openDatabaseWithRoom({ path: draft, release: options.release });
  try {
    const local = new Statements(database);
    const genesis = { seq: 0, hash: GENESIS_HASH };
    for await (const events of mirroredEvents(session, genesis, cursor)) write(local, events);
    const wallets = await putVault(session, local, options.vaultFrom);
    const isCompared = cursor.foldDigest === foldDigest();
    const difference = isCompared ? await compareTables(local, session) : undefined;
    if (difference !== undefined) throw refused(`the copied tables differ, ${difference}`);
    return { head: { seq: cursor.seq, hash: cursor.hash }, wallets, isCompared };
  } finally {
    database.close();
  }
}

function write(local: Statements, events: readonly StoredEvent[]): void {
  local.run("begin immediate");
  for (const event of events) {
    const { seq, tsMs, stream, kind, version, payload, prevHash } = event;
    local.run(INSERT_JOURNAL_SQL, seq, tsMs, stream, kind, version, payload, prevHash, event.hash);
    for (const change of foldEvent(parseStoredEvent(event))) applyChange(local, change);
  }
  local.run("commit");
}

/** A desk that cannot sell must not start: without every wallet's key nothing is put back. */
async function putVault(
  session: PgSession,
  local: Statements,
  vaultFrom: string | undefined,
): Promise<number> {
  const { rows } = await session.query("select wallet_id, wrapped from raptor.vault");
  const keys = [...rows.map(([id, wrapped]) => [String(id), String(wrapped)] as const)];
  if (vaultFrom !== undefined) keys.push(...vaultOf(vaultFrom));
  const wallets = local.all("select wallet_id, address, vault_sha256 from wallets");
  const missing: string[] = [];
  for (const [walletId, address, sha256] of wallets) {
    const key = keys.find(
      ([id, wrapped]) => id === walletId && hash("sha256", wrapped, "hex") === sha256,
    );
    if (key === undefined) missing.push(String(address));
    else local.run(PUT_VAULT_SQL, key[0], key[1]);
  }
  if (missing.length === 0) return wallets.length;
  throw refused(
    `the keys of ${missing.length} wallets are in neither copy (${missing.slice(0, 5).join(", ")}); ` +
      `name a journal that has them, from a backup or the Litestream replica, however old it is`,
  );
}

function vaultOf(path: string): (readonly [string, string])[] {
  if (!existsSync(path)) throw refused(`there is no journal at ${path} to take wallet keys from`);
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = new Statements(database).all("select wallet_id, wrapped from vault");
    return rows.map(([walletId, wrapped]) => [String(walletId), String(wrapped)]);
  } finally {
    database.close();
  }
}

function removeFiles(path: string): void {
  for (const ending of FILES) rmSync(path + ending, { force: true });
}

/** The name is on the disk too, before anybody is told that the journal is back. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function refused(reason: string, cause?: unknown): RaptorError {
  return new RaptorError("RAPTOR_RESTORE__REFUSED", { reason }, { cause });
}
