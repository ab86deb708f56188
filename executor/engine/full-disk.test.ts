import { describe, it } from "vitest";
import { withDesk, type TestDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";
import { chainOf, openPosition, orderRow, startBuy, startSell, USER } from "./trade-fixture.ts";

/** Time for every wait that a full disk or a refusal can cause, well inside the deadline. */
const PATIENCE_MS = 12_000;

/** Decides all that was sent, as often as something new is sent. */
async function landEverything(desk: TestDesk, chain: FakeChain): Promise<void> {
  for (let n = 0; n < PATIENCE_MS / 500; n++) {
    for (const { identity } of chain.undecided) chain.land(identity);
    await desk.clock.advance(500);
  }
}

describe("a disk that is full for a moment", () => {
  it("loses nothing of a buy, whichever of its records it refuses", async ({ expect }) => {
    let refused = 0;
    for (let failAt = 1; failAt <= 8; failAt++) {
      await withDesk(async (desk) => {
        const chain = chainOf(desk);
        // The order itself is recorded; the refusals begin with what its drive writes.
        desk.disk.count = -1;
        desk.disk.failAt = failAt;
        await startBuy(desk);
        await landEverything(desk, chain);
        if (desk.disk.count >= failAt) refused += 1;
        expect(orderRow(desk, "ord_buy").status).toBe("filled");
        expect(chain.effects).toHaveLength(1);
        expect(desk.store.openPositions(USER)).toHaveLength(1);
        expect(desk.store.armedExitPlans()).toHaveLength(1);
        expect(desk.store.unresolvedAttempts()).toEqual([]);
      });
    }
    expect(refused).toBeGreaterThan(3);
  });

  it("loses nothing of an exit that is reverted once, whichever record it refuses", async ({
    expect,
  }) => {
    let refused = 0;
    for (let failAt = 1; failAt <= 10; failAt++) {
      await withDesk(async (desk) => {
        const chain = chainOf(desk);
        const position = await openPosition(desk, chain);
        let sends = 0;
        chain.onSubmit = (attempt) => {
          if (++sends === 1) chain.revert(attempt.identity);
          return { outcome: "unknown", lanes: [], cause: "timeout" };
        };
        desk.disk.count = -1;
        desk.disk.failAt = failAt;
        await startSell(desk, position);
        await landEverything(desk, chain);
        if (desk.disk.count >= failAt) refused += 1;
        expect(orderRow(desk, "ord_sell").status).toBe("filled");
        expect(desk.store.position(position.positionId)?.state).toBe("closed");
        expect(chain.effects.filter(({ side }) => side === "sell")).toHaveLength(1);
        expect(desk.store.unresolvedAttempts()).toEqual([]);
      });
    }
    expect(refused).toBeGreaterThan(5);
  });

  it("sends nothing while it lasts, tells the operators, and goes on afterwards", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      const sent = desk.venue.submitted.length;
      await startSell(desk, position);
      expect(desk.venue.submitted).toHaveLength(sent + 1);
      desk.disk.isFull = true;
      chain.land();
      await desk.clock.advance(30_000);
      expect(orderRow(desk, "ord_sell").status).toBe("submitted");
      expect(desk.shouts.join()).toContain("the disk is full");
      desk.disk.isFull = false;
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_sell").status).toBe("filled");
    });
  });

  it("prepares no attempt that it cannot record", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      const sent = desk.venue.submitted.length;
      const { prepare } = chain.script();
      desk.venue.script = {
        ...chain.script(),
        prepare: (...asked) => {
          desk.disk.isFull = true;
          return prepare(...asked);
        },
      };
      await startSell(desk, position);
      await desk.clock.advance(60_000);
      expect(desk.venue.submitted).toHaveLength(sent);
      expect(desk.store.attemptsOf("ord_sell")).toEqual([]);
      desk.venue.script = chain.script();
      desk.disk.isFull = false;
      await desk.clock.advance(10_000);
      expect(desk.venue.submitted.length).toBeGreaterThan(sent);
    });
  });

  it("does not end a panic that looks again at the wrong moment", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await startSell(desk, position, "ord_quarter", 2_500);
      await desk.transact((tx) => desk.engine.panic.open(tx, USER, "tg:1:5"));
      chain.land();
      // The fill is booked; the look that follows it meets a full disk.
      desk.disk.count = 0;
      desk.disk.failAt = 2;
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_quarter").status).toBe("filled");
      expect(desk.store.openOrders()).toEqual([]);
      await desk.clock.advance(2_000);
      chain.land();
      await desk.clock.advance(2_000);
      expect(desk.store.openPositions(USER)).toEqual([]);
      expect(desk.store.user(USER)?.panicId).toBeNull();
    });
  });
});
