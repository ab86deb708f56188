import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NewEvent } from "../shared/domain/events.ts";
import type { Clock } from "../shared/seams/clock.ts";
import type { Store } from "../executor/ports/store.ts";
import { createNodeIds } from "../executor/server/node-seams.ts";
import { openStore, type StoreOptions } from "../executor/store/sqlite-store.ts";

export interface JournalBenchRow {
  name: string;
  /** Measured commits, or units for the rows that are per unit. */
  n: number;
  p50Us: number;
  p99Us: number;
}

const SINGLE_COMMITS = 2_000;
const GROUPS = 400;
const GROUP_UNITS = 16;
const WARM_UP = 100;

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: () => Promise.reject(new Error("the bench does not sleep")),
  defer: (task) => void setImmediate(task),
};

/** Times from the call of `transact` to its resolved promise, with synchronous=FULL. */
export async function runJournalBench(): Promise<JournalBenchRow[]> {
  const directory = mkdtempSync(join(tmpdir(), "raptor-bench-"));
  const store = openStore(benchStoreOptions(join(directory, "journal.db")));
  try {
    return [
      await measureSingle(store),
      ...(await measureGroups(store)),
      measureRead(store),
      measureProbe(store),
    ];
  } finally {
    store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

export function benchStoreOptions(path: string): StoreOptions {
  return {
    path,
    clock,
    ids: createNodeIds(),
    log: { debug() {}, info() {}, warn() {}, error() {} },
    release: "bench",
    onFatal: (error) => {
      throw error;
    },
  };
}

/** What the acceptance of a press writes: one event, its folded row and an outbox row. */
export function acceptJob(store: Store, jobId: string): Promise<void> {
  return store.transact((tx) => {
    tx.append(jobAccepted(jobId));
    tx.putOutbox({
      key: `job:${jobId}`,
      chatId: 7,
      content: { text: "Sending.", entities: [], keyboard: [] },
      view: { kind: "notice" },
    });
  });
}

function jobAccepted(jobId: string): NewEvent {
  const actor = { kind: "telegram" as const, userId: 7, chatId: 7, name: "Ann" };
  const job = { id: jobId, actor, createdMs: 1, kind: "pause" as const };
  return {
    stream: `job:${jobId}`,
    kind: "JobAccepted",
    payload: { jobId, digest: "d", userId: 7, kind: "pause", deadlineMs: null, job },
  };
}

async function measureSingle(store: Store): Promise<JournalBenchRow> {
  const times: number[] = [];
  for (let n = 0; n < SINGLE_COMMITS + WARM_UP; n++) {
    const startMs = performance.now();
    await acceptJob(store, `tg:1:${n}`);
    if (n >= WARM_UP) times.push(performance.now() - startMs);
  }
  return summarize("journal: job accepted, one commit each (FULL)", times);
}

async function measureGroups(store: Store): Promise<JournalBenchRow[]> {
  const times: number[] = [];
  for (let group = 0; group < GROUPS; group++) {
    const startMs = performance.now();
    const units = Array.from({ length: GROUP_UNITS }, (_, n) =>
      acceptJob(store, `tg:2:${group * GROUP_UNITS + n}`),
    );
    await Promise.all(units);
    times.push(performance.now() - startMs);
  }
  const perUnit = times.map((ms) => ms / GROUP_UNITS);
  return [
    summarize(`journal: ${GROUP_UNITS} jobs in one commit, the commit`, times),
    summarize(`journal: ${GROUP_UNITS} jobs in one commit, per job`, perUnit),
  ];
}

function measureRead(store: Store): JournalBenchRow {
  const times: number[] = [];
  for (let n = 0; n < SINGLE_COMMITS; n++) {
    const startMs = performance.now();
    store.job(`tg:1:${n}`);
    times.push(performance.now() - startMs);
  }
  return summarize("journal: read one job", times);
}

function measureProbe(store: Store): JournalBenchRow {
  const times: number[] = [];
  for (let n = 0; n < GROUPS; n++) {
    const startMs = performance.now();
    store.probe();
    times.push(performance.now() - startMs);
  }
  return summarize("journal: probe (smallest commit)", times);
}

function summarize(name: string, timesMs: readonly number[]): JournalBenchRow {
  const sorted = timesMs.toSorted((left, right) => left - right);
  const at = (part: number): number =>
    Math.round((sorted[Math.floor(part * (sorted.length - 1))] ?? 0) * 1_000);
  return { name, n: sorted.length, p50Us: at(0.5), p99Us: at(0.99) };
}

if (import.meta.main) {
  for (const row of await runJournalBench()) {
    process.stdout.write(`${row.name}: p50 ${row.p50Us} us, p99 ${row.p99Us} us, n ${row.n}\n`);
  }
}
