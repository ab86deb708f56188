import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { describe, it } from "vitest";
import { INSTRUMENT, SETTINGS, USER, withDesk, type TestDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";
import { expectSound, pressPanic } from "./panic-fixture.ts";
import { chainOf, openPosition, orderRow, startBuy, startSell } from "./trade-fixture.ts";

const MINUTE_MS = 60_000;
/** Of the position it makes 2,500 lamports; the network takes 5,000 for a signature. */
const DUST_PRICE = 5n;

/** A position that a fall has made dust. */
async function withDust(
  use: (desk: TestDesk, chain: FakeChain, positionId: string) => Promise<void>,
): Promise<void> {
  await withDesk(async (desk) => {
    const chain = chainOf(desk);
    const { positionId } = await openPosition(desk, chain);
    chain.price = DUST_PRICE;
    await use(desk, chain, positionId);
    expectSound(desk);
  });
}

async function crash(desk: TestDesk, price: bigint): Promise<string> {
  desk.engine.feed.emit(price * 1_000_000_000n, INSTRUMENT);
  await desk.clock.settle();
  const order = desk.store.openOrders().find(({ side }) => side === "sell");
  if (order === undefined) throw new Error("expected the stop to fire");
  return order.orderId;
}

function sellsOf(desk: TestDesk): number {
  return desk.payloads("AttemptPrepared").filter(({ orderId }) => orderId !== "ord_buy").length;
}

describe("a sell that would bring less than the network takes for it", () => {
  it("ends with its reason when it was made by hand, and nothing is sent", async ({ expect }) => {
    await withDust(async (desk) => {
      const [position] = desk.store.openPositions(USER);
      if (position === undefined) throw new Error("expected a position");
      await startSell(desk, position);
      await desk.clock.advance(5_000);
      const order = orderRow(desk, "ord_sell");
      expect(order.status).toBe("canceled");
      expect(order.reason).toBe(
        "Too small to sell. It would bring 0.0000025 SOL, and a transaction costs at least " +
          "0.000005 SOL. Sell it with more of it, or keep it.",
      );
      expect(sellsOf(desk)).toBe(0);
      expect(desk.store.exitPlan(position.positionId)?.state).toBe("armed");
    });
  });

  it("stays as an exit, says so once, sends nothing and asks seldom", async ({ expect }) => {
    await withDust(async (desk) => {
      const orderId = await crash(desk, DUST_PRICE);
      await desk.clock.advance(5 * MINUTE_MS);
      expect(desk.store.outbox(`small:${orderId}`)?.content.text).toContain("too small to sell");
      expect(desk.shouts.filter((shout) => shout.includes("held back"))).toHaveLength(1);
      const asked = desk.venue.routes.length;
      await desk.clock.advance(30 * MINUTE_MS);
      expect(desk.venue.routes.length - asked).toBeLessThanOrEqual(4);
      expect([orderRow(desk, orderId).status, sellsOf(desk)]).toEqual(["initialized", 0]);
    });
  });

  it("goes out when it brings more, at the latest ten minutes later", async ({ expect }) => {
    await withDust(async (desk, chain) => {
      const orderId = await crash(desk, DUST_PRICE);
      await desk.clock.advance(5 * MINUTE_MS);
      chain.price = 500_000n;
      await desk.clock.advance(10 * MINUTE_MS);
      chain.land();
      await desk.clock.advance(2_000);
      expect(orderRow(desk, orderId).status).toBe("filled");
    });
  });

  it("is looked at at once when somebody asks for it", async ({ expect }) => {
    await withDust(async (desk, chain) => {
      const orderId = await crash(desk, DUST_PRICE);
      await desk.clock.advance(5 * MINUTE_MS);
      chain.price = 500_000n;
      desk.engine.driver.start(orderId);
      await desk.clock.settle();
      expect(sellsOf(desk)).toBe(1);
      chain.land();
      await desk.clock.advance(2_000);
    });
  });

  it("is the same where the pool answers with nothing at all", async ({ expect }) => {
    await withDust(async (desk, chain) => {
      desk.venue.script = {
        ...chain.script(),
        fetchRoute: () => {
          throw new RaptorError("RAPTOR_VENUE__TOO_SMALL", {});
        },
      };
      const [position] = desk.store.openPositions(USER);
      if (position === undefined) throw new Error("expected a position");
      await startSell(desk, position);
      await desk.clock.advance(5_000);
      expect(orderRow(desk, "ord_sell").reason).toContain("It would bring 0 SOL");
    });
  });

  it("is not so after one answer alone", async ({ expect }) => {
    await withDust(async (desk, chain) => {
      const orderId = await crash(desk, DUST_PRICE);
      chain.price = 500_000n;
      await desk.clock.advance(300);
      expect([orderRow(desk, orderId).status, sellsOf(desk)]).toEqual(["submitted", 1]);
      chain.land();
      await desk.clock.advance(2_000);
    });
  });

  it("ends a panic that has nothing else to sell, so that its person may trade", async ({
    expect,
  }) => {
    await withDust(async (desk, _chain, positionId) => {
      await pressPanic(desk);
      await desk.clock.advance(5_000);
      expect(desk.payloads("PanicClosed")).toMatchObject([{ left: [positionId] }]);
      expect(desk.store.user(USER)?.panicId).toBeNull();
      expect(desk.store.openOrders()).toEqual([]);
      expect(desk.store.exitPlan(positionId)?.state).toBe("armed");
      const told = desk.store.outbox(`panic:${desk.payloads("PanicClosed")[0]?.panicId}:done`);
      expect(told?.content.text).toContain("You still hold TOK");
    });
  });

  it("does not end a panic while a buy of before the press may land", async ({ expect }) => {
    await withDust(async (desk, chain) => {
      await startBuy(desk, "ord_more");
      await pressPanic(desk);
      await desk.clock.advance(5_000);
      expect(desk.payloads("PanicClosed")).toEqual([]);
      chain.revert();
      await desk.clock.advance(2 * MINUTE_MS);
      expect(desk.payloads("PanicClosed")).toHaveLength(1);
    });
  });

  it("makes way for a panic at once, however long it would wait", async ({ expect }) => {
    await withDust(async (desk, chain) => {
      const orderId = await crash(desk, DUST_PRICE);
      await desk.clock.advance(5 * MINUTE_MS);
      chain.price = 500_000n;
      await pressPanic(desk);
      expect([orderRow(desk, orderId).status, sellsOf(desk)]).toEqual(["canceled", 1]);
      chain.land();
      await desk.clock.advance(2_000);
      expect(desk.payloads("PanicClosed")).toHaveLength(1);
    });
  });
});

/** A position that is worth 20,000 lamports: four reverted tries burn as much. */
async function withBudget(desk: TestDesk): Promise<FakeChain> {
  const chain = chainOf(desk);
  await openPosition(desk, chain);
  desk.settings = { ...SETTINGS, exitFeeBudgetLamports: 12_000n, exitFeeBudgetBps: 0 };
  await desk.crash();
  chain.price = 40n;
  return chain;
}

describe("an exit whose reverted tries have cost more than it would bring", () => {
  it("is tried again, seldom, for what is burnt is no reason to let the rest fall", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = await withBudget(desk);
      let tries = 0;
      chain.onSubmit = ({ identity }) => {
        if (++tries <= 6) chain.revert(identity);
        return { outcome: "accepted", lanes: ["node-1"], evidence: {} };
      };
      const orderId = await crash(desk, 40n);
      await desk.clock.advance(120 * MINUTE_MS);
      expect(desk.eventsOf("AttemptFailed")).toHaveLength(6);
      expect(desk.store.outbox(`small:${orderId}`)).toBe(undefined);
      chain.land();
      await desk.clock.advance(2_000);
      expect(orderRow(desk, orderId).status).toBe("filled");
      expectSound(desk);
    });
  });

  it("does not end a panic either", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await withBudget(desk);
      chain.onSubmit = ({ identity }) => {
        chain.revert(identity);
        return { outcome: "accepted", lanes: ["node-1"], evidence: {} };
      };
      await pressPanic(desk);
      await desk.clock.advance(120 * MINUTE_MS);
      expect(desk.payloads("PanicClosed")).toEqual([]);
      expect(desk.store.user(USER)?.panicId).not.toBeNull();
    });
  });
});

describe("dust on the way that an exit takes when everything is at hand", () => {
  it("is not sent there either", async ({ expect }) => {
    await withDust(async (desk, chain) => {
      desk.venue.script = chain.warmScript();
      await crash(desk, DUST_PRICE);
      await desk.clock.advance(1_000);
      expect(sellsOf(desk)).toBe(0);
    });
  });

  it("is not sent a moment after a panic has left it", async ({ expect }) => {
    await withDust(async (desk, chain) => {
      desk.venue.script = chain.warmScript();
      await pressPanic(desk);
      desk.engine.feed.emit(DUST_PRICE * 1_000_000_000n, INSTRUMENT);
      await desk.clock.advance(10_000);
      expect(desk.payloads("PanicClosed")).toHaveLength(1);
      expect(sellsOf(desk)).toBe(0);
    });
  });
});

it("a held sell that is woken while it is looked at is looked at again at once", async ({
  expect,
}) => {
  await withDust(async (desk, chain) => {
    const orderId = await crash(desk, DUST_PRICE);
    await desk.clock.advance(5 * MINUTE_MS);
    const script = chain.script();
    desk.venue.script = {
      ...script,
      fetchRoute: async (request) => {
        const route = await script.fetchRoute(request);
        await desk.clock.sleep(1_000);
        return route;
      },
    };
    desk.engine.driver.start(orderId);
    await desk.clock.advance(500);
    chain.price = 500_000n;
    await pressPanic(desk);
    desk.venue.script = script;
    await desk.clock.advance(5_000);
    expect(orderRow(desk, orderId).status).toBe("canceled");
    if (chain.undecided.length > 0) chain.land();
    await desk.clock.advance(30_000);
    expect(desk.payloads("PanicClosed")).toHaveLength(1);
  });
});
