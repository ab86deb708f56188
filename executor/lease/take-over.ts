import type { Clock } from "@raptor/shared/seams/clock.ts";
import { isRaptorError, RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { elapsedAtLeast, momentOf } from "./elapsed.ts";
import { isSameWrite } from "./judge-claim.ts";
import type {
  LeaseDatabase,
  LeaseIdentity,
  LeaseRow,
  LeaseSession,
  LeaseSettings,
} from "./lease-database.ts";

export interface TakeOverOptions<T> {
  database: LeaseDatabase;
  clock: Clock;
  /** Of the volume that the desk moves to, and of the machine that runs this. */
  identity: LeaseIdentity;
  settings: Pick<LeaseSettings, "ttlMs">;
  /** The last event that the copy is known to hold, asked after the old executor was fenced. */
  fetchCopiedSeq(): Promise<number>;
  /** A person says that the old executor's machine is gone for good: nothing is waited for. */
  isOldGone?: boolean;
  /** Puts the journal back: after the wait, before this volume may start. */
  putBack(): Promise<T>;
  /** Called about once a second while it waits. */
  onWait?(leftMs: number, reason: string): void;
  signal?: AbortSignal;
}

export interface TakeOverReport<T> {
  /** What `putBack` gave. */
  result: T;
  epoch: number;
  waitedMs: number;
  predecessor: LeaseRow | undefined;
  /** Whether the predecessor ended in order and all its events are in the copy. */
  isComplete: boolean;
}

/**
 * A transaction that the predecessor sent in its last moment lives for at most 150 blocks and may
 * be missing in the copy. Blocks of 400 ms are expected; a second for each has room for a slow
 * network. What recovery then finds undecided is proven by heights, never by this time.
 */
export const LAST_ATTEMPTS_MS = 150 * 1_000;
const TELL_MS = 1_000;
/** A database that is away for longer makes the person run the command again. */
const FINISH_TRIES_MAX = 30;

/**
 * Gives the desk to this volume, by a person's decision. The predecessor is fenced at once: its
 * next renewal meets a higher epoch. If it cannot reach the database it lapses by itself within the
 * TTL, and what it sent before is decided after 150 blocks; only then may this volume start. An
 * interrupted call leaves the row as `handingOver`, with which nobody starts; run it again.
 * @throws RAPTOR_LEASE__CONTESTED when another take-over came in between, and what the database
 * throws.
 */
export async function takeOver<T>(options: TakeOverOptions<T>): Promise<TakeOverReport<T>> {
  const session = await options.database.open();
  try {
    const before = await session.read();
    const { row, predecessor } = await claim(session, before, options);
    const startedAt = momentOf(options.clock);
    const isComplete = isWhole(predecessor, await options.fetchCopiedSeq());
    if (!isComplete && options.isOldGone !== true) await waitOut(options, predecessor);
    const waitedMs = elapsedAtLeast(options.clock, startedAt);
    const result = await options.putBack();
    // Idle connections may be cut while it waits, so the last word has a session of its own.
    await finish(options, row);
    return { result, epoch: row.epoch, waitedMs, predecessor, isComplete };
  } finally {
    session.close();
  }
}

async function claim(
  session: LeaseSession,
  before: LeaseRow | undefined,
  { identity }: Pick<TakeOverOptions<unknown>, "identity">,
): Promise<{ row: LeaseRow; predecessor: LeaseRow | undefined }> {
  const row: LeaseRow = {
    ...identity,
    epoch: (before?.epoch ?? 0) + 1,
    renewals: (before?.renewals ?? 0) + 1,
    phase: "handingOver",
    headSeq: null,
  };
  if (await session.swap(before, row)) return { row, predecessor: before };
  // A renewal of the predecessor came in between: it is alive, and fenced by the next try.
  const now = await session.read();
  const again = { ...row, epoch: (now?.epoch ?? 0) + 1, renewals: (now?.renewals ?? 0) + 1 };
  if (await session.swap(now, again)) return { row: again, predecessor: now };
  throw new RaptorError("RAPTOR_LEASE__CONTESTED", { reason: "the lease changed twice" });
}

/** A predecessor that ended in order says how far its journal reached. */
function isWhole(predecessor: LeaseRow | undefined, copiedSeq: number): boolean {
  if (predecessor === undefined) return true;
  const { phase, headSeq } = predecessor;
  return phase === "released" && headSeq !== null && headSeq <= copiedSeq;
}

type Wait = Pick<TakeOverOptions<unknown>, "clock" | "settings" | "signal" | "onWait">;

async function waitOut(options: Wait, predecessor: LeaseRow | undefined): Promise<void> {
  const { clock, settings, signal } = options;
  const hasEnded = predecessor?.phase === "released";
  const ttlMs = hasEnded ? 0 : settings.ttlMs;
  const since = momentOf(clock);
  for (;;) {
    const doneMs = elapsedAtLeast(clock, since);
    const leftMs = ttlMs + LAST_ATTEMPTS_MS - doneMs;
    if (leftMs <= 0) return;
    if (signal?.aborted === true) {
      throw new RaptorError("RAPTOR_LEASE__CONTESTED", { reason: "the wait was ended early" });
    }
    const isTtl = doneMs < ttlMs;
    const reason = isTtl ? "the old executor's claim ends" : "its last transactions are decided";
    options.onWait?.(leftMs, reason);
    await clock.sleep(Math.min(TELL_MS, leftMs), signal);
  }
}

/** A lost answer may have been a success: the row tells. */
async function finish(
  { database, clock }: Pick<TakeOverOptions<unknown>, "database" | "clock">,
  row: LeaseRow,
): Promise<void> {
  const next: LeaseRow = { ...row, renewals: row.renewals + 1, phase: "handedOver" };
  for (let tries = 1; ; tries++) {
    let session: LeaseSession | undefined;
    try {
      session = await database.open();
      const now = await session.read();
      if (isSameWrite(now, next) || (isSameWrite(now, row) && (await session.swap(row, next))))
        return;
      throw new RaptorError("RAPTOR_LEASE__CONTESTED", { reason: "another take-over came after" });
    } catch (error) {
      if (!isRaptorError(error, "RAPTOR_POSTGRES__LOST") || tries >= FINISH_TRIES_MAX) throw error;
      await clock.sleep(TELL_MS);
    } finally {
      session?.close();
    }
  }
}
