import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { NewEvent } from "@raptor/shared/domain/events.ts";
import type { Metrics } from "@raptor/executor/ports/metrics.ts";
import type { PgRow, PgValue, Postgres } from "@raptor/executor/ports/postgres.ts";
import type { Store } from "@raptor/executor/ports/store.ts";
import { compareTables } from "@raptor/executor/mirror/compare-tables.ts";
import { type MirrorOptions, PostgresMirror } from "@raptor/executor/mirror/postgres-mirror.ts";
import { createNodePostgres } from "@raptor/executor/server/node-postgres.ts";
import { openStore } from "@raptor/executor/store/sqlite-store.ts";
import { Statements } from "@raptor/executor/store/statements.ts";
import {
  append,
  attemptPrepared,
  fillRecorded,
  jobAccepted,
  orderInitialized,
  quietLog,
  testIds,
} from "@raptor/executor/store/store-fixture.ts";
import { createPrng } from "../models/prng.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { ShiftedClock } from "../servers/real-clock.ts";

export const clock = new ShiftedClock();
const noMetrics: Metrics = { count() {}, gauge() {}, observeMs() {} };
const WAIT_MS = 20;
const WAITS_MAX = 1_000;

/** A journal, a real PostgreSQL and as many mirrors between them as a test wants. */
export class MirrorScene {
  readonly folder = mkdtempSync(join(tmpdir(), "raptor-mirror-"));
  readonly path = join(this.folder, "journal.db");
  readonly shouts: string[] = [];
  readonly server: PostgresServer;
  store: Store;
  #trades = 0;

  constructor(server: PostgresServer) {
    this.server = server;
    this.store = this.openStore();
  }

  static async start(): Promise<MirrorScene> {
    return new MirrorScene(await startPostgres(clock));
  }

  openStore(path = this.path): Store {
    const onFatal = (error: unknown): void => {
      throw error;
    };
    return openStore({ path, clock, ids: testIds, log: quietLog, release: "test", onFatal });
  }

  mirror(over: Partial<MirrorOptions> = {}): PostgresMirror {
    return new PostgresMirror({
      postgres: this.postgres(),
      store: this.store,
      clock,
      prng: createPrng(7),
      log: quietLog,
      metrics: noMetrics,
      mode: "async",
      syncMs: 300,
      copiesVault: false,
      shout: (text) => this.shouts.push(text),
      ...over,
    });
  }

  postgres(): Postgres {
    return this.postgresAt(this.server.url());
  }

  postgresAt(connectionString: string): Postgres {
    return createNodePostgres({ connectionString, clock });
  }

  /** One statement on a connection of its own. */
  async ask(sql: string, values?: readonly PgValue[]): Promise<PgRow[]> {
    const session = await this.postgres().open("test", 10_000);
    try {
      return (await session.query(sql, values)).rows;
    } finally {
      session.close();
    }
  }

  /** Forgets everything that was copied. */
  async emptyDatabase(): Promise<void> {
    await this.ask("drop schema if exists raptor cascade");
  }

  /** The whole story of one bought and sold token; `userId` trades it. */
  async trade(userId = 7): Promise<void> {
    this.#trades += 1;
    await append(this.store, ...storyOf(this.#trades, userId, this.store));
  }

  async putWallet(userId: number): Promise<void> {
    const wrapped = `wrapped-${userId}`;
    const vaultSha256 = createHash("sha256").update(wrapped).digest("hex");
    const walletId = `w${userId}`;
    await this.store.transact((tx) => {
      const payload = { walletId, userId, address: `address-${userId}`, vaultSha256 };
      tx.append({ stream: `user:${userId}`, kind: "WalletCreated", payload });
      tx.putVault(walletId, wrapped);
    });
  }

  async caughtUp(): Promise<void> {
    await until(async () => (await this.copiedSeq()) === this.store.headSeq());
  }

  async copiedSeq(): Promise<number> {
    const [row] = await this.ask("select coalesce(max(seq), 0) from raptor.journal");
    return Number(row?.[0]);
  }

  /** The first row that differs between journal and copy. */
  async difference(): Promise<string | undefined> {
    const database = new DatabaseSync(this.path, { readOnly: true });
    const session = await this.postgres().open("compare", 10_000);
    try {
      return await compareTables(new Statements(database), session);
    } finally {
      session.close();
      database.close();
    }
  }

  async close(): Promise<void> {
    this.store.close();
    await this.server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits in real time, 20 s at most: a real server has its own pace. */
export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let waits = 0; waits < WAITS_MAX; waits += 1) {
    try {
      if (await holds()) return;
    } catch (error) {
      // A server that is coming up refuses; what never comes up ends the test below.
      if (waits === WAITS_MAX - 1) throw error;
    }
    await clock.sleep(WAIT_MS);
  }
  throw new Error("it did not happen within 20 s");
}

/** Names that strangers choose may hold what PostgreSQL cannot store. */
const HOSTILE_NAME = "A\0\u{1F988}'\";\uD800--";

function jobOf(n: number, userId: number): NewEvent {
  const event = jobAccepted(`tg:1:${n}`);
  if (event.kind !== "JobAccepted") throw new Error("expected an accepted job");
  return { ...event, payload: { ...event.payload, userId } };
}

function storyOf(n: number, userId: number, store: Store): NewEvent[] {
  const orderId = `o${n}`;
  const over = { userId, walletId: `w${userId}` };
  const positionId = `p${n}`;
  const attemptId = `${orderId}/1`;
  const stream = `order:${orderId}`;
  const register: NewEvent = {
    stream: `user:${userId}`,
    kind: "UserRegistered",
    payload: { userId, chatId: userId, name: HOSTILE_NAME },
  };
  const { payload: filled } = fillRecorded(orderId, 1, { userId, positionId }) as {
    payload: { fillId: string; instrument: string };
  };
  return [
    ...(store.user(userId) === undefined ? [register] : []),
    jobOf(n, userId),
    orderInitialized(orderId, {
      ...over,
      symbol: HOSTILE_NAME,
      source: { kind: "job", jobId: "j" },
    }),
    attemptPrepared(orderId, 1, { slot: `open:${n}`, route: { note: HOSTILE_NAME, bps: 0.25 } }),
    { stream, kind: "AttemptSubmitted", payload: { attemptId, lanes: ["a"], atMs: n } },
    { stream, kind: "AttemptAccepted", payload: { attemptId, evidence: { slot: n } } },
    fillRecorded(orderId, 1, { userId, positionId }),
    {
      stream: `position:${positionId}`,
      kind: "PositionChanged",
      payload: {
        positionId,
        ...over,
        venue: "SOLANA",
        instrument: `${n}.SOLANA`,
        symbol: HOSTILE_NAME,
        decimals: 6,
        tokenProgram: "spl",
        quantity: "18446744073709551615",
        costLamports: "499000000",
        realisedLamports: "-5",
        entryPriceE9: "1",
        state: "open",
        cause: { kind: "fill", fillId: filled.fillId },
      },
    },
    {
      stream,
      kind: "NoticeDelivered",
      payload: { key: `order:${n}`, chatId: userId, messageId: n },
    },
    {
      stream: `job:tg:1:${n}`,
      kind: "JobFinished",
      payload: { jobId: `tg:1:${n}`, outcome: "ok" },
    },
  ];
}
