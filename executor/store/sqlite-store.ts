import type { DatabaseSync } from "node:sqlite";
import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import {
  assert,
  InvariantError,
  isRaptorError,
  RaptorError,
} from "@raptor/shared/errors/raptor-error.ts";
import type { IdSource } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Store, Tx } from "../ports/store.ts";
import { BusySpell } from "./busy-spell.ts";
import { brokenFile, openDatabaseWithRoom, readHead, waitForLocks } from "./open-database.ts";
import { assertNoneIncoming } from "./incoming.ts";
import { sqliteErrorKind } from "./sqlite-error.ts";
import { SqliteReader } from "./sqlite-reader.ts";
import { SqliteTx } from "./sqlite-tx.ts";
import { Statements } from "./statements.ts";

export interface StoreOptions {
  path: string;
  clock: Clock;
  /** Keys of the texts that the journal holds only by their digests. */
  ids: IdSource;
  log: Log;
  /** Version of this release, kept in the file for people who wonder. */
  release: string;
  /** The journal cannot be trusted any more: the process must end, start-up recovers. */
  onFatal(error: unknown): void;
  /** Asked on a full disk; true when there is more room now than before. */
  makeRoom?(): boolean;
  /** Called now and then while the tables are folded anew, which holds the event loop up. */
  onFolding?: () => void;
  /** The log's size at which a commit moves it into the file; SQLite's 1,000 pages unless given. */
  walPagesMax?: number;
  /** How the file is opened; by SQLite's own calls unless given. */
  connect?(path: string): DatabaseSync;
  /** When the waiting units of work are committed; the clock's `defer` unless given. */
  defer?(task: () => void): void;
}

interface Unit {
  run(tx: Tx): void;
  resolve(): void;
  reject(error: unknown): void;
}

/** More units than this wait for the next group, so that reads and timers get their turn. */
const GROUP_UNITS_MAX = 256;

/** More than this wait only while a foreign lock holds them up: each is somebody's request. */
const WAITING_UNITS_MAX = 4_096;

/** SQLite does not write a row that stays the same, so the probe's value changes every time. */
const PROBE_SQL = `
insert into meta values ('probe', 'a')
on conflict do update set value = iif(value = 'a', 'b', 'a')`;

/**
 * Opens or creates the journal.
 * @throws RAPTOR_JOURNAL__VERSION, __READ_ONLY, __FULL, __BUSY, __IO_FAILED, __DAMAGED or
 * __BROKEN_CHAIN.
 */
export function openStore(options: StoreOptions): Store {
  assertNoneIncoming(options.path);
  const database = openDatabaseWithRoom(options);
  try {
    return new SqliteStore(options, new Statements(database));
  } catch (error) {
    if (sqliteErrorKind(error) === "fatal") throw brokenFile(error);
    database.close();
    throw error;
  }
}

type GroupEnd =
  | { kind: "committed"; answers: (() => void)[] }
  | { kind: "busy" }
  | { kind: "failed"; error: unknown };

class SqliteStore extends SqliteReader implements Store {
  readonly #options: StoreOptions;
  readonly #tx: SqliteTx;
  readonly #listeners: ((events: readonly JournalEvent[]) => void)[] = [];
  readonly #busy = new BusySpell();
  readonly #closing = new AbortController();
  #waiting: Unit[] = [];
  #isScheduled = false;
  #isCommitting = false;
  #isClosed = false;
  #fatal: unknown = undefined;

  constructor(options: StoreOptions, statements: Statements) {
    super(statements);
    this.#options = options;
    this.#tx = new SqliteTx(statements, options, readHead(statements));
    statements.onFatal = (error) => this.#stop(error);
  }

  override headSeq(): number {
    return this.#tx.head.seq;
  }

  transact<T>(work: (tx: Tx) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const refusal = this.#refusal();
      if (refusal !== undefined) return reject(refusal);
      if (this.#waiting.length >= WAITING_UNITS_MAX) return reject(this.#busyError());
      let result: T;
      this.#waiting.push({
        run: (tx) => {
          result = work(tx);
          assert(!isThenable(result), "expected a unit of work that does not wait");
        },
        resolve: () => resolve(result),
        reject,
      });
      this.#schedule();
    });
  }

  onCommit(listener: (events: readonly JournalEvent[]) => void): void {
    this.#listeners.push(listener);
  }

  probe(): void {
    const refusal = this.#refusal();
    if (refusal !== undefined) throw refusal;
    assert(!this.#isCommitting, "expected no probe inside a unit of work");
    let end = this.#busy.isOn ? { kind: "busy" as const } : this.#tryProbe();
    if (end.kind === "failed" && this.#hasMadeRoom(end.error)) end = this.#tryProbe();
    if (end.kind === "failed") throw end.error;
    if (end.kind === "busy") {
      this.#schedule();
      if (this.#busy.isWorthTelling(this.#options.clock.monotonicMs())) throw this.#busyError();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#closing.abort();
    waitForLocks(this.statements.database);
    while (this.#waiting.length > 0 && this.#fatal === undefined) {
      this.#commitGroup();
      if (this.#busy.isOn) this.#rejectWaiting(this.#busyError());
    }
    this.#isClosed = true;
    this.#rejectWaiting(new InvariantError("expected an open store, was closed"));
    // Closing would sync once more, and the system forgets a failed sync: the next one "works".
    if (sqliteErrorKind(this.#fatal) !== "fatal") this.statements.database.close();
  }

  #refusal(): unknown {
    if (this.#isClosed) return new InvariantError("expected an open store, was closed");
    return this.#fatal;
  }

  /** Once for all that wait: at the end of this turn, or after a pause while the lock is away. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const task = (): void => {
      this.#isScheduled = false;
      if (this.#isClosed || this.#fatal !== undefined) return;
      this.#commitGroup();
      if (this.#waiting.length > 0 || this.#busy.isOn) this.#schedule();
    };
    const { clock, defer } = this.#options;
    if (this.#busy.isOn) {
      void clock.sleep(this.#busy.nextPauseMs(), this.#closing.signal).then(task);
    } else if (defer === undefined) clock.defer(task);
    else defer(task);
  }

  /** One commit for all that wait; whoever is told of success is told after it. */
  #commitGroup(): void {
    const group = this.#waiting.splice(0, GROUP_UNITS_MAX);
    if (group.length === 0 && !this.#busy.isOn) return;
    let end = this.#tryGroup(group);
    if (end.kind === "failed" && this.#hasMadeRoom(end.error)) end = this.#tryGroup(group);
    switch (end.kind) {
      case "busy":
        this.#waiting = [...group, ...this.#waiting];
        // Those who come later in a long spell are told at the next try, not after as long again.
        if (this.#busy.isTooLong(this.#options.clock.monotonicMs())) {
          this.#rejectWaiting(this.#busyError());
        }
        return;
      case "failed":
        for (const unit of group) unit.reject(end.error);
        return;
      case "committed":
        this.#tellListeners();
        for (const answer of end.answers) answer();
    }
  }

  #tryGroup(group: readonly Unit[]): GroupEnd {
    this.#tx.startGroup();
    const start = this.#tx.begin();
    const answers: (() => void)[] = [];
    this.#isCommitting = true;
    try {
      if (!this.#takeWriteLock()) return { kind: "busy" };
      for (const unit of group) answers.push(this.#runUnit(unit));
      this.statements.run("commit");
      return { kind: "committed", answers };
    } catch (error) {
      this.#tx.returnTo(start);
      return { kind: "failed", error: this.#failed(error) };
    } finally {
      this.#isCommitting = false;
    }
  }

  #tryProbe(): GroupEnd {
    try {
      if (!this.#takeWriteLock()) return { kind: "busy" };
      this.statements.run(PROBE_SQL);
      this.statements.run("commit");
      return { kind: "committed", answers: [] };
    } catch (error) {
      return { kind: "failed", error: this.#failed(error) };
    }
  }

  /** False while another connection has it: nothing was begun, nothing was run. */
  #takeWriteLock(): boolean {
    try {
      this.statements.run("begin immediate");
      this.#busy.end();
      return true;
    } catch (error) {
      if (sqliteErrorKind(error) !== "busy") throw error;
      this.#busy.note(this.#options.clock.monotonicMs(), error);
      return false;
    }
  }

  #busyError(): RaptorError {
    return this.#busy.error(this.#options.clock.monotonicMs());
  }

  #hasMadeRoom(error: unknown): boolean {
    return isRaptorError(error, "RAPTOR_JOURNAL__FULL") && this.#options.makeRoom?.() === true;
  }

  /** Runs one unit in its savepoint. @throws when the whole group cannot go on. */
  #runUnit(unit: Unit): () => void {
    const mark = this.#tx.begin();
    this.statements.run("savepoint unit");
    try {
      unit.run(this.#tx);
      this.#tx.end();
      this.statements.run("release unit");
      return unit.resolve;
    } catch (error) {
      this.#tx.returnTo(mark);
      const kind = sqliteErrorKind(error);
      const isOurs = kind === undefined || kind === "constraint" || kind === "other";
      // On a full disk SQLite may have rolled back everything, the other units included.
      if (!isOurs || !this.statements.database.isTransaction) throw error;
      this.statements.run("rollback to unit");
      this.statements.run("release unit");
      return () => unit.reject(error);
    }
  }

  #tellListeners(): void {
    if (!this.#tx.hasWritten) return;
    const events = [...this.#tx.events];
    for (const listener of this.#listeners) {
      try {
        listener(events);
      } catch (error) {
        // What was committed stands, but an index may now be behind it.
        this.#stop(error);
      }
    }
  }

  /** Rolls back what is left of a failed commit and says what the failure means. */
  #failed(error: unknown): unknown {
    if (sqliteErrorKind(error) === "fatal") return error;
    try {
      if (this.statements.database.isTransaction) this.statements.run("rollback");
    } catch (rollbackError) {
      this.#stop(rollbackError);
      return error;
    }
    const kind = sqliteErrorKind(error);
    const cause = { cause: error };
    if (kind === "full") return new RaptorError("RAPTOR_JOURNAL__FULL", {}, cause);
    if (kind === "readOnly") return new RaptorError("RAPTOR_JOURNAL__READ_ONLY", {}, cause);
    if (kind === "busy") return new RaptorError("RAPTOR_JOURNAL__BUSY", {}, cause);
    this.#stop(error);
    return error;
  }

  #stop(error: unknown): void {
    if (this.#fatal !== undefined) return;
    this.#fatal = error;
    const message = error instanceof Error ? error.message : String(error);
    this.#options.log.error({ error: message }, "the journal failed, the process must end");
    this.#rejectWaiting(error);
    this.#options.onFatal(error);
  }

  #rejectWaiting(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const unit of waiting) unit.reject(error);
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value;
}
