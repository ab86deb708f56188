import { describe, it } from "vitest";
import { withDesk, type TestDesk } from "./engine-fixture.ts";
import { rejected } from "./fake-chain.ts";
import {
  chainOf,
  INSTRUMENT,
  MINT,
  openPosition,
  setTrading,
  startSell,
  USER,
} from "./trade-fixture.ts";

const E9 = 1_000_000_000n;
const ENTRY = 1_000_000n * E9;
const PROFIT = ENTRY * 2n;
const LOSS = (ENTRY * 7n) / 10n;

async function price(desk: TestDesk, priceE9: bigint): Promise<void> {
  desk.engine.feed.emit(priceE9, INSTRUMENT);
  await desk.clock.settle();
}

function sells(desk: TestDesk) {
  return desk.payloads("OrderInitialized").filter(({ side }) => side === "sell");
}

describe("an armed exit", () => {
  it("does nothing one unit before its trigger and sells all exactly at it", async ({ expect }) => {
    for (const [near, at, rule] of [
      [PROFIT - 1n, PROFIT, "takeProfit"],
      [LOSS + 1n, LOSS, "stopLoss"],
    ] as const) {
      await withDesk(async (desk) => {
        const chain = chainOf(desk);
        const position = await openPosition(desk, chain);
        await price(desk, near);
        expect(sells(desk)).toEqual([]);
        await price(desk, at);
        expect(sells(desk)).toMatchObject([
          { quantity: position.quantity, source: { kind: "exit", rule, n: 1 } },
        ]);
        expect(desk.payloads("ExitTriggered")).toMatchObject([
          { rule, n: 1, priceE9: at.toString(), triggerPriceE9: at.toString() },
        ]);
      });
    }
  });

  it("fires once however many prices cross it while it sells", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      for (let n = 0; n < 5; n++) desk.engine.feed.emit(PROFIT + BigInt(n), INSTRUMENT);
      await desk.clock.settle();
      await price(desk, LOSS);
      expect(sells(desk)).toHaveLength(1);
      chain.land();
      await desk.clock.advance(1_000);
      await price(desk, PROFIT);
      expect(sells(desk)).toHaveLength(1);
      expect(chain.effects).toHaveLength(2);
      expect(desk.engine.feed.watching.get(INSTRUMENT)).toBe(0);
    });
  });

  it("fires one rule when a price crosses two at once", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { positionId, userId, instrument } = await openPosition(desk, chain);
      const rule = { triggerBps: 0, triggerPriceE9: ENTRY.toString(), quantityBps: 10_000 };
      const rules = [
        { ...rule, kind: "takeProfit" as const },
        { ...rule, kind: "stopLoss" as const },
      ];
      await desk.transact((tx) =>
        tx.append({
          stream: `position:${positionId}`,
          kind: "ExitPlanArmed",
          payload: { positionId, userId, instrument, rules },
        }),
      );
      await price(desk, ENTRY);
      expect(sells(desk)).toMatchObject([{ source: { rule: "stopLoss" } }]);
    });
  });

  it("fires on a price that stands still when its plan's levels move across it", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { positionId, userId, instrument } = await openPosition(desk, chain);
      await price(desk, LOSS + 1n);
      expect(sells(desk)).toEqual([]);
      const triggerPriceE9 = ENTRY.toString();
      const rule = {
        kind: "stopLoss" as const,
        triggerBps: 0,
        triggerPriceE9,
        quantityBps: 10_000,
      };
      await desk.transact((tx) =>
        tx.append({
          stream: `position:${positionId}`,
          kind: "ExitPlanArmed",
          payload: { positionId, userId, instrument, rules: [rule] },
        }),
      );
      await desk.clock.settle();
      expect(sells(desk)).toMatchObject([{ source: { rule: "stopLoss" } }]);
    });
  });

  it("fires although trading is halted and entries are held", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      await setTrading(desk, "halted");
      desk.hold = "unread";
      await price(desk, LOSS);
      expect(chain.undecided).toHaveLength(1);
    });
  });

  it("stays armed when its sell ended without selling, and fires again", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await price(desk, LOSS);
      const [first] = sells(desk);
      chain.bury();
      await desk.transact((tx) => {
        const orderId = first?.orderId ?? "";
        tx.append({
          stream: `order:${orderId}`,
          kind: "AttemptDead",
          payload: { attemptId: `${orderId}:1`, proof: { by: "test" } },
        });
        const payload = { orderId, status: "canceled" as const, reason: "test" };
        tx.append({ stream: `order:${orderId}`, kind: "OrderClosed", payload });
      });
      expect(desk.store.exitPlan(position.positionId)?.state).toBe("armed");
      await price(desk, LOSS);
      const [, second] = sells(desk);
      expect(second).toMatchObject({ source: { n: 2 } });
      expect(second?.orderId).not.toBe(first?.orderId);
    });
  });

  it("goes on trying while the venue refuses, with one order", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      chain.onSubmit = () => rejected();
      for (let n = 0; n < 20; n++) {
        await price(desk, LOSS);
        await desk.clock.advance(1_000);
      }
      expect(sells(desk)).toHaveLength(1);
      expect(desk.eventsOf("AttemptRejected").length).toBeGreaterThan(5);
    });
  });

  it("is armed again after a restart, before anything else goes on", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      desk.kill();
      await desk.boot(false);
      expect(desk.engine.feed.watching.get(INSTRUMENT)).toBe(1);
      expect(desk.engine.feed.references.get(INSTRUMENT)).toBe(ENTRY);
      await price(desk, LOSS);
      expect(sells(desk)).toHaveLength(1);
    });
  });

  it("is sold by the next process when the one that fired it died", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      desk.venue.script = { ...chain.script(), fetchWallet: () => new Promise(() => {}) };
      await price(desk, LOSS);
      desk.kill();
      desk.venue.script = chain.script();
      await desk.boot();
      await price(desk, LOSS);
      expect(sells(desk)).toHaveLength(1);
      expect(chain.undecided).toHaveLength(1);
    });
  });

  it("waits for a part that the person is selling and then sells the rest", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await startSell(desk, position, "ord_part", 5_000);
      await price(desk, LOSS);
      expect(sells(desk)).toHaveLength(1);
      chain.land();
      await desk.clock.advance(1_000);
      await price(desk, LOSS);
      expect(sells(desk)[1]).toMatchObject({ quantity: "250000000" });
      chain.land();
      await desk.clock.advance(1_000);
      expect(chain.tokens.get(MINT)).toBe(0n);
      expect(desk.store.openPositions(USER)).toEqual([]);
    });
  });

  it("is watched once although a second buy arms it again, with the average price", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain, "ord_one");
      chain.price = 4_000_000n;
      const position = await openPosition(desk, chain, "ord_two");
      expect(position.entryPriceE9).toBe((1_600_000n * E9).toString());
      await price(desk, PROFIT);
      expect(sells(desk)).toEqual([]);
      expect(desk.engine.feed.watching.get(INSTRUMENT)).toBe(1);
      await price(desk, (ENTRY * 32n) / 10n);
      expect(sells(desk)).toHaveLength(1);
      chain.land();
      await desk.clock.advance(1_000);
      expect(desk.engine.feed.watching.get(INSTRUMENT)).toBe(0);
    });
  });

  it("stays armed when its trigger cannot be recorded", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      desk.disk.isFull = true;
      await price(desk, LOSS);
      expect(sells(desk)).toEqual([]);
      expect(desk.shouts.join()).toContain("the disk is full");
      desk.disk.isFull = false;
      await price(desk, LOSS);
      expect(sells(desk)).toHaveLength(1);
    });
  });

  it("fires when the disk takes writes again, without another price", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      desk.disk.isFull = true;
      await price(desk, LOSS);
      await desk.clock.advance(3_000);
      expect(sells(desk)).toEqual([]);
      desk.disk.isFull = false;
      await desk.clock.advance(1_500);
      expect(sells(desk)).toHaveLength(1);
    });
  });

  it("fires no more once the process stops", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      desk.engine.exits.stop();
      await price(desk, LOSS);
      expect(sells(desk)).toEqual([]);
    });
  });
});
