import { join } from "node:path";
import { describe, it } from "vitest";
import { holdExecutorLock } from "../store/lock.ts";
import { withJournalReader } from "../store/read-journal.ts";
import {
  append,
  jobAccepted,
  openTestStore,
  userRegistered,
  withDirectory,
} from "../store/store-fixture.ts";
import { run, runIn } from "./cli-fixture.ts";

async function withOldJournal(use: (directory: string) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const { store } = openTestStore(join(directory, "journal.db"));
    await append(store, userRegistered, jobAccepted("tg:1:1"));
    const finished = { jobId: "tg:1:1", outcome: "done" };
    await append(
      store,
      { stream: "job:tg:1:1", kind: "JobFinished", payload: finished },
      jobAccepted("tg:1:2"),
    );
    store.close();
    await use(directory);
  });
}

describe("raptor compact", () => {
  it("connects to no database whose connection others could read", async ({ expect }) => {
    await withOldJournal(async (directory) => {
      const urls = [
        "postgres://u:secretword@h ost:99999/db",
        "postgres://u:secretword@db.example/db",
      ];
      for (const DATABASE_URL of urls) {
        const env = { DATA_DIR: directory, DATABASE_URL };
        const { code, lines } = await run(env, "compact", "--keep-days", "1");
        expect([code, lines.join("\n")]).toEqual([
          4,
          expect.stringMatching(/^RAPTOR_ENV__INVALID: .*DATABASE_URL/),
        ]);
        expect(lines.join()).not.toContain("secretword");
      }
    });
  });

  it("moves what is old and over, and the rest verifies", async ({ expect }) => {
    await withOldJournal(async (directory) => {
      const { code, lines } = await runIn(directory, "compact", "--keep-days", "1");
      expect(lines[0]).toContain("moved 3 events, up to 3, to ");
      expect(code).toBe(0);
      expect((await runIn(directory, "verify")).code).toBe(0);
      expect((await runIn(directory, "replay")).code).toBe(0);
      const story = await runIn(directory, "why", "tg:1:1");
      expect(story.lines).toHaveLength(2);
    });
  });

  it("refuses a number of days that makes no sense", async ({ expect }) => {
    await withOldJournal(async (directory) => {
      for (const days of ["0", "x", "1.5"]) {
        expect((await runIn(directory, "compact", "--keep-days", days)).code).toBe(2);
      }
    });
  });
});

describe("raptor purge", () => {
  it("removes what a person wrote, and the journal still verifies", async ({ expect }) => {
    await withOldJournal(async (directory) => {
      const path = join(directory, "journal.db");
      withJournalReader(path, (reader) => expect(reader.user(7)?.name).toBe("Ann"));
      expect((await runIn(directory, "purge", "seven")).code).toBe(2);
      const { code, lines } = await runIn(directory, "purge", "7");
      expect(lines[0]).toMatch(/^removed \d+ texts of person 7$/);
      expect(code).toBe(0);
      withJournalReader(path, (reader) => expect(reader.user(7)?.name).not.toBe("Ann"));
      expect((await runIn(directory, "verify")).code).toBe(0);
    });
  });
});

describe("both", () => {
  it("are refused while an executor holds the lock", async ({ expect }) => {
    await withOldJournal(async (directory) => {
      const lock = holdExecutorLock(join(directory, "executor.lock"));
      expect((await runIn(directory, "compact")).code).toBe(3);
      expect((await runIn(directory, "purge", "7")).code).toBe(3);
      lock.release();
    });
  });
});
