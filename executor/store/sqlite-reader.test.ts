import { join } from "node:path";
import { describe, it } from "vitest";
import type { NewOutbox, Store } from "../ports/store.ts";
import {
  append,
  attemptPrepared,
  fillRecorded,
  MINT,
  openTestStore,
  orderInitialized,
  START_MS,
  userRegistered,
  withDirectory,
} from "./store-fixture.ts";

const INSTRUMENT = `${MINT}.SOLANA`;

async function withStore(
  use: (opened: ReturnType<typeof openTestStore>) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    const opened = openTestStore(join(directory, "journal.db"));
    await use(opened);
    opened.store.close();
  });
}

function closed(orderId: string, status: "canceled" | "expired" | "rejected") {
  const payload = { orderId, status, reason: "r" };
  return { stream: `order:${orderId}`, kind: "OrderClosed" as const, payload };
}

function notice(key: string, over: Partial<NewOutbox> = {}): NewOutbox {
  const content = { text: key, entities: [], keyboard: [] };
  return { key, chatId: 7, content, view: { kind: "notice" }, ...over };
}

describe("what was spent", () => {
  it("counts open buys in full, filled ones by their fills, ended and later ones not", async ({
    expect,
  }) => {
    await withStore(async ({ store }) => {
      const notionalLamports = "100";
      await append(
        store,
        orderInitialized("sell", { side: "sell", notionalLamports: "0" }),
        orderInitialized("open", { notionalLamports }),
        orderInitialized("filled", { notionalLamports }),
        attemptPrepared("filled", 1),
        fillRecorded("filled", 1, { notionalLamports: "93" }),
        orderInitialized("other", { notionalLamports, userId: 8 }),
        ...(["canceled", "expired", "rejected"] as const).flatMap((status) => [
          orderInitialized(status, { notionalLamports }),
          closed(status, status),
        ]),
        orderInitialized("denied", { notionalLamports }),
        {
          stream: "order:denied",
          kind: "OrderDenied",
          payload: { orderId: "denied", reasons: ["r"], inputs: null },
        },
        orderInitialized("mine", { notionalLamports }),
        orderInitialized("later", { notionalLamports }),
      );
      expect(store.spentLamportsSince(7, START_MS, "mine")).toBe(193n);
      expect(store.spentLamportsSince(7, START_MS + 1, "mine")).toBe(0n);
      expect(store.spentLamportsSince(7, START_MS, "not there")).toBe(393n);
      expect(store.spentLamportsSince(8, START_MS, "mine")).toBe(100n);
    });
  });

  it("counts a buy whose fill was taken back in full until another fill ends it", async ({
    expect,
  }) => {
    await withStore(async ({ store }) => {
      await append(
        store,
        orderInitialized("o1", { notionalLamports: "100" }),
        attemptPrepared("o1", 1),
        fillRecorded("o1", 1, { notionalLamports: "93" }),
        {
          stream: "order:o1",
          kind: "FillReversed",
          payload: { fillId: "fill-o1/1", attemptId: "o1/1", evidence: {} },
        },
      );
      expect(store.spentLamportsSince(7, 0, "")).toBe(100n);
      await append(
        store,
        attemptPrepared("o1", 2),
        fillRecorded("o1", 2, { notionalLamports: "95" }),
      );
      expect(store.spentLamportsSince(7, 0, "")).toBe(95n);
    });
  });

  it("finds the newest earlier buy of the instrument that may have bought", async ({ expect }) => {
    await withStore(async ({ store, clock }) => {
      await append(store, orderInitialized("a"));
      clock.ms += 10;
      await append(store, orderInitialized("b"), orderInitialized("c", { instrument: "x" }));
      clock.ms += 10;
      await append(store, orderInitialized("d"), closed("d", "canceled"));
      expect(store.lastBuyMs(7, INSTRUMENT, "")).toBe(START_MS + 10);
      expect(store.lastBuyMs(7, INSTRUMENT, "b")).toBe(START_MS);
      expect(store.lastBuyMs(7, INSTRUMENT, "a")).toBeUndefined();
      expect(store.lastBuyMs(8, INSTRUMENT, "")).toBeUndefined();
    });
  });
});

describe("rows", () => {
  it("come back as they were, with absent numbers as null and amounts beyond 64 bits", async ({
    expect,
  }) => {
    await withStore(async ({ store }) => {
      await append(store, orderInitialized("o1"), attemptPrepared("o1", 1), fillRecorded("o1", 1));
      expect(store.order("o1")).toMatchObject({ deadlineMs: null, guardOverride: false });
      expect(store.attempt("o1/1")).toMatchObject({
        submittedMs: null,
        quantityOutMin: "18446744073709551615",
        bound: { lastValidBlockHeight: 900 },
      });
      expect(store.fillsPage(null, 5, null)).toHaveLength(1);
      expect(store.fillsPage(7, 5, 3)).toEqual([]);
      expect(store.ordersOfJob("tg:1:1").map((order) => order.orderId)).toEqual(["o1"]);
    });
  });

  it("show the desk as active until somebody says otherwise", async ({ expect }) => {
    await withStore(async ({ store }) => {
      expect(store.control().tradingState).toBe("active");
      await append(store, {
        stream: "control",
        kind: "TradingStateChanged",
        payload: { state: "halted", reason: "drill", by: "admin", jobId: "ui:1" },
      });
      expect(store.control()).toEqual({
        tradingState: "halted",
        reason: "drill",
        by: "admin",
        tightenedMs: 0,
      });
    });
  });
});

describe("the outbox table", () => {
  it("raises the version with every new content and keeps the known message", async ({
    expect,
  }) => {
    await withStore(async ({ store }) => {
      await store.transact((tx) => tx.putOutbox(notice("a")));
      await store.transact((tx) => tx.markOutboxDelivered("a", 1, 55));
      await store.transact((tx) => tx.putOutbox(notice("a")));
      expect(store.outbox("a")).toMatchObject({ version: 2, deliveredVersion: 1, messageId: 55 });
      await store.transact((tx) => tx.putOutbox(notice("a", { messageId: null })));
      expect(store.outbox("a")).toMatchObject({ version: 3, messageId: null });
    });
  });

  it("lists of every chat the oldest row that is due", async ({ expect }) => {
    await withStore(async ({ store, clock }) => {
      await store.transact((tx) => {
        for (const key of ["a", "b", "c"]) tx.putOutbox(notice(key));
        tx.putOutbox(notice("d", { chatId: 8 }));
      });
      expect(dueKeys(store, clock.ms)).toEqual(["a", "d"]);
      await store.transact((tx) => tx.markOutboxTry("a", 1, clock.ms + 5_000, null));
      await store.transact((tx) => tx.markOutboxTry("d", 1, clock.ms, "403 blocked"));
      expect(dueKeys(store, clock.ms)).toEqual(["b"]);
      expect(dueKeys(store, clock.ms + 5_000)).toEqual(["a"]);
      expect(store.outboxPendingCount()).toBe(3);
    });
  });

  it("knows what a delivered message shows, and the newest prompt that has not expired", async ({
    expect,
  }) => {
    await withStore(async ({ store }) => {
      const prompt = { kind: "prompt" as const, mint: MINT, expiresMs: START_MS + 60_000 };
      await store.transact((tx) => {
        tx.putOutbox(notice("p", { view: prompt }));
        tx.putOutbox(notice("n"));
      });
      expect(store.promptOf(7, START_MS)).toBeUndefined();
      await store.transact((tx) => {
        tx.markOutboxDelivered("p", 1, 60);
        tx.markOutboxDelivered("n", 1, 61);
      });
      expect(store.viewOf(7, 61)).toEqual({ kind: "notice" });
      expect(store.promptOf(7, START_MS)).toEqual({ view: prompt, messageId: 60 });
      expect(store.promptOf(7, START_MS + 60_000)).toBeUndefined();
      expect(store.promptOf(8, START_MS)).toBeUndefined();
    });
  });

  it("is due when its try is further away than any wait, as after a clock set back", async ({
    expect,
  }) => {
    await withStore(async ({ store, clock }) => {
      await store.transact((tx) => {
        tx.putOutbox(notice("a"));
        tx.markOutboxTry("a", 1, clock.ms + 60_000, null);
      });
      expect(dueKeys(store, clock.ms)).toEqual([]);
      expect(dueKeys(store, clock.ms - 1)).toEqual(["a"]);
    });
  });

  it("purges what ended, never what still waits", async ({ expect }) => {
    await withStore(async ({ store, clock }) => {
      await store.transact((tx) => {
        tx.putOutbox(notice("done"));
        tx.putOutbox(notice("waits"));
        tx.markOutboxDelivered("done", 1, 5);
        tx.putTicket({
          ticket: "t",
          userId: 7,
          chatId: 7,
          action: { kind: "panic" },
          expiresMs: clock.ms + 10,
        });
      });
      await store.transact((tx) => tx.purge(clock.ms));
      expect([store.outbox("done"), store.ticket("t")]).not.toContain(undefined);
      await store.transact((tx) => tx.purge(clock.ms + 11));
      expect(store.outbox("done")).toBeUndefined();
      expect(store.ticket("t")).toBeUndefined();
      expect(store.viewOf(7, 5)).toBeUndefined();
      expect(store.outbox("waits")).toBeDefined();
    });
  });

  it("is not part of the journal, and neither is the vault", async ({ expect }) => {
    await withStore(async ({ store }) => {
      await append(store, userRegistered);
      await store.transact((tx) => {
        tx.putVault("w1", "wrapped");
        tx.putOutbox(notice("a"));
      });
      expect(store.vault("w1")).toBe("wrapped");
      expect(store.headSeq()).toBe(1);
    });
  });
});

function dueKeys(store: Store, nowMs: number): string[] {
  return store.outboxDue(nowMs, 60_000, 10).map((row) => row.key);
}
