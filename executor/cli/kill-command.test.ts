import { join } from "node:path";
import { describe, it } from "vitest";
import { holdExecutorLock } from "../store/lock.ts";
import {
  append,
  jobAccepted,
  openTestStore,
  orderInitialized,
  userRegistered,
  withDirectory,
} from "../store/store-fixture.ts";
import { withJournalReader } from "../store/read-journal.ts";
import { verifyJournal } from "../store/verify.ts";
import { run, runIn } from "./cli-fixture.ts";

async function withClosedJournal(use: (directory: string, path: string) => Promise<void>) {
  await withDirectory(async (directory) => {
    const path = join(directory, "journal.db");
    const { store } = openTestStore(path);
    await append(store, userRegistered, jobAccepted("tg:1:1"), orderInitialized("o1"));
    store.close();
    await use(directory, path);
  });
}

describe("raptor kill without an executor", () => {
  it("halts all entries itself and leaves word for the admins", async ({ expect }) => {
    await withClosedJournal(async (directory, path) => {
      const env = { DATA_DIR: directory, ADMIN_USER_IDS: "7, 8" };
      const { code, lines } = await run(env, "kill", "nodes", "disagree");
      expect(code).toBe(0);
      expect(lines[0]).toBe("Trading was halted by the operator on the machine");
      expect(lines[1]).toBe("Reason: nodes disagree");
      withJournalReader(path, (reader) => {
        const { tradingState, reason, by, tightenedMs } = reader.control();
        expect({ tradingState, reason, by }).toEqual({
          tradingState: "halted",
          reason: "nodes disagree",
          by: "operator on the machine",
        });
        expect(tightenedMs).toBeGreaterThan(0);
        const [told, ...others] = reader.outboxDue(Date.now(), 60_000, 10);
        expect(others).toEqual([]);
        expect(told?.chatId).toBe(7);
        expect(told?.content.text).toContain("Reason: nodes disagree");
      });
      expect(verifyJournal(path).problem).toBeNull();
    });
  });

  it("opens the panic of everybody who holds or may hold something", async ({ expect }) => {
    await withClosedJournal(async (directory, path) => {
      expect((await runIn(directory, "kill", "--panic")).code).toBe(2);
      withJournalReader(path, (reader) => expect(reader.control().tradingState).toBe("active"));
      const { code, lines } = await runIn(directory, "kill", "--panic", "--yes");
      expect(code).toBe(0);
      expect(lines[2]).toContain("everything that is open is being sold");
      withJournalReader(path, (reader) => {
        expect(reader.user(7)?.paused).toBe(true);
        expect(reader.user(7)?.panicId).toMatch(/^pan_/);
      });
    });
  });

  it("changes nothing while another process holds the lock and is deaf", async ({ expect }) => {
    await withClosedJournal(async (directory, path) => {
      const lock = holdExecutorLock(join(directory, "executor.lock"));
      const before = withJournalReader(path, (reader) => reader.headSeq());
      const { code, lines } = await runIn(directory, "kill");
      lock.release();
      expect(code).toBe(4);
      expect(lines[0]).toBe("an executor holds the lock and does not listen; nothing was changed");
      expect(withJournalReader(path, (reader) => reader.headSeq())).toBe(before);
    });
  });
});
