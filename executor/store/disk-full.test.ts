import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { append, jobAccepted, openTestStore, withDirectory } from "./store-fixture.ts";
import { verifyJournal } from "./verify.ts";

const DISK = "size=3m";
const PADDING = "x".repeat(900);

/** A file system of 3 MB. Mounting needs root; without it this proof is not available. */
async function withSmallDisk(
  use: (mount: string, remount: (options: string) => void) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", DISK, "tmpfs", directory], { stdio: "pipe" });
    } catch (error) {
      throw new Error("a 3 MB tmpfs could not be mounted: run this test as root", { cause: error });
    }
    try {
      await use(directory, (options) => {
        execFileSync("mount", ["-o", `remount,${options}`, directory], { stdio: "pipe" });
      });
    } finally {
      execFileSync("umount", ["--lazy", directory], { stdio: "pipe" });
    }
  });
}

describe("a disk without room", () => {
  it("refuses with FULL, keeps what was acknowledged, and goes on after room is made", async ({
    expect,
  }) => {
    await withSmallDisk(async (mount) => {
      const path = join(mount, "journal.db");
      const ballast = join(mount, "ballast");
      writeFileSync(ballast, Buffer.alloc(1_500_000));
      const { store, fatal } = openTestStore(path);
      const acknowledged = await writeUntilRefused(store, expect);
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

type Store = ReturnType<typeof openTestStore>["store"];

async function writeUntilRefused(
  store: Store,
  expect: (typeof import("vitest"))["expect"],
): Promise<number> {
  for (let n = 1; n < 5_000; n++) {
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
