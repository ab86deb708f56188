import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventPayloads, NewEvent } from "@raptor/shared/domain/events.ts";
import type { IdSource } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Store } from "../ports/store.ts";
import { openStore } from "./sqlite-store.ts";

export const START_MS = 1_700_000_000_000;
export const MINT = "So11111111111111111111111111111111111111112";

/** A clock that tests set; groups are committed at the end of the turn, as in production. */
export class StepClock implements Clock {
  ms = START_MS;
  nowMs(): number {
    return this.ms;
  }
  monotonicMs(): number {
    return this.ms - START_MS;
  }
  sleep(_ms: number, _signal?: AbortSignal): Promise<void> {
    throw new Error("the store sleeps only while its lock is away");
  }
  defer(task: () => void): void {
    setImmediate(task);
  }
}

export const quietLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

let idCount = 0;

/** Unguessable only in production; here it is enough that no two are equal. */
export const testIds: IdSource = {
  token: (byteCount) => `${++idCount}`.padStart(Math.ceil((byteCount * 4) / 3), "k"),
};

export interface TestStore {
  store: Store;
  clock: StepClock;
  fatal: unknown[];
}

export function openTestStore(path: string, clock = new StepClock()): TestStore {
  const fatal: unknown[] = [];
  const store = openStore({
    path,
    clock,
    ids: testIds,
    log: quietLog,
    release: "test",
    onFatal: (error) => fatal.push(error),
  });
  return { store, clock, fatal };
}

/** A directory that `use` may fill; gone afterwards. */
export async function withDirectory<T>(use: (directory: string) => T | Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "raptor-store-"));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export function jobAccepted(jobId: string): NewEvent {
  return {
    stream: `job:${jobId}`,
    kind: "JobAccepted",
    payload: {
      jobId,
      digest: "d",
      userId: 7,
      kind: "pause",
      deadlineMs: null,
      job: {
        id: jobId,
        actor: { kind: "telegram", userId: 7, chatId: 7, name: "Ann" },
        createdMs: START_MS,
        kind: "pause",
      },
    },
  };
}

export const userRegistered: NewEvent = {
  stream: "user:7",
  kind: "UserRegistered",
  payload: { userId: 7, chatId: 7, name: "Ann" },
};

type Order = EventPayloads["OrderInitialized"];

export function orderInitialized(orderId: string, over: Partial<Order> = {}): NewEvent {
  const payload: Order = {
    orderId,
    userId: 7,
    walletId: "w1",
    venue: "SOLANA",
    instrument: `${MINT}.SOLANA`,
    symbol: "TOK",
    decimals: 6,
    tokenProgram: "spl",
    side: "buy",
    source: { kind: "job", jobId: "tg:1:1" },
    notionalLamports: "500000000",
    quantity: "0",
    slippageBpsMax: 1_000,
    positionId: null,
    entryPriceE9: null,
    deadlineMs: null,
    guardOverride: false,
    noticeKey: `order:${orderId}`,
    ...over,
  };
  return { stream: `order:${orderId}`, kind: "OrderInitialized", payload };
}

type Attempt = EventPayloads["AttemptPrepared"];

export function attemptPrepared(orderId: string, n: number, over: Partial<Attempt> = {}): NewEvent {
  const attemptId = `${orderId}/${n}`;
  const payload: Attempt = {
    attemptId,
    orderId,
    n,
    venue: "SOLANA",
    identity: `sig-${attemptId}`,
    payload: "AQID",
    bound: { kind: "blockHeight", lastValidBlockHeight: 900, blockhash: "hash" },
    exclusionGroup: `sig-${attemptId}`,
    slot: "open:w1:TOK:buy",
    costCapLamports: "510000000",
    quantityOutMin: "18446744073709551615",
    route: { impactBps: 12 },
    witness: { lamports: "1000000000", quantity: "0" },
    epoch: 1,
    ...over,
  };
  return { stream: `order:${orderId}`, kind: "AttemptPrepared", payload };
}

type Fill = EventPayloads["FillRecorded"];

export function fillRecorded(orderId: string, n: number, over: Partial<Fill> = {}): NewEvent {
  const payload: Fill = {
    fillId: `fill-${orderId}/${n}`,
    attemptId: `${orderId}/${n}`,
    orderId,
    userId: 7,
    positionId: "p1",
    instrument: `${MINT}.SOLANA`,
    side: "buy",
    quantity: "18446744073709551615",
    notionalLamports: "499000000",
    feeLamports: "5000",
    rentLamports: "0",
    venueSlot: 321,
    evidence: { signature: `sig-${orderId}/${n}` },
    ...over,
  };
  return { stream: `order:${orderId}`, kind: "FillRecorded", payload };
}

export function append(store: Store, ...events: NewEvent[]): Promise<void> {
  return store.transact((tx) => events.forEach((event) => tx.append(event)));
}
