import { describe, it } from "vitest";
import type { WalletView } from "../ports/venue.ts";
import { ADDRESS, mintOf, withDesk, type TestDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";
import {
  chainOf,
  INSTRUMENT,
  MINT,
  openPosition,
  orderRow,
  settleAll,
  startSell,
  USER,
} from "./trade-fixture.ts";

/** What a node shows of the token; null for a node that does not answer. */
type Shown = bigint | null | { quantity: bigint; slot: number };

function showing(desk: TestDesk, chain: FakeChain, ...shown: Shown[]): void {
  const views = shown.map((one, at): WalletView => {
    const provider = `node-${at + 1}`;
    if (one === null) return { provider, report: null };
    const { quantity, slot } = typeof one === "bigint" ? { quantity: one, slot: chain.slot } : one;
    return {
      provider,
      report: { lamports: chain.lamports, tokens: new Map([[MINT, quantity]]), slot },
    };
  });
  const report = views.find((view) => view.report !== null)?.report;
  desk.venue.script = {
    ...chain.script(),
    fetchWalletViews: () => views,
    ...(report === null || report === undefined ? {} : { fetchWallet: () => report }),
  };
}

async function reconcile(desk: TestDesk, trigger = "timer") {
  const run = desk.engine.reconciler.run(trigger);
  // Where nodes disagree, they are asked a second time.
  await desk.clock.advance(2_000);
  return run;
}

describe("one node's word against a position", () => {
  it.for([
    ["shows nothing while the other shows all", [500_000_000n, 0n]],
    ["shows nothing while the other is silent", [0n, null]],
    [
      "shows nothing, from before the buy, while the other knows better",
      [0n, { quantity: 0n, slot: 1 }],
    ],
    ["shows less while the other shows more", [100_000_000n, 600_000_000n]],
  ] as const)("changes nothing: it %s", async ([, shown], { expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { positionId } = await openPosition(desk, chain);
      showing(desk, chain, ...shown);
      const { drift } = await reconcile(desk);
      expect(drift).toMatchObject([{ class: "disputed", mint: MINT }]);
      expect(drift[0]?.views).toHaveLength(2);
      expect(desk.store.position(positionId)?.quantity).toBe("500000000");
      expect(desk.store.exitPlan(positionId)?.state).toBe("armed");
      expect(desk.store.user(USER)?.heldReason).toBe("");
    });
  });

  it("is asked for again before it is told: nodes learn of a block one after the other", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      showing(desk, chain, 100_000_000n, 500_000_000n);
      const run = desk.engine.reconciler.run("timer");
      await desk.clock.advance(1_999);
      showing(desk, chain, 100_000_000n, 100_000_000n);
      await desk.clock.advance(1);
      expect((await run).drift).toMatchObject([{ class: "external" }]);
      expect(desk.shouts.join()).not.toContain("disagree");
    });
  });

  it("is told once, and again when it changes", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      showing(desk, chain, 500_000_000n, 0n);
      await reconcile(desk);
      await reconcile(desk);
      expect(desk.shouts.filter((text) => text.includes("disagree"))).toHaveLength(1);
      showing(desk, chain, 500_000_000n, 5n);
      await reconcile(desk);
      expect(desk.shouts.filter((text) => text.includes("disagree"))).toHaveLength(2);
    });
  });

  it("counts together with the others': the most that any of them shows is booked", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { positionId } = await openPosition(desk, chain);
      showing(desk, chain, 100_000_000n, 200_000_000n);
      const { drift } = await reconcile(desk);
      expect(drift).toMatchObject([{ class: "external", chainQuantity: "200000000" }]);
      expect(desk.store.position(positionId)?.quantity).toBe("200000000");
    });
  });
});

describe("tokens that only one node shows", () => {
  it("are nobody's question until the other node has followed", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      showing(desk, chain, 700_000_000n, 0n);
      expect((await reconcile(desk)).drift).toEqual([]);
      showing(desk, chain, 700_000_000n, 700_000_000n);
      expect((await reconcile(desk)).drift).toMatchObject([{ class: "orphan", mint: MINT }]);
    });
  });

  it("are not added to a position that they would join", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      showing(desk, chain, 500_000_000n, 700_000_000n);
      expect((await reconcile(desk)).drift).toEqual([]);
      const wish = { jobId: "job_1", userId: USER, mint: MINT, quantity: 200_000_000n };
      const [wallet] = desk.store.wallets();
      const walletId = wallet?.walletId ?? "";
      const prepared = desk.engine.reconciler.prepareAdoption({ ...wish, walletId });
      await desk.clock.settle();
      const { apply } = await prepared;
      const said = desk.store.transact((tx) => apply(tx));
      await desk.clock.settle();
      expect(await said).toEqual({
        ok: false,
        reason: "Not every node shows these tokens yet. Press again in a few seconds.",
      });
    });
  });
});

describe("a sell", () => {
  it("asks for the most that any node shows", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      showing(desk, chain, 0n, 400_000_000n);
      await startSell(desk, position);
      expect(desk.venue.routes.at(-1)?.quantityIn).toBe(400_000_000n);
      expect(desk.venue.submitted.at(-1)?.orderId).toBe("ord_sell");
    });
  });

  it("asks no other node when the first shows enough", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      const before = desk.venue.calls.filter((name) => name === "fetchWalletViews").length;
      showing(desk, chain, 500_000_000n, 0n);
      await startSell(desk, position);
      expect(desk.venue.routes.at(-1)?.quantityIn).toBe(500_000_000n);
      expect(desk.venue.calls.filter((name) => name === "fetchWalletViews")).toHaveLength(before);
    });
  });

  it("goes on trying, its position open, while a node is silent and the other shows nothing", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      showing(desk, chain, 0n, null);
      await startSell(desk, position);
      await desk.clock.advance(60_000);
      expect(orderRow(desk, "ord_sell").status).toBe("initialized");
      expect(desk.store.exitPlan(position.positionId)?.state).toBe("armed");
      desk.venue.script = chain.script();
      await desk.clock.advance(15_000);
      expect(desk.venue.submitted.at(-1)?.orderId).toBe("ord_sell");
    });
  });
});

describe("tokens that turn up again", () => {
  it("open their position again with its old cost and armed exits", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { positionId, costLamports } = await openPosition(desk, chain);
      chain.tokens.clear();
      await reconcile(desk);
      expect(desk.store.position(positionId)?.state).toBe("closed");
      chain.tokens.set(MINT, 600_000_000n);
      const { drift } = await reconcile(desk);
      expect(drift).toMatchObject([{ class: "adopt", mint: MINT, chainQuantity: "600000000" }]);
      expect(desk.store.position(positionId)).toMatchObject({
        state: "open",
        quantity: "500000000",
        costLamports,
      });
      expect(desk.store.exitPlan(positionId)?.state).toBe("armed");
      desk.engine.feed.emit(1n, INSTRUMENT);
      await desk.clock.settle();
      expect(desk.venue.submitted.at(-1)?.slot).toBe(`close:${positionId}`);
    });
  });

  it("take a share of the cost when only some came back, over losses in steps", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { positionId } = await openPosition(desk, chain);
      for (const left of [400_000_000n, 0n, 250_000_000n]) {
        chain.tokens.set(MINT, left);
        await reconcile(desk);
      }
      expect(desk.store.position(positionId)).toMatchObject({
        state: "open",
        quantity: "250000000",
        costLamports: "250000000",
      });
    });
  });

  it("stay an orphan where a sale closed the position", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await startSell(desk, position);
      chain.land();
      await desk.clock.advance(1_000);
      await settleAll(desk);
      chain.slot += 10;
      chain.tokens.set(MINT, 7n);
      expect((await reconcile(desk)).drift).toMatchObject([{ class: "orphan" }]);
      expect(desk.store.position(position.positionId)?.state).toBe("closed");
    });
  });
});

describe("the record of a run", () => {
  it("names twenty orphans at most, and counts and hashes the rest", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      for (let at = 0; at < 200; at++) chain.tokens.set(mintOf(at + 10), 1n);
      const { drift } = await reconcile(desk);
      expect(drift.filter((one) => one.class === "orphan")).toHaveLength(20);
      const [record] = desk.payloads("ReconcileCompleted");
      expect(record?.saw).toMatchObject({
        wallets: [
          {
            wallet: ADDRESS,
            views: [{ tokens: [[MINT, "500000000"]], others: { count: 200 } }, {}],
          },
        ],
      });
      expect(JSON.stringify(record).length).toBeLessThan(8_000);
    });
  });

  it("is not repeated by the timer more than hourly while nothing changes", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      const records = (): number => desk.eventsOf("ReconcileCompleted").length;
      for (let at = 0; at < 59; at++) {
        await reconcile(desk);
        chain.slot += 150;
        await desk.clock.advance(58_000);
      }
      expect(records()).toBe(1);
      const endedMs = desk.clock.nowMs();
      await reconcile(desk);
      expect(desk.engine.reconciler.lastRun?.atMs).toBe(endedMs);
      await desk.clock.advance(58_000);
      await reconcile(desk);
      expect(records()).toBe(2);
      await reconcile(desk, "schedule");
      expect(records()).toBe(3);
      chain.lamports += 1n;
      await reconcile(desk);
      expect(records()).toBe(4);
    });
  });
});
