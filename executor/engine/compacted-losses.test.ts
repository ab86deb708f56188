import { describe, it } from "vitest";
import { compactJournal } from "../store/compact.ts";
import { ADDRESS, withDesk, type TestDesk } from "./engine-fixture.ts";
import { bookExternalLoss } from "./external-loss.ts";
import { chainOf, MINT, openPosition, orderRow, settleAll, startSell } from "./trade-fixture.ts";

/** `raptor compact` on the stopped desk: everything up to now goes to the archive. */
async function compactAll(desk: TestDesk): Promise<number> {
  desk.kill();
  const nowMs = desk.clock.nowMs();
  const cut = { beforeMs: nowMs + 1, nowMs, release: "test" };
  const { movedEvents } = compactJournal(desk.nextPath, cut);
  await desk.boot();
  return movedEvents;
}

async function reconcile(desk: TestDesk): Promise<void> {
  const run = desk.engine.reconciler.run("timer");
  await desk.clock.advance(3_000);
  await run;
}

describe("a position whose buy is in the archive", () => {
  it("is opened again with its cost and exits when its tokens come back", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { positionId, costLamports } = await openPosition(desk, chain);
      expect(await compactAll(desk)).toBeGreaterThan(5);
      const held = chain.tokens.get(MINT) ?? 0n;
      chain.moveOutside(MINT, -held, `${ADDRESS}/${MINT}`);
      await reconcile(desk);
      expect(desk.store.position(positionId)?.state).toBe("closed");
      chain.moveOutside(MINT, held, `${ADDRESS}/${MINT}`);
      await reconcile(desk);
      expect(desk.store.position(positionId)).toMatchObject({ state: "open", costLamports });
      expect(desk.store.exitPlan(positionId)?.state).toBe("armed");
    });
  });

  it("gets back what a sell explains of a loss that was booked", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await compactAll(desk);
      await startSell(desk, position, "ord_part", 4_000);
      const sell = chain.open;
      await desk.transact((tx) =>
        bookExternalLoss(tx, position, { address: ADDRESS, quantity: 300_000_000n }),
      );
      chain.land(sell);
      await desk.clock.advance(1_000);
      await settleAll(desk);
      chain.slot += 10;
      expect(orderRow(desk, "ord_part").status).toBe("filled");
      expect(desk.store.position(position.positionId)).toMatchObject({
        quantity: String(chain.tokens.get(MINT)),
        costLamports: "300000000",
      });
    });
  });
});
