import { join } from "node:path";
import { describe, it } from "vitest";
import { makeLargeJournal } from "./large-journal-fixture.ts";
import { openTestStore, withDirectory } from "./store-fixture.ts";
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
      expect([store.pendingJobs(), store.unsettledFills()]).toEqual([[], []]);
      store.close();
    });
  });
});
