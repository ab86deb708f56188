import { join } from "node:path";
import { describe, it } from "vitest";
import { copyJournal } from "./backup.ts";
import { append, jobAccepted, openTestStore, withDirectory } from "./store-fixture.ts";
import { verifyJournal } from "./verify.ts";

describe("a copy of the journal", () => {
  it("is the moment at which it began, however many commits come in between", async ({
    expect,
  }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const { store } = openTestStore(path);
      for (let n = 1; n <= 50; n++) await append(store, jobAccepted(`tg:1:${n}`));
      const target = join(directory, "copy.db");
      const state = { isCopied: false };
      // One page a step: without a snapshot each commit would send the copy back to its beginning.
      const copied = copyJournal(path, target, 1).then(() => (state.isCopied = true));
      let n = 50;
      while (!state.isCopied && n < 3_000) await append(store, jobAccepted(`tg:1:${++n}`));
      await copied;
      expect(n).toBeGreaterThan(50);
      expect(n).toBeLessThan(3_000);
      expect(verifyJournal(target)).toMatchObject({ events: 50, problem: null });
      store.close();
    });
  });
});
