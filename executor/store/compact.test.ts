import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { describe, it } from "vitest";
import { archivePathOf } from "./archive.ts";
import { compactJournal, type CompactOptions } from "./compact.ts";
import { withJournalReader } from "./read-journal.ts";
import {
  append,
  attemptPrepared,
  fillRecorded,
  jobAccepted,
  openTestStore,
  orderInitialized,
  START_MS,
  StepClock,
  userRegistered,
  withDirectory,
} from "./store-fixture.ts";
import { verifyJournal } from "./verify.ts";

const OPTIONS: CompactOptions = {
  beforeMs: Number.MAX_SAFE_INTEGER,
  nowMs: START_MS,
  release: "test",
};
const KILLS = 16;
const JOBS = 80;

type Store = ReturnType<typeof openTestStore>["store"];

/** Four events of a thing that is over; what it was about stays in the tables. */
async function live(store: Store, n: number): Promise<void> {
  const jobId = `tg:1:${n}`;
  await append(store, jobAccepted(jobId), {
    stream: `job:${jobId}`,
    kind: "TicketClaimed",
    payload: { ticket: `ticket-${n}`, jobId, userId: 7 },
  });
  const reason = "the story needed no more";
  await append(
    store,
    orderInitialized(`o${n}`, { source: { kind: "job", jobId } }),
    { stream: `order:o${n}`, kind: "OrderClosed", payload: closed(`o${n}`, reason) },
    { stream: `job:${jobId}`, kind: "JobFinished", payload: { jobId, outcome: "done" } },
  );
}

function closed(orderId: string, reason: string) {
  return { orderId, status: "canceled" as const, reason };
}

async function withJournal(
  use: (journal: { path: string; directory: string }) => Promise<void> | void,
  jobs = 3,
): Promise<void> {
  await withDirectory(async (directory) => {
    const path = join(directory, "journal.db");
    const { store } = openTestStore(path);
    await append(store, userRegistered);
    for (let n = 1; n <= jobs; n++) await live(store, n);
    store.close();
    await use({ path, directory });
  });
}

async function appended(path: string, use: (store: Store) => Promise<void>): Promise<void> {
  const { store } = openTestStore(path);
  await use(store);
  store.close();
}

/** Every event that exists anywhere, archive included. */
function allHashes(path: string): string[] {
  return withJournalReader(path, (reader) => reader.eventsFrom(1, 100_000)).map(({ hash }) => hash);
}

describe("compaction", () => {
  it("moves old events away and leaves everything that the tables know", async ({ expect }) => {
    await withJournal(async ({ path }) => {
      const before = allHashes(path);
      expect(compactJournal(path, OPTIONS)).toMatchObject({ anchorSeq: 15, movedEvents: 15 });
      const report = verifyJournal(path);
      expect(report).toMatchObject({ anchorSeq: 15, events: 17, problem: null });
      expect(allHashes(path).slice(0, -1)).toEqual(before);
      await appended(path, async (store) => {
        expect(store.eventsFrom(1, 100)).toHaveLength(2);
        await expect(append(store, jobAccepted("tg:1:1"))).rejects.toThrow("contradicts");
        expect(store.ticketClaim("ticket-2")).toEqual({ jobId: "tg:1:2" });
        await live(store, 4);
      });
      expect(compactJournal(path, OPTIONS)).toMatchObject({ anchorSeq: 21, movedEvents: 6 });
      expect(verifyJournal(path)).toMatchObject({ events: 23, problem: null });
      expect(allHashes(path).slice(0, 16)).toEqual(before);
      expect(compactJournal(path, OPTIONS).movedEvents).toBe(1);
    });
  });

  it("stops before whatever is undecided, recent or not yet copied elsewhere", async ({
    expect,
  }) => {
    const anchorAfter = async (use: (store: Store) => Promise<void>, over = {}) => {
      let seq = -1;
      await withJournal(async ({ path }) => {
        await appended(path, async (store) => {
          await use(store);
          await live(store, 9);
        });
        seq = compactJournal(path, { ...OPTIONS, ...over }).anchorSeq;
        const { problem } = verifyJournal(path);
        if (problem !== null) throw new Error(JSON.stringify(problem));
      });
      return seq;
    };
    const nothing = async (): Promise<void> => {};
    expect(await anchorAfter(nothing)).toBe(20);
    expect(await anchorAfter((store) => append(store, jobAccepted("tg:2:1")))).toBe(16);
    const source = { kind: "job" as const, jobId: "tg:2:1" };
    const order = orderInitialized("open", { source });
    expect(await anchorAfter((store) => append(store, order))).toBe(16);
    const filled = (store: Store) =>
      append(store, order, attemptPrepared("open", 1), fillRecorded("open", 1));
    expect(await anchorAfter(filled)).toBe(16);
    const panicId = "tg:1:2";
    const panic = {
      stream: "user:7",
      kind: "PanicOpened" as const,
      payload: { panicId, userId: 7 },
    };
    expect(await anchorAfter((store) => append(store, panic))).toBe(16);
    expect(await anchorAfter(nothing, { mirroredSeq: 11 })).toBe(11);
    expect(await anchorAfter(nothing, { beforeMs: START_MS })).toBe(0);
  });

  it("keeps what is younger than the given moment", async ({ expect }) => {
    await withJournal(async ({ path }) => {
      const clock = new StepClock();
      clock.ms += 5_000;
      const { store } = openTestStore(path, clock);
      await live(store, 9);
      store.close();
      expect(compactJournal(path, { ...OPTIONS, beforeMs: START_MS + 1 }).anchorSeq).toBe(16);
    });
  });

  it("changes nothing in a journal that does not verify", async ({ expect }) => {
    await withJournal(({ path }) => {
      alter(path, "update orders set reason = 'another' where order_id = 'o1'");
      expect(() => compactJournal(path, OPTIONS)).toThrow("does not verify");
      expect(existsSync(archivePathOf(path))).toBe(false);
    });
  });

  it("does not mix two journals in one archive", async ({ expect }) => {
    await withJournal(async ({ path, directory }) => {
      compactJournal(path, OPTIONS);
      const other = join(directory, "other.db");
      await appended(other, async (store) => {
        await append(store, userRegistered, userRegistered);
        for (const n of [1, 2, 3, 4]) await live(store, n);
      });
      expect(() => compactJournal(other, OPTIONS)).toThrow("does not belong to this journal");
      expect(verifyJournal(other)).toMatchObject({ anchorSeq: 0, problem: null });
    });
  });
});

function alter(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

describe("a compacted journal", () => {
  it("is folded again from its snapshot by another fold", async ({ expect }) => {
    await withJournal(async ({ path }) => {
      compactJournal(path, OPTIONS);
      alter(path, "update meta set value = 'another' where key = 'fold'; delete from orders");
      await appended(path, async (store) => {
        expect(store.order("o1")).toMatchObject({ status: "canceled" });
        expect(store.ticketClaim("ticket-1")).toEqual({ jobId: "tg:1:1" });
      });
      expect(verifyJournal(path).problem).toBeNull();
    });
  });

  it("verifies without its archive, and not with one that was altered", async ({ expect }) => {
    await withJournal(({ path }) => {
      compactJournal(path, OPTIONS);
      const archive = archivePathOf(path);
      alter(archive, "update journal set payload = replace(payload, 'o1', 'o2') where seq = 4");
      expect(verifyJournal(path).problem).toMatchObject({ kind: "file" });
      rmSync(archive);
      expect(verifyJournal(path).problem).toBeNull();
    });
  });

  it.for([
    "update anchor_parts set body = zeroblob(20) where part = 1",
    "delete from anchor_parts where table_name = 'ticket_claims'",
    "update anchor set digest = 'x'",
  ])("does not verify after %s", async (sql, { expect }) => {
    await withJournal(({ path }) => {
      compactJournal(path, OPTIONS);
      alter(path, sql);
      expect(verifyJournal(path).problem).toMatchObject({ kind: "file" });
    });
  });

  it("does not verify with another anchor", async ({ expect }) => {
    await withJournal(({ path }) => {
      compactJournal(path, OPTIONS);
      rmSync(archivePathOf(path));
      alter(path, "update anchor set hash = 'x'");
      expect(verifyJournal(path).problem).toMatchObject({ kind: "chain", seq: 16 });
      alter(path, "update anchor set seq = 14");
      expect(verifyJournal(path).problem).toMatchObject({ kind: "hole" });
    });
  });
});

const CHILD = `
  const { compactJournal } = await import(process.argv[1]);
  process.stdout.write("GO\\n");
  compactJournal(process.argv[2], JSON.parse(process.argv[3]));
`;

/** Compacts in a process that is killed after a while. @returns how long it compacted. */
function compactAndKill(path: string, afterMs: number | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const module = join(import.meta.dirname, "compact.ts");
    const flags = ["--input-type=module", "-e", CHILD, module, path, JSON.stringify(OPTIONS)];
    const child = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] });
    let startMs = 0;
    child.stdout.once("data", () => {
      startMs = performance.now();
      if (afterMs !== undefined) setTimeout(() => child.kill("SIGKILL"), afterMs);
    });
    child.on("error", reject);
    child.on("close", () => resolve(performance.now() - startMs));
  });
}

function share(round: number): number {
  return round / KILLS;
}

describe("a compaction that is killed", () => {
  it(`leaves the old journal or the compacted one, ${KILLS} times`, async ({ expect }) => {
    await withJournal(async ({ path, directory }) => {
      const all = allHashes(path);
      const ends = { old: 0, compacted: 0 };
      let wholeMs = 0;
      for (let round = 0; round < KILLS; round++) {
        const image = join(directory, `round-${round}`, "journal.db");
        mkdirSync(join(directory, `round-${round}`));
        copyFileSync(path, image);
        // The first one runs to its end, and tells over how much time the kills are to be spread.
        const tookMs = await compactAndKill(
          image,
          round === 0 ? undefined : wholeMs * share(round),
        );
        if (round === 0) wholeMs = tookMs;
        await appended(image, async (store) => {
          await expect(append(store, jobAccepted("tg:1:1"))).rejects.toThrow("contradicts");
        });
        const { anchorSeq, problem } = verifyJournal(image);
        expect(problem).toBeNull();
        ends[anchorSeq === 0 ? "old" : "compacted"]++;
        expect(allHashes(image).slice(0, all.length)).toEqual(all);
        compactJournal(image, OPTIONS);
        expect(allHashes(image).slice(0, all.length)).toEqual(all);
      }
      process.stdout.write(`killed compactions: ${JSON.stringify(ends)}\n`);
      expect(ends.compacted).toBeGreaterThan(0);
    }, JOBS);
  }, 60_000);
});
