import { spawn } from "node:child_process";
import { once } from "node:events";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { describe, it } from "vitest";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { createNodeClock } from "../server/node-seams.ts";
import { openStore } from "./sqlite-store.ts";
import {
  append,
  jobAccepted,
  quietLog,
  StepClock,
  testIds,
  withDirectory,
} from "./store-fixture.ts";
import { verifyJournal } from "./verify.ts";

const HOLD_MS = 2_000;
/** A loop that waits for the lock stands still for all of that time. */
const LATE_MS_MAX = HOLD_MS / 2;
const TICK_MS = 10;

const HOLDER = `
  const { DatabaseSync } = require("node:sqlite");
  const database = new DatabaseSync(process.argv[1]);
  database.exec("begin immediate");
  process.stdout.write("held");
  setTimeout(() => database.exec("rollback"), Number(process.argv[2]));
`;

/** Another process that holds the write lock from now on, for a while. */
async function holdLock(path: string, ms: number): Promise<{ ended: Promise<unknown> }> {
  const child = spawn(process.execPath, ["-e", HOLDER, path, String(ms)]);
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  return { ended };
}

/** The longest that a timer of 10 ms was late while `work` ran. */
async function latestTickMs(work: () => Promise<void>): Promise<number> {
  let lateMs = 0;
  let expectedMs = performance.now() + TICK_MS;
  const timer = setInterval(() => {
    lateMs = Math.max(lateMs, performance.now() - expectedMs);
    expectedMs = performance.now() + TICK_MS;
  }, TICK_MS);
  await work();
  clearInterval(timer);
  return lateMs;
}

/** Time that a test moves, with sleepers that wake at once when it says so. */
class SteppedClock extends StepClock {
  #sleepers: { wakeMs: number; wake(): void }[] = [];

  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#sleepers.push({ wakeMs: this.ms + ms, wake: resolve });
      signal?.addEventListener("abort", () => resolve());
    });
  }

  async advance(ms: number): Promise<void> {
    for (const endMs = this.ms + ms; this.ms < endMs; this.ms += TICK_MS) {
      const due = this.#sleepers.filter(({ wakeMs }) => wakeMs <= this.ms);
      this.#sleepers = this.#sleepers.filter(({ wakeMs }) => wakeMs > this.ms);
      for (const { wake } of due) wake();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

function open(path: string, clock: Clock = createNodeClock()) {
  const fatal: unknown[] = [];
  const onFatal = (error: unknown): void => void fatal.push(error);
  const store = openStore({ path, clock, ids: testIds, log: quietLog, release: "test", onFatal });
  return { store, fatal };
}

describe("a journal whose write lock another process holds", () => {
  // Repeated, because a machine with more work than cores makes every timer late.
  it(
    "leaves the loop alone and commits everything once, after the lock",
    { retry: 3 },
    async ({ expect }) => {
      await withDirectory(async (directory) => {
        const path = join(directory, "journal.db");
        const { store, fatal } = open(path);
        let runs = 0;
        const holder = await holdLock(path, HOLD_MS);
        const startMs = performance.now();
        const lateMs = await latestTickMs(async () => {
          const early = [1, 2, 3].map((n) => append(store, jobAccepted(`tg:1:${n}`)));
          await new Promise((resolve) => setTimeout(resolve, HOLD_MS / 2));
          const late = store.transact((tx) => {
            runs++;
            tx.append(jobAccepted("tg:1:4"));
          });
          await Promise.all([...early, late]);
        });
        const waitedMs = performance.now() - startMs;
        await holder.ended;
        expect(waitedMs).toBeGreaterThan(HOLD_MS - 100);
        expect(waitedMs).toBeLessThan(5 * HOLD_MS);
        expect(lateMs).toBeLessThan(LATE_MS_MAX);
        expect(runs).toBe(1);
        expect(store.pendingJobs().map((job) => job.jobId)).toEqual(
          [1, 2, 3, 4].map((n) => `tg:1:${n}`),
        );
        expect(store.headSeq()).toBe(4);
        expect(fatal).toEqual([]);
        store.close();
        expect(verifyJournal(path)).toMatchObject({ events: 4, problem: null });
      });
    },
  );
});

describe("a write lock that is held for long", () => {
  async function withHeld(
    use: (held: {
      store: ReturnType<typeof open>["store"];
      clock: SteppedClock;
      fatal: unknown[];
      release(): void;
    }) => Promise<void>,
  ): Promise<void> {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const clock = new SteppedClock();
      const { store, fatal } = open(path, clock);
      const other = new DatabaseSync(path);
      other.exec("begin immediate");
      const release = (): void => {
        if (other.isTransaction) other.exec("rollback");
      };
      await use({ store, clock, fatal, release });
      release();
      other.close();
      store.close();
    });
  }

  it("refuses after five seconds, soon from then on, and writes once it is free", async ({
    expect,
  }) => {
    await withHeld(async ({ store, clock, fatal, release }) => {
      const ends: string[] = [];
      const settled = (name: string, work: Promise<void>): void => {
        work.then(
          () => ends.push(`${name} done`),
          (error: { code?: string }) => ends.push(`${name} ${error.code ?? ""}`),
        );
      };
      settled("first", append(store, jobAccepted("tg:1:1")));
      await clock.advance(4_900);
      expect(ends).toEqual([]);
      await clock.advance(600);
      expect(ends).toEqual(["first RAPTOR_JOURNAL__BUSY"]);
      settled("second", append(store, jobAccepted("tg:1:2")));
      await clock.advance(300);
      expect(ends.slice(1)).toEqual(["second RAPTOR_JOURNAL__BUSY"]);
      release();
      settled("third", append(store, jobAccepted("tg:1:3")));
      await clock.advance(300);
      expect(ends.slice(2)).toEqual(["third done"]);
      expect(store.pendingJobs().map((job) => job.jobId)).toEqual(["tg:1:3"]);
      expect(fatal).toEqual([]);
    });
  });

  it("shows in the probe only after a second, and no longer than it is held", async ({
    expect,
  }) => {
    await withHeld(async ({ store, clock, release }) => {
      store.probe();
      await clock.advance(900);
      store.probe();
      await clock.advance(300);
      expect(() => store.probe()).toThrow("the journal cannot be written");
      release();
      await clock.advance(300);
      store.probe();
    });
  });

  it("keeps a limit on how much waits", async ({ expect }) => {
    await withHeld(async ({ store, clock, release }) => {
      const refused: unknown[] = [];
      const all = Array.from({ length: 4_200 }, () =>
        store.transact(() => {}).catch((error: unknown) => refused.push(error)),
      );
      await clock.advance(100);
      expect(refused).toHaveLength(4_200 - 4_096);
      release();
      await clock.advance(1_000);
      await Promise.all(all);
      expect(refused).toHaveLength(4_200 - 4_096);
    });
  });

  it("refuses what waits when the store is closed", async ({ expect }) => {
    await withHeld(async ({ store, clock }) => {
      const waiting = append(store, jobAccepted("tg:1:1"));
      const refusal = expect(waiting).rejects.toMatchObject({ code: "RAPTOR_JOURNAL__BUSY" });
      await clock.advance(50);
      store.close();
      await refusal;
    });
  });
});
