import { describe, it } from "vitest";
import { MINT, USER, WALLET_ID } from "../engine/engine-fixture.ts";
import { orderRow, settleAll, startBuy } from "../engine/trade-fixture.ts";
import type { AdoptOutcome } from "../engine/token-words.ts";
import { withJobDesk, type JobDesk } from "./jobs-fixture.ts";

const WISH = {
  jobId: "ui:adopt",
  userId: USER,
  walletId: WALLET_ID,
  mint: MINT,
  quantity: 500_000_000n,
};

/** A buy whose failure a fork takes back: its tokens are there, its order is called rejected. */
async function withOwnTokens(use: (jobs: JobDesk) => Promise<void>): Promise<void> {
  await withJobDesk(async (jobs) => {
    const { desk, chain } = jobs;
    // The history is read now, and again by itself in five minutes.
    await reconcile(jobs, "schedule");
    await startBuy(desk);
    const identity = chain.open;
    chain.revert(identity);
    await desk.clock.advance(2_000);
    chain.fork();
    chain.land(identity);
    chain.slot += 10;
    await use(jobs);
  });
}

async function reconcile({ desk }: JobDesk, trigger: string): Promise<string[]> {
  const run = desk.engine.reconciler.run(trigger);
  await desk.clock.advance(3_000);
  return (await run).drift.map(({ class: kind }) => kind);
}

/** As the button of a question does that was asked before. */
async function adopt({ desk }: JobDesk): Promise<AdoptOutcome> {
  const preparing = desk.engine.reconciler.prepareAdoption(WISH);
  await desk.clock.settle();
  const adoption = await preparing;
  return desk.transact((tx) => adoption.apply(tx));
}

describe("tokens of a buy of ours that had been called failed", () => {
  it("are booked as its fill instead of being asked about", async ({ expect }) => {
    await withOwnTokens(async (jobs) => {
      const { desk } = jobs;
      expect(orderRow(desk, "ord_buy").status).toBe("rejected");
      await reconcile(jobs, "stream");
      await desk.clock.settle();
      expect(desk.store.outbox(`surplus:${WALLET_ID}:${MINT}:0`)).toBeUndefined();
      expect(orderRow(desk, "ord_buy").status).toBe("filled");
      expect(desk.store.openPositions(USER)).toMatchObject([
        { quantity: "500000000", costLamports: "500000000" },
      ]);
    });
  });

  it("are booked as its fill when they are adopted by an older question", async ({ expect }) => {
    await withOwnTokens(async (jobs) => {
      const { desk } = jobs;
      const outcome = await adopt(jobs);
      expect(outcome.ok).toBe(false);
      expect(desk.payloads("TokensAdopted")).toEqual([]);
      expect(desk.payloads("FillRecorded")).toHaveLength(1);
      expect(desk.store.openPositions(USER)).toMatchObject([{ quantity: "500000000" }]);
    });
  });

  it("are neither asked about nor adopted while the nodes do not bear the buy out", async ({
    expect,
  }) => {
    await withOwnTokens(async (jobs) => {
      const { desk, chain } = jobs;
      const evidence = { words: {} };
      desk.venue.script = {
        ...chain.script(),
        fetchAttempt: () => ({ state: "seen", evidence }),
      };
      expect(await reconcile(jobs, "stream")).toEqual(["orphan"]);
      await desk.clock.settle();
      expect(desk.store.outbox(`surplus:${WALLET_ID}:${MINT}:0`)).toBeUndefined();
      const outcome = await adopt(jobs);
      expect(outcome).toMatchObject({ ok: false });
      expect(outcome.ok || outcome.reason).toContain("stands in the history");
      expect(desk.store.openPositions(USER)).toEqual([]);
    });
  });

  it("are not adopted while no node tells its history, and are booked once", async ({ expect }) => {
    await withOwnTokens(async (jobs) => {
      const { desk, chain } = jobs;
      const silent = ["node-1", "node-2"].map((provider) => {
        return { provider, entries: null, isWhole: false };
      });
      desk.venue.script = { ...chain.script(), fetchHistory: () => silent };
      await reconcile(jobs, "stream");
      await desk.clock.settle();
      expect(desk.store.outbox(`surplus:${WALLET_ID}:${MINT}:0`)).toBeUndefined();
      expect((await adopt(jobs)).ok).toBe(false);
      desk.venue.script = chain.script();
      await reconcile(jobs, "schedule");
      await settleAll(desk);
      chain.slot += 10;
      expect(await reconcile(jobs, "schedule")).toEqual([]);
      expect(desk.payloads("TokensAdopted")).toEqual([]);
      expect(desk.store.openPositions(USER)).toMatchObject([{ quantity: "500000000" }]);
    });
  });

  it("are not adopted while the node that would list the buy tells nothing", async ({ expect }) => {
    await withOwnTokens(async (jobs) => {
      const { desk, chain } = jobs;
      desk.venue.script = {
        ...chain.script(),
        fetchHistory: (address) =>
          chain
            .history(address)
            .map((view, at) =>
              at === 0 ? { ...view, entries: null, isWhole: false } : { ...view, entries: [] },
            ),
      };
      const outcome = await adopt(jobs);
      expect(outcome.ok).toBe(false);
    });
  });

  it("keep no later gift from being adopted when one node lists a revert without its error", async ({
    expect,
  }) => {
    await withJobDesk(async (jobs) => {
      const { desk, chain } = jobs;
      await startBuy(desk);
      const identity = chain.open;
      chain.revert(identity);
      await desk.clock.advance(2_000);
      chain.finalize();
      expect(orderRow(desk, "ord_buy").status).toBe("rejected");
      chain.moveOutside(MINT, 500_000_000n, "stranger");
      chain.slot += 10;
      desk.venue.script = {
        ...chain.script(),
        // node-2 leaves the error of the transaction out; both nodes' getTransaction say reverted.
        fetchHistory: (address) =>
          chain.history(address).map((view) => ({
            ...view,
            entries:
              view.entries?.map((entry) =>
                view.provider === "node-2" ? { ...entry, isReverted: false } : entry,
              ) ?? null,
          })),
      };
      for (let hour = 0; hour < 3; hour++) {
        await reconcile(jobs, "schedule");
        await desk.clock.advance(3_600_000);
      }
      const outcome = await adopt(jobs);
      expect(outcome.ok).toBe(true);
    });
  });
});
