import { describe, it } from "vitest";
import {
  jobViewSchema,
  positionViewSchema,
  statusViewSchema,
  tradeViewSchema,
} from "@raptor/shared/wire/read.ts";
import { withDesk, type TestDesk } from "./engine-fixture.ts";
import { createReadModels } from "./read-models.ts";
import { chainOf, INSTRUMENT, MINT, openPosition, startSell, USER } from "./trade-fixture.ts";

function readsOf(desk: TestDesk) {
  const { store, feed, venue, clock } = desk.engine;
  return createReadModels({
    store,
    feed,
    venue,
    clock,
    version: "1.2.3",
    phase: () => "ready",
    dependencies: () => [{ name: "journal", ok: true, detail: "fine" }],
  });
}

describe("what machines may read", () => {
  it("shows a position with its exits, and its value once there is a price", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      const reads = readsOf(desk);
      const [unpriced] = reads.positions(USER);
      expect(unpriced).toMatchObject({ markPriceE9: null, markAgeMs: null, valueLamports: null });
      desk.engine.feed.emit(1_200_000n * 1_000_000_000n, INSTRUMENT);
      const [position] = reads.positions(null);
      expect(positionViewSchema.parse(position)).toMatchObject({
        mint: MINT,
        quantity: "500000000",
        costLamports: "500000000",
        valueLamports: "600000000",
        exits: [{ kind: "takeProfit" }, { kind: "stopLoss" }],
      });
      expect(reads.positions(USER + 1)).toEqual([]);
    });
  });

  it("says where a price is from, and when it is stale", async ({ expect }) => {
    await withDesk(async (desk) => {
      await openPosition(desk, chainOf(desk));
      const reads = readsOf(desk);
      desk.engine.feed.emit(1_200_000n, INSTRUMENT);
      expect(reads.positions(USER)).toMatchObject([{ markSource: "poll", markIsStale: false }]);
      desk.engine.feed.emit(1_200_000n, INSTRUMENT, { source: "pool", isStale: true });
      expect(reads.positions(USER)).toMatchObject([{ markSource: "pool", markIsStale: true }]);
    });
  });

  it("pages trades from the newest, each with its signature", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await startSell(desk, position);
      chain.land();
      await desk.clock.advance(1_000);
      const reads = readsOf(desk);
      const [sell] = reads.trades(USER, 1, null).map((trade) => tradeViewSchema.parse(trade));
      expect(sell).toMatchObject({ side: "sell", symbol: "TOK", orderId: "ord_sell" });
      const [buy] = reads.trades(USER, 5, sell?.seq ?? 0);
      expect(buy).toMatchObject({ side: "buy", signature: chain.effects[0]?.identity });
      expect(reads.trades(USER, 5, buy?.seq ?? 0)).toEqual([]);
    });
  });

  it("counts what is open, undecided and pending", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await startSell(desk, position);
      const run = desk.engine.reconciler.run("timer");
      await desk.clock.settle();
      await run;
      const reads = readsOf(desk);
      await desk.clock.advance(1_500);
      expect(statusViewSchema.parse(reads.status())).toMatchObject({
        phase: "ready",
        tradingState: "active",
        version: "1.2.3",
        openPositions: 1,
        unresolvedAttempts: 1,
        epoch: 1,
        journalSeq: desk.store.headSeq(),
        uptimeMs: 1_500,
        dependencies: { journal: { ok: true, detail: "fine" } },
        lastReconcile: { trigger: "timer", drift: [] },
      });
    });
  });

  it("tells of a job what became of its orders, and nothing of an unknown one", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await desk.transact((tx) => {
        const job = {
          id: "tg:1:7",
          actor: { kind: "telegram", userId: USER, chatId: USER, name: "Ann" },
          createdMs: 1,
          kind: "pause",
        } as const;
        const payload = { jobId: job.id, digest: "d", userId: USER, deadlineMs: null };
        tx.append({
          stream: "job:tg:1:7",
          kind: "JobAccepted",
          payload: { ...payload, kind: job.kind, job },
        });
      });
      await openPosition(desk, chain, "ord_7", { source: { kind: "job", jobId: "tg:1:7" } });
      const reads = readsOf(desk);
      expect(jobViewSchema.parse(reads.job("tg:1:7"))).toMatchObject({
        state: "pending",
        orders: [{ orderId: "ord_7", status: "filled", reason: null }],
      });
      expect(reads.job("tg:1:8")).toBeUndefined();
    });
  });
});
