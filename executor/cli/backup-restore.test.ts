import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
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
import { verifyJournal } from "../store/verify.ts";
import { runIn } from "./cli-fixture.ts";

/** Commits without end, as a busy executor does. */
function keepBusy(path: string): { begun: Promise<void>; stop(): Promise<number> } {
  const { store } = openTestStore(path);
  const abort = new AbortController();
  const begun = Promise.withResolvers<void>();
  let count = 0;
  const done = (async () => {
    while (!abort.signal.aborted) {
      const burst = Array.from({ length: 20 }, () => append(store, jobAccepted(`tg:1:${++count}`)));
      await Promise.all(burst);
      begun.resolve();
    }
    store.close();
    return count;
  })();
  return {
    begun: begun.promise,
    stop: () => {
      abort.abort();
      return done;
    },
  };
}

describe("raptor backup", () => {
  it("copies one moment of a journal that is written to all the time", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const busy = keepBusy(join(directory, "journal.db"));
      await busy.begun;
      const target = join(directory, "copy.db");
      const { code, lines } = await runIn(directory, "backup", target);
      const total = await busy.stop();
      expect(lines[1]).toMatch(/^the journal holds: \d+ events/);
      expect(code).toBe(0);
      const { events, problem } = verifyJournal(target);
      expect(problem).toBeNull();
      expect(events).toBeGreaterThan(0);
      expect(events).toBeLessThan(total);
      expect((statSync(target).mode & 0o777).toString(8)).toBe("600");
      expect(readdirSync(directory).filter((name) => name.startsWith("copy"))).toEqual(["copy.db"]);
    });
  });

  it("never writes over a file", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const { store } = openTestStore(join(directory, "journal.db"));
      await append(store, userRegistered);
      const target = join(directory, "copy.db");
      writeFileSync(target, "mine");
      expect((await runIn(directory, "backup", target)).code).toBe(3);
      expect(readFileSync(target, "utf8")).toBe("mine");
      expect((await runIn(directory, "backup", "/nowhere/copy.db")).code).toBe(4);
      store.close();
    });
  });
});

async function withBackup(
  use: (directory: string, backup: string, journal: string) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    const journal = join(directory, "journal.db");
    const backup = join(directory, "copy.db");
    const { store } = openTestStore(journal);
    await append(store, userRegistered, jobAccepted("tg:1:1"));
    await runIn(directory, "backup", backup);
    await append(store, jobAccepted("tg:1:2"));
    store.close();
    await use(directory, backup, journal);
  });
}

describe("files that hold wallet keys", () => {
  it("are for their owner alone, whichever command made them", async ({ expect }) => {
    await withBackup(async (directory, backup, journal) => {
      const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
      expect([modeOf(journal), modeOf(backup)]).toEqual(["600", "600"]);
      await runIn(directory, "restore", "--from", "backup", backup, "--move-aside");
      expect(modeOf(journal)).toBe("600");
    });
  });
});

describe("raptor restore --from backup", () => {
  it("keeps the journal that stood there and marks the one put back", async ({ expect }) => {
    await withBackup(async (directory, backup, journal) => {
      const args = ["restore", "--from", "backup", backup];
      const refused = await runIn(directory, ...args);
      expect(refused.code).toBe(3);
      expect(refused.lines[0]).toContain("there is a journal already");
      const { code } = await runIn(directory, ...args, "--move-aside");
      expect(code).toBe(0);
      const { events, headHash, problem } = verifyJournal(journal);
      expect([events, problem]).toEqual([2, null]);
      withJournalReader(journal, (reader) => {
        expect(reader.recoveryMark()).toMatchObject({
          from: "backup",
          headSeq: 2,
          headHash,
          isSettled: false,
        });
      });
      const aside = readdirSync(directory).find((name) => name.startsWith("before-restore-"));
      expect(verifyJournal(join(directory, aside ?? "", "journal.db")).events).toBe(3);
    });
  });

  it("does nothing while an executor holds the lock", async ({ expect }) => {
    await withBackup(async (directory, backup, journal) => {
      const lock = holdExecutorLock(join(directory, "executor.lock"));
      const args = ["restore", "--from", "backup", backup, "--move-aside"];
      const { code, lines } = await runIn(directory, ...args);
      lock.release();
      expect(code).toBe(3);
      expect(lines[0]).toContain("RAPTOR_JOURNAL__LOCKED");
      expect(verifyJournal(journal).events).toBe(3);
    });
  });

  it("does not put back what does not hold", async ({ expect }) => {
    await withBackup(async (directory, backup, journal) => {
      const altered = new DatabaseSync(backup);
      altered.exec(
        "drop trigger journal_never_updated; update journal set ts_ms = 1 where seq = 2",
      );
      altered.close();
      const args = ["restore", "--from", "backup", backup, "--move-aside"];
      const { code, lines } = await runIn(directory, ...args);
      expect(lines[1]).toContain("the hash chain breaks at event 2");
      expect(code).toBe(1);
      expect(verifyJournal(journal).events).toBe(3);
      expect(existsSync(join(directory, "journal.draft.db"))).toBe(false);
    });
  });
});
