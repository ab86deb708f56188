import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { Mirror } from "../ports/mirror.ts";
import type { PgSession, Postgres } from "../ports/postgres.ts";
import type { Store, StoredEvent } from "../ports/store.ts";
import { assertHeadAtLeast } from "../store/assert-head.ts";
import type { Head } from "../store/hash-chain.ts";
import { readCursor } from "./cursor.ts";
import { type LagReport, MirrorHealth } from "./mirror-health.ts";
import { MirrorStop } from "./mirror-stop.ts";
import { migrateMirror, needsMigration } from "./migrate.ts";
import { CursorMoved, shipBatch } from "./ship.ts";
import { copyVault } from "./vault-copy.ts";

export interface MirrorOptions {
  postgres: Postgres;
  store: Store;
  clock: Clock;
  prng: Prng;
  log: Log;
  metrics: Metrics;
  mode: "async" | "sync";
  /** How long `sync` waits for the copy. */
  syncMs: number;
  /** Whether wrapped wallet keys are copied too. */
  copiesVault: boolean;
  /** Second channel for operators; never waits. */
  shout(text: string): void;
  /** Whether this executor's events still belong into the copy; absent without a lease. */
  mayShip?(): boolean;
  /** Silence this long is a lost connection. */
  answerMs?: number;
}

/** One transaction: enough to catch up quickly, little enough to hold in memory twice. */
const BATCH_EVENTS_MAX = 256;
const BATCH_CHARS_MAX = 4_000_000;
const ANSWER_MS = 10_000;
/** Folding again may rewrite every table. */
const MIGRATE_ANSWER_MS = 120_000;
/** With nothing to copy the cursor is looked at this often: a failover shows itself here. */
const IDLE_LOOK_MS = 5_000;
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 5_000;
/** How long a stopping process tries to copy what is left. */
const FLUSH_MS = 2_000;

/** Ships the journal to Postgres: in order, each event once, never in the way of exits. */
export class PostgresMirror implements Mirror {
  readonly #options: MirrorOptions;
  readonly #health: MirrorHealth;
  readonly #answerMs: number;
  readonly #abort = new AbortController();
  /** What the copy holds, as far as is known; undefined until the heads were compared. */
  #copied: Head | undefined;
  #sessions: PgSession[] = [];
  #wake = new AbortController();
  #progress = new AbortController();
  #running: Promise<void> | undefined;
  #retryMs = RETRY_MS_MIN;

  constructor(options: MirrorOptions) {
    this.#options = options;
    this.#health = new MirrorHealth(options);
    this.#answerMs = options.answerMs ?? ANSWER_MS;
    options.store.onCommit(() => this.#wake.abort());
  }

  start(): void {
    this.#health.start();
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + FLUSH_MS;
    while (this.#sessions.length > 0 && this.#lag().events > 0) {
      if (clock.monotonicMs() >= untilMs || this.#health.isStopped) break;
      await this.#nextProgress(untilMs - clock.monotonicMs());
    }
    this.#abort.abort();
    this.#wake.abort();
    for (const session of this.#sessions) session.close();
    await this.#running;
  }

  hold(): string | undefined {
    return this.#health.hold(this.#lag());
  }

  refusal(): string | undefined {
    return this.#health.refusal(this.#lag());
  }

  health(): { name: string; ok: boolean; detail: string } {
    return this.#health.report(this.#lag());
  }

  async isMirrored(): Promise<boolean> {
    const { mode, store, clock, syncMs } = this.#options;
    if (mode === "async") return true;
    const wanted = store.headSeq();
    const untilMs = clock.monotonicMs() + syncMs;
    while ((this.#copied?.seq ?? -1) < wanted) {
      const leftMs = untilMs - clock.monotonicMs();
      if (leftMs <= 0 || this.#health.isStopped || this.#abort.signal.aborted) return false;
      await this.#nextProgress(leftMs);
    }
    return !this.#health.isStopped;
  }

  /** The loop of the copy's life; whatever goes wrong in it stays in it. */
  async #run(): Promise<void> {
    const { clock, prng } = this.#options;
    const { signal } = this.#abort;
    while (!signal.aborted && !this.#health.isStopped) {
      try {
        await this.#serve();
      } catch (error) {
        if (!signal.aborted) this.#afterFailure(error);
      } finally {
        for (const session of this.#sessions) session.close();
        this.#sessions = [];
      }
      if (signal.aborted || this.#health.isStopped) return;
      await clock.sleep(this.#retryMs * (0.5 + prng.nextFloat() / 2), signal);
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
    }
  }

  async #serve(): Promise<void> {
    const { clock } = this.#options;
    const session = await this.#open("mirror", this.#answerMs);
    await session.query(sessionSql(this.#answerMs));
    if (await needsMigration(session)) {
      await migrateMirror(await this.#open("migrations", MIGRATE_ANSWER_MS));
      this.#sessions.pop()?.close();
    }
    await this.#compareHeads(session, true);
    this.#health.noteConnected();
    this.#retryMs = RETRY_MS_MIN;
    while (!this.#abort.signal.aborted) {
      this.#wake = new AbortController();
      while (await this.#shipSome(session)) this.#tellLag();
      this.#tellLag();
      await clock.sleep(IDLE_LOOK_MS, this.#wake.signal);
      if (!this.#wake.signal.aborted) await this.#compareHeads(session, false);
    }
  }

  async #open(purpose: string, answerMs: number): Promise<PgSession> {
    const session = await this.#options.postgres.open(purpose, answerMs);
    this.#sessions.push(session);
    // It may have been opened after the stop that closes sessions.
    if (this.#abort.signal.aborted) session.close();
    return session;
  }

  /** @returns whether there was anything to copy. */
  async #shipSome(session: PgSession): Promise<boolean> {
    const { store, clock, metrics } = this.#options;
    const from = this.#copied;
    if (from === undefined || this.#abort.signal.aborted) return false;
    // After a restore elsewhere the tail of the old journal would keep the new one's out.
    if (this.#options.mayShip?.() === false) return false;
    const events = boundedBatch(store.storedFrom(from.seq + 1, BATCH_EVENTS_MAX));
    if (events.length === 0) return false;
    // A copied wallet without its key could not be sold from after a restore.
    if (events.some(({ kind }) => kind === "WalletCreated")) await this.#copyVault(session);
    const startedMs = clock.monotonicMs();
    this.#copied = await shipBatch(session, from, events);
    metrics.observeMs("mirror_batch_ms", clock.monotonicMs() - startedMs);
    this.#progressed();
    return true;
  }

  async #copyVault(session: PgSession): Promise<void> {
    if (this.#options.copiesVault) await copyVault(session, this.#options.store);
  }

  /**
   * Finds out where the copy ends and whether it is a copy of this journal. Behind is normal, also
   * after a failover to an older replica; anything else stops the mirror.
   */
  async #compareHeads(session: PgSession, isNew: boolean): Promise<void> {
    const { store, log } = this.#options;
    const { seq, hash } = await readCursor(session);
    const known = this.#copied;
    assertIsOurs(store, { seq, hash });
    if (isNew) await this.#copyVault(session);
    if (known !== undefined && seq < known.seq) {
      log.error({ fromSeq: known.seq, toSeq: seq }, "Postgres went back; events are copied again");
      this.#health.noteWentBack(known.seq, seq);
    }
    this.#copied = { seq, hash };
    this.#health.noteCompared();
    this.#progressed();
  }

  #afterFailure(error: unknown): void {
    if (error instanceof CursorMoved) return;
    if (isRaptorError(error)) return this.#health.noteTrouble(error, this.#lag());
    // A fault of ours or of the copy: trading must not depend on it, so nothing else ends.
    const stop =
      error instanceof MirrorStop
        ? error
        : new MirrorStop("contradiction", textOf(error), { cause: error });
    this.#health.noteStop(stop);
    this.#progressed();
  }

  #lag(): LagReport {
    const { store, clock } = this.#options;
    const copiedSeq = this.#copied?.seq;
    if (copiedSeq === undefined) return { copiedSeq, events: store.headSeq(), ms: 0 };
    const events = Math.max(0, store.headSeq() - copiedSeq);
    if (events === 0) return { copiedSeq, events, ms: 0 };
    const oldest = store.storedFrom(copiedSeq + 1, 1)[0];
    const ms = oldest === undefined ? 0 : Math.max(0, clock.nowMs() - oldest.tsMs);
    return { copiedSeq, events, ms };
  }

  #tellLag(): void {
    this.#health.tell(this.#lag());
  }

  #progressed(): void {
    const before = this.#progress;
    this.#progress = new AbortController();
    before.abort();
  }

  async #nextProgress(waitMs: number): Promise<void> {
    await this.#options.clock.sleep(waitMs, this.#progress.signal);
  }
}

/** A transaction of ours that lost its process must not hold the cursor for ever. */
function sessionSql(answerMs: number): string {
  return `
set statement_timeout = '${answerMs}ms';
set lock_timeout = '${answerMs}ms';
set idle_in_transaction_session_timeout = '${answerMs}ms';
set search_path = '';`;
}

/** @throws MirrorStop when the copy is ahead of this journal, or not of this journal at all. */
function assertIsOurs(store: Store, { seq, hash }: Head): void {
  try {
    assertHeadAtLeast(store, seq, hash);
  } catch (error) {
    const isBehind = isRaptorError(error, "RAPTOR_JOURNAL__BEHIND");
    const what = isBehind
      ? `the copy has event ${seq}, this journal ends with ${store.headSeq()}`
      : `event ${seq} of the copy is another one than ours`;
    throw new MirrorStop(isBehind ? "behind" : "fork", what, { cause: error });
  }
  if (store.hashAt(seq) !== undefined) return;
  throw new MirrorStop("gap", `the copy ends with event ${seq}, this journal begins later`);
}

function boundedBatch(events: readonly StoredEvent[]): StoredEvent[] {
  let chars = 0;
  const end = events.findIndex((event, at) => {
    chars += event.payload.length;
    return at > 0 && chars > BATCH_CHARS_MAX;
  });
  return end === -1 ? [...events] : events.slice(0, end);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
