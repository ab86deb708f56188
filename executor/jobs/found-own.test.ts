import { describe, it } from "vitest";
import { MINT, USER, WALLET_ID } from "../engine/engine-fixture.ts";
import { orderRow, startBuy } from "../engine/trade-fixture.ts";
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
    await withOwnTokens(async ({ desk }) => {
      const preparing = desk.engine.reconciler.prepareAdoption(WISH);
      await desk.clock.settle();
      const adoption = await preparing;
      const outcome = await desk.transact((tx) => adoption.apply(tx));
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
      const preparing = desk.engine.reconciler.prepareAdoption(WISH);
      await desk.clock.settle();
      const adoption = await preparing;
      const outcome = await desk.transact((tx) => adoption.apply(tx));
      expect(outcome).toMatchObject({ ok: false });
      expect(outcome.ok || outcome.reason).toContain("stands in the history");
      expect(desk.store.openPositions(USER)).toEqual([]);
    });
  });
});
