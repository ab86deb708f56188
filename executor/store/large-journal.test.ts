import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "vitest";
import { makeLargeJournal } from "./large-journal-fixture.ts";
import { openStore } from "./sqlite-store.ts";
import { openTestStore, quietLog, StepClock, testIds, withDirectory } from "./store-fixture.ts";
import { verifyJournal } from "./verify.ts";

describe("a desk made for measurements", () => {
  it("is as large as asked for and keeps every promise", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const size = { openPositions: 120, unresolvedAttempts: 30, users: 4 };
      const events = await makeLargeJournal(path, size);
      expect(verifyJournal(path)).toMatchObject({ events, problem: null, violation: null });
      const { store } = openTestStore(path);
      expect(store.openPositions(null)).toHaveLength(120);
      expect(store.armedExitPlans()).toHaveLength(120);
      expect(store.unresolvedAttempts()).toHaveLength(30);
      expect(store.openOrders()).toHaveLength(30);
      expect(store.openPositions(2)).toHaveLength(30);
      expect([...store.eachArmedExitPlan()]).toEqual(store.armedExitPlans());
      const ids = store.openPositions(null).map(({ positionId, walletId }) => {
        return { positionId, walletId };
      });
      expect(store.openPositionIds()).toEqual(ids);
      expect([store.openPositionCount(), store.unresolvedAttemptCount()]).toEqual([120, 30]);
      expect([store.pendingJobs(), store.unsettledFills()]).toEqual([[], []]);
      store.close();
    });
  });

  it("tells now and then that it is folded anew, which holds the loop up", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const size = { openPositions: 200, unresolvedAttempts: 0, users: 4 };
      const events = await makeLargeJournal(path, size);
      const database = new DatabaseSync(path);
      database.exec("update meta set value = 'another release' where key = 'fold'");
      database.close();
      let steps = 0;
      const options = { path, clock: new StepClock(), ids: testIds, log: quietLog };
      const onFolding = (): number => steps++;
      const onFatal = (error: unknown): void => expect.fail(String(error));
      openStore({ ...options, release: "test", onFatal, onFolding }).close();
      expect(steps).toBe(Math.floor(events / 1_000));
      expect(steps).toBeGreaterThan(0);
    });
  });
});
