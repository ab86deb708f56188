import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { createBallast } from "./ballast.ts";
import { whyNoSmallDisk, withSmallDisk } from "./small-disk-fixture.ts";
import { openStore } from "./sqlite-store.ts";
import {
  append,
  jobAccepted,
  openTestStore,
  quietLog,
  StepClock,
  userRegistered,
  testIds,
} from "./store-fixture.ts";
import { verifyJournal } from "./verify.ts";

const PADDING = "x".repeat(900);
const isSkipped = whyNoSmallDisk() !== undefined;

describe.skipIf(isSkipped)("a disk without room", () => {
  it("refuses with FULL, keeps what was acknowledged, and goes on after room is made", async ({
    expect,
  }) => {
    await withSmallDisk(async (mount) => {
      const path = join(mount, "journal.db");
      const ballast = join(mount, "ballast");
      writeFileSync(ballast, Buffer.alloc(1_500_000));
      const { store, fatal } = openTestStore(path);
      const acknowledged = await writeUntilRefused(store, 1, expect);
      expect(acknowledged).toBeGreaterThan(20);
      expect(store.headSeq()).toBe(acknowledged);
      expect(store.pendingJobs()).toHaveLength(acknowledged);
      expect(store.job(`tg:1:${acknowledged + 1}`)).toBeUndefined();
      expect(fatal).toEqual([]);
      rmSync(ballast);
      store.probe();
      await append(store, jobAccepted(`tg:1:${acknowledged + 1}`));
      expect(store.headSeq()).toBe(acknowledged + 1);
      store.close();
      expect(verifyJournal(path)).toMatchObject({ events: acknowledged + 1, problem: null });
    });
  });

  it("refuses to open for writing where nothing can be written", async ({ expect }) => {
    await withSmallDisk(async (mount, remount) => {
      const path = join(mount, "journal.db");
      openTestStore(path).store.close();
      remount("ro");
      expect(() => openTestStore(path)).toThrow("the journal cannot be written");
      remount("rw");
      openTestStore(path).store.close();
    });
  });
});

const BALLAST_BYTES = 512 * 1024;

describe.skipIf(isSkipped)("a disk with a ballast", () => {
  it("gives it up before anything is refused, and takes it back when there is room", async ({
    expect,
  }) => {
    await withSmallDisk(async (mount) => {
      const path = join(mount, "journal.db");
      const filler = join(mount, "filler");
      const fatal: unknown[] = [];
      const ballast = createBallast({ directory: mount, bytes: BALLAST_BYTES, log: quietLog });
      expect(ballast.isTight()).toBe(true);
      await ballast.tend();
      expect(ballast.isTight()).toBe(false);
      writeFileSync(filler, Buffer.alloc(1_200_000));
      const store = openStore({
        path,
        clock: new StepClock(),
        ids: testIds,
        log: quietLog,
        release: "test",
        onFatal: (error) => fatal.push(error),
        makeRoom: () => ballast.free(),
      });
      let runs = 0;
      let written = 0;
      for (; !ballast.isTight(); written++) {
        runs = 0;
        await store.transact((tx) => {
          runs++;
          tx.append(jobAccepted(`tg:1:${written + 1}`));
          tx.putVault(`w${written + 1}`, PADDING);
        });
      }
      // The commit that met the full disk was tried once more, and is there once.
      expect(runs).toBe(2);
      expect(store.headSeq()).toBe(written);
      const all = await writeUntilRefused(store, written + 1, expect);
      expect(all).toBeGreaterThan(written + 10);
      await ballast.tend();
      expect(ballast.isTight()).toBe(true);
      rmSync(filler);
      await ballast.tend();
      expect(ballast.isTight()).toBe(false);
      await append(store, userRegistered);
      expect(fatal).toEqual([]);
      store.close();
      expect(verifyJournal(path)).toMatchObject({ events: all + 1, problem: null });
    });
  });

  it("gives it up to open a journal that would not open without", async ({ expect }) => {
    await withSmallDisk(async (mount) => {
      const path = join(mount, "journal.db");
      openTestStore(path).store.close();
      const ballast = createBallast({ directory: mount, bytes: BALLAST_BYTES, log: quietLog });
      await ballast.tend();
      fillUp(mount);
      expect(() => openTestStore(path)).toThrow("the disk is full");
      const options = {
        path,
        clock: new StepClock(),
        ids: testIds,
        log: quietLog,
        release: "test",
      };
      const makeRoom = (): boolean => ballast.free();
      openStore({ ...options, onFatal: () => {}, makeRoom }).close();
      expect(ballast.isTight()).toBe(true);
    });
  });

  it("opens the journal of a dead process without any room, and waits for it there", async ({
    expect,
  }) => {
    await withSmallDisk(async (mount) => {
      const path = join(mount, "journal.db");
      // What a dead process leaves behind: a journal with its WAL and index files.
      const dead = openTestStore(path).store;
      await append(dead, userRegistered);
      fillUp(mount);
      const options = {
        path,
        clock: new StepClock(),
        ids: testIds,
        log: quietLog,
        release: "next",
      };
      const store = openStore({ ...options, onFatal: () => {}, makeRoom: () => false });
      expect(store.users()).toHaveLength(1);
      await expect(append(store, jobAccepted("tg:1:1"))).rejects.toThrow("the disk is full");
      rmSync(join(mount, "filler"));
      await append(store, jobAccepted("tg:1:1"));
      expect(store.headSeq()).toBe(2);
      store.close();
      dead.close();
    });
  });

  it("frees its room even while it is being made", async ({ expect }) => {
    await withSmallDisk(async (mount) => {
      const bytes = 1_200_000;
      const ballast = createBallast({ directory: mount, bytes, log: quietLog });
      const before = freeBytes(mount);
      const made = ballast.tend();
      while (freeBytes(mount) === before) await new Promise((resolve) => setImmediate(resolve));
      ballast.free();
      await made;
      expect(ballast.isTight()).toBe(true);
      expect(freeBytes(mount)).toBe(before);
      await ballast.tend();
      expect(before - freeBytes(mount)).toBeGreaterThanOrEqual(bytes);
    });
  });
});

function freeBytes(directory: string): number {
  const disk = statfsSync(directory);
  return disk.bavail * disk.bsize;
}

/** Leaves less than a page. */
function fillUp(directory: string): void {
  const bytes = freeBytes(directory);
  writeFileSync(join(directory, "filler"), Buffer.alloc(bytes));
}

type Store = ReturnType<typeof openTestStore>["store"];

/** @returns the number of the last job that was acknowledged. */
async function writeUntilRefused(
  store: Store,
  first: number,
  expect: (typeof import("vitest"))["expect"],
): Promise<number> {
  for (let n = first; n < 5_000; n++) {
    try {
      await store.transact((tx) => {
        tx.append(jobAccepted(`tg:1:${n}`));
        tx.putVault(`w${n}`, PADDING);
      });
    } catch (error) {
      expect(error).toMatchObject({ code: "RAPTOR_JOURNAL__FULL" });
      return n - 1;
    }
  }
  throw new Error("the disk never became full");
}
