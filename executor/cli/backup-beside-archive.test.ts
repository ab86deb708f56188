import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { archivePathOf } from "../store/archive.ts";
import { compactJournal } from "../store/compact.ts";
import {
  append,
  jobAccepted,
  openTestStore,
  START_MS,
  userRegistered,
  withDirectory,
} from "../store/store-fixture.ts";
import { verifyJournal } from "../store/verify.ts";
import { runIn } from "./cli-fixture.ts";

const OPTIONS = { beforeMs: Number.MAX_SAFE_INTEGER, nowMs: START_MS, release: "test" };

async function live(path: string, n: number): Promise<void> {
  const { store } = openTestStore(path);
  const jobId = `tg:1:${n}`;
  await append(store, jobAccepted(jobId), {
    stream: `job:${jobId}`,
    kind: "JobFinished",
    payload: { jobId, outcome: "done" },
  });
  store.close();
}

describe("a copy in a folder with an earlier copy of the archive", () => {
  it("is made, and can be put back", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const { store } = openTestStore(path);
      await append(store, userRegistered);
      store.close();
      for (const n of [1, 2, 3]) await live(path, n);
      compactJournal(path, OPTIONS);
      // Backups go to a folder of their own, with the archive of that day.
      const backups = join(directory, "backups");
      mkdirSync(backups);
      copyFileSync(archivePathOf(path), join(backups, "journal-archive.db"));
      expect((await runIn(directory, "backup", join(backups, "one.db"))).code).toBe(0);
      for (const n of [4, 5, 6]) await live(path, n);
      compactJournal(path, OPTIONS);
      expect(verifyJournal(path).problem).toBeNull();
      const made = await runIn(directory, "backup", join(backups, "two.db"));
      // The same file, made elsewhere and then put beside that archive.
      const elsewhere = join(directory, "elsewhere");
      mkdirSync(elsewhere);
      expect((await runIn(directory, "backup", join(elsewhere, "three.db"))).code).toBe(0);
      copyFileSync(join(elsewhere, "three.db"), join(backups, "three.db"));
      const back = await runIn(
        directory,
        "restore",
        "--from",
        "backup",
        join(backups, "three.db"),
        "--move-aside",
      );
      expect(back.code).toBe(0);
      expect(made.code).toBe(0);
    });
  });
});
