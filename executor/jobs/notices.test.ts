import { join } from "node:path";
import { describe, it } from "vitest";
import {
  append,
  attemptPrepared,
  fillRecorded,
  jobAccepted,
  openTestStore,
  orderInitialized,
  userRegistered,
  withDirectory,
} from "../store/store-fixture.ts";
import { createNotices } from "./notices.ts";
import { TicketIssuer } from "./tickets.ts";

describe("the receipt of an order", () => {
  it("links to the copy that landed, which need not be the newest", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const { store, clock } = openTestStore(join(directory, "journal.db"));
      const group = { exclusionGroup: "nonce:account:value" };
      await append(store, userRegistered, jobAccepted("tg:1:1"), orderInitialized("o1"));
      await append(store, attemptPrepared("o1", 1, group), attemptPrepared("o1", 2, group));
      await append(store, fillRecorded("o1", 1));
      const tickets = new TicketIssuer({
        key: Buffer.alloc(32),
        ids: { token: (byteCount) => "t".repeat(byteCount) },
        clock,
        lifetimesMs: { trade: 1, menu: 1 },
      });
      const venue = {
        explorerUrl: (identity: string) => `https://explorer.test/tx/${identity}`,
        boundSecondsLeft: () => null,
      };
      const notices = createNotices({ venue, clock, tickets, adminUserIds: [] });
      await store.transact((tx) => notices.order(tx, "o1"));
      const buttons = store.outbox("order:o1")?.content.keyboard.flat() ?? [];
      const url = "https://explorer.test/tx/sig-o1/1";
      expect(buttons).toContainEqual({ text: "Explorer", url });
      store.close();
    });
  });
});
