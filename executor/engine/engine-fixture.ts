import { mkdtempSync, rmSync, existsSync, copyFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventKind, EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { isPubkey, type Pubkey } from "@raptor/shared/values/pubkey.ts";
import { createNotices } from "../jobs/notices.ts";
import { TicketIssuer } from "../jobs/tickets.ts";
import type { EventOf, Store, Tx } from "../ports/store.ts";
import type { Venue } from "../ports/venue.ts";
import { openStore } from "../store/sqlite-store.ts";
import { quietLog, testIds } from "../store/store-fixture.ts";
import { AttemptTracker } from "./attempt-tracker.ts";
import type { EngineContext } from "./context.ts";
import { Exits } from "./exits.ts";
import { FastExit } from "./fast-exit.ts";
import { FakeDisk } from "./fake-disk.ts";
import { FakeFeed } from "./fake-feed.ts";
import { FakeVenue } from "./fake-venue.ts";
import { NoncePool } from "./nonce-pool.ts";
import { OrderDriver } from "./order-driver.ts";
import { Panic } from "./panic.ts";
import { Reconciler } from "./reconcile.ts";
import type { EngineSettings } from "./settings.ts";
import { Settlement } from "./settlement.ts";
import { TestClock } from "./test-clock-fixture.ts";

export const USER = 7;
export const WALLET_ID = "wal_test";
export const ADDRESS = "WalletAddress1111111111111111111111";
export const MINT = mintOf(7);
export const INSTRUMENT = `${MINT}.SOLANA`;

export const SETTINGS: EngineSettings = {
  limits: {
    notionalLamportsMax: "2000000000",
    dailyLamportsMax: "10000000000",
    openPositionsMax: 5,
    priceImpactBpsMax: 1_500,
    duplicateBuyGuardMs: 24 * 3_600_000,
    reserveLamports: "20000000",
  },
  buySlippageBps: 1_000,
  exitSlippageRampBps: [300, 600, 1_200],
  exitFeeBudgetLamports: 5_000_000n,
  exitFeeBudgetBps: 500,
  takeProfitBps: 10_000,
  stopLossBps: 3_000,
  exitCostBps: 150,
  tickWildBps: 3_000,
  tickConfirmMs: 0,
  markSaveMs: 2_000,
  buyDeadlineMs: 30_000,
  attemptPollMs: 1_000,
  rebroadcastMs: 2_000,
  unknownAfterMs: 15_000,
  recoveryConcurrency: 16,
  priceStaleMs: 15_000,
  nonceAccountsMax: 0,
  nonceBuyLamportsMin: 1_000_000_000n,
  exitReplaceMs: 5_000,
  mevProtect: "off",
  canProtect: true,
};

/** Any address that is well formed. */
export function mintOf(fill: number): Pubkey {
  const text = encodeBase58(new Uint8Array(32).fill(fill));
  if (!isPubkey(text)) throw new Error(`expected an address, was ${text}`);
  return text;
}

/** One run of the executor's engine, from boot to its end or its sudden death. */
export interface Engine {
  store: Store;
  clock: Clock;
  venue: Venue;
  feed: FakeFeed;
  tickets: TicketIssuer;
  context: EngineContext;
  tracker: AttemptTracker;
  driver: OrderDriver;
  exits: Exits;
  panic: Panic;
  reconciler: Reconciler;
  settlement: Settlement;
  pool: NoncePool;
}

/** A desk over one journal on disk: engines come and go, the journal and the venue stay. */
export class TestDesk {
  readonly clock = new TestClock();
  readonly venue = new FakeVenue();
  readonly disk = new FakeDisk();
  readonly fatal: unknown[] = [];
  readonly shouts: string[] = [];
  readonly alerts: string[] = [];
  readonly counts = new Map<string, number>();
  doubts = 0;
  hold: string | undefined;
  blockhashHold: string | undefined;
  settings: EngineSettings = SETTINGS;
  /** Commits wait while this is set, as they do on a slow disk. */
  heldCommits: (() => void)[] | undefined;
  readonly #directory: string;
  #generation = 0;
  #ticketCount = 0;
  #kill = (): void => {};
  #engine: Engine | undefined;

  constructor() {
    const base = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
    this.#directory = mkdtempSync(join(base, "raptor-engine-"));
  }

  get engine(): Engine {
    if (this.#engine === undefined) throw new Error("expected a running engine");
    return this.#engine;
  }

  get isRunning(): boolean {
    return this.#engine !== undefined;
  }

  get store(): Store {
    return this.engine.store;
  }

  /** The journal that the next engine opens, once this one is dead. */
  get nextPath(): string {
    return join(this.#directory, `journal-${this.#generation}.db`);
  }

  /** Starts an engine on the journal; with `isArmed` false nothing that was pending goes on. */
  async boot(isArmed = true): Promise<Engine> {
    let isDead = false;
    const isAlive = (): boolean => !isDead;
    const path = join(this.#directory, `journal-${this.#generation}.db`);
    const raw = this.#open(path, isAlive);
    this.#generation += 1;
    const next = join(this.#directory, `journal-${this.#generation}.db`);
    // What is on the disk at the moment of death is all that the next process finds.
    this.#kill = () => {
      isDead = true;
      for (const suffix of ["", "-wal"]) {
        if (existsSync(path + suffix)) copyFileSync(path + suffix, next + suffix);
      }
      raw.close();
    };
    const engine = this.#build(this.disk.wrap(raw, isAlive), isAlive);
    this.#engine = engine;
    const { store, tracker, driver, exits, panic } = engine;
    await this.#write(store, (tx) => {
      const payload = { epoch: tx.epoch() + 1, version: "test", pid: 1 };
      tx.append({ stream: "executor", kind: "EpochStarted", payload });
      if (tx.user(USER) === undefined) registerPerson(tx);
    });
    exits.armAll();
    if (!isArmed) return engine;
    for (const attempt of store.unresolvedAttempts()) tracker.track(attempt.attemptId);
    for (const order of store.openOrders()) driver.start(order.orderId);
    await this.#settled(panic.resumeAll());
    return engine;
  }

  /** The process dies between two instructions; what was committed is all that is left. */
  async crash(): Promise<Engine> {
    this.kill();
    return this.boot();
  }

  kill(): void {
    this.heldCommits = undefined;
    this.#kill();
    this.#kill = () => {};
    this.#engine = undefined;
  }

  /** Ends the test; an error that would have ended the process fails it. */
  close(): void {
    this.#kill();
    rmSync(this.#directory, { recursive: true, force: true });
    if (this.fatal.length > 0) throw this.fatal[0];
  }

  transact<T>(work: (tx: Tx) => T): Promise<T> {
    return this.#write(this.store, work);
  }

  events(): JournalEvent[] {
    return this.store.eventsFrom(1, 100_000);
  }

  eventsOf<K extends EventKind>(kind: K): EventOf<K>[] {
    return this.events().filter((event): event is EventOf<K> => event.kind === kind);
  }

  payloads<K extends EventKind>(kind: K): EventPayloads[K][] {
    return this.eventsOf(kind).map((event) => event.payload as EventPayloads[K]);
  }

  kinds(): EventKind[] {
    return this.events().map((event) => event.kind);
  }

  async #write<T>(store: Store, work: (tx: Tx) => T): Promise<T> {
    return this.#settled(store.transact(work));
  }

  async #settled<T>(promise: Promise<T>): Promise<T> {
    promise.catch(() => {});
    await this.clock.settle();
    return promise;
  }

  #open(path: string, isAlive: () => boolean): Store {
    return openStore({
      path,
      clock: this.clock.forProcess(isAlive),
      ids: testIds,
      log: quietLog,
      release: "test",
      onFatal: (error) => isAlive() && this.fatal.push(error),
      defer: (task) => {
        const run = (): void => void (isAlive() && task());
        if (this.heldCommits === undefined) this.clock.defer(run);
        else this.heldCommits.push(run);
      },
    });
  }

  #build(store: Store, isAlive: () => boolean): Engine {
    const clock = this.clock.forProcess(isAlive);
    const venue = this.venue.forProcess(isAlive);
    const feed = new FakeFeed(this.clock);
    const token = (byteCount: number): string =>
      (this.#ticketCount++).toString(36).padStart(Math.ceil((byteCount * 4) / 3), "0");
    const tickets = new TicketIssuer({
      key: Buffer.alloc(32, 1),
      ids: { token },
      clock,
      lifetimesMs: { trade: 60_000, menu: 300_000 },
    });
    const context: EngineContext = {
      store,
      venue,
      notices: createNotices({ venue, clock, tickets, adminUserIds: [USER] }),
      clock,
      log: quietLog,
      metrics: {
        count: (name, labels = {}) => {
          const key = [name, ...Object.values(labels)].join(" ");
          this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
        },
        gauge: () => {},
        observeMs: () => {},
      },
      settings: this.settings,
      shout: (text) => this.shouts.push(text),
      doubtLedger: () => (this.doubts += 1),
      entryHold: () => this.hold,
      blockhashHold: () => this.blockhashHold,
      onFatal: (error) => isAlive() && this.fatal.push(error),
    };
    const tracker = new AttemptTracker(context);
    const pool = new NoncePool(context);
    const driver = new OrderDriver(context, tracker, pool);
    return {
      store,
      clock,
      venue,
      feed,
      tickets,
      context,
      tracker,
      driver,
      exits: new Exits(context, feed, driver, new FastExit(context, tracker, driver)),
      panic: new Panic(context, driver, tracker),
      reconciler: new Reconciler(context, tracker),
      settlement: new Settlement(context, driver, tracker),
      pool,
    };
  }
}

function registerPerson(tx: Tx): void {
  const stream = `user:${USER}`;
  tx.append({
    stream,
    kind: "UserRegistered",
    payload: { userId: USER, chatId: USER, name: "Ann" },
  });
  tx.append({
    stream,
    kind: "WalletCreated",
    payload: { walletId: WALLET_ID, userId: USER, address: ADDRESS, vaultSha256: "sha" },
  });
  tx.putVault(WALLET_ID, "wrapped");
}

/** Runs one story on a desk of its own. */
export async function withDesk(use: (desk: TestDesk) => Promise<void>): Promise<void> {
  const desk = new TestDesk();
  try {
    await desk.boot();
    await use(desk);
  } catch (error) {
    // The error that stopped the engine explains the expectation that then failed.
    throw desk.fatal[0] ?? error;
  } finally {
    desk.close();
  }
}
