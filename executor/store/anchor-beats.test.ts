import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { describe, it } from "vitest";
import { compactJournal } from "./compact.ts";
import { openDatabaseWithRoom } from "./open-database.ts";
import {
  append,
  jobAccepted,
  openTestStore,
  START_MS,
  userRegistered,
  withDirectory,
} from "./store-fixture.ts";

const JOBS = 4_000;
const OPTIONS = { beforeMs: Number.MAX_SAFE_INTEGER, nowMs: START_MS, release: "test" };

/** Opens as a release whose fold differs, and counts how often the launcher heard of it. */
function beatsOfRefold(path: string): number {
  const altered = new DatabaseSync(path);
  altered.exec("update meta set value = 'another' where key = 'fold'");
  altered.close();
  let beats = 0;
  openDatabaseWithRoom({ path, release: "test", onFolding: () => beats++ }).close();
  return beats;
}

describe("folding again", () => {
  it("is heard of as often in a compacted journal", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const { store } = openTestStore(path);
      await append(store, userRegistered);
      for (let at = 0; at < JOBS; at += 200) {
        await Promise.all(
          Array.from({ length: 200 }, (_, n) => {
            const jobId = `tg:1:${at + n}`;
            return append(store, jobAccepted(jobId), {
              stream: `job:${jobId}`,
              kind: "JobFinished",
              payload: { jobId, outcome: "done" },
            });
          }),
        );
      }
      store.close();
      const whole = beatsOfRefold(path);
      compactJournal(path, OPTIONS);
      const compacted = beatsOfRefold(path);
      expect(whole).toBeGreaterThanOrEqual(8);
      expect(compacted).toBeGreaterThanOrEqual(2);
    });
  });
});
