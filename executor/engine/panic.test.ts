import { describe, it } from "vitest";
import { withDesk, type TestDesk } from "./engine-fixture.ts";
import { unknown } from "./fake-chain.ts";
import {
  chainOf,
  MINT,
  openPosition,
  orderRow,
  startBuy,
  startSell,
  USER,
} from "./trade-fixture.ts";

async function panic(desk: TestDesk): Promise<void> {
  await desk.transact((tx) => desk.engine.panic.open(tx, USER, "tg:1:77"));
  void desk.engine.panic.advance(USER);
  await desk.clock.settle();
}

function panicSells(desk: TestDesk) {
  return desk.payloads("OrderInitialized").filter(({ source }) => source.kind === "panic");
}

describe("panic", () => {
  it("sells every position, closes when nothing is left, and leaves entries paused", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain, "ord_a");
      await openPosition(desk, chain, "ord_b", { instrument: "MintB.SOLANA" });
      await panic(desk);
      expect(chain.undecided).toHaveLength(2);
      for (const { identity } of chain.undecided) chain.land(identity);
      expect(desk.store.user(USER)?.panicId).not.toBeNull();
      await desk.clock.advance(1_000);
      expect(desk.store.openPositions(USER)).toEqual([]);
      expect(desk.store.user(USER)).toMatchObject({ panicId: null, paused: true });
      expect(desk.eventsOf("PanicClosed")).toHaveLength(1);
      const done = desk.store.outbox(`panic:${desk.payloads("PanicOpened")[0]?.panicId}:done`);
      expect(done?.content.text).toContain("Panic is done");
    });
  });

  it("closes at once when there is nothing to sell", async ({ expect }) => {
    await withDesk(async (desk) => {
      chainOf(desk);
      await panic(desk);
      expect(desk.store.user(USER)?.panicId).toBeNull();
    });
  });

  it("is opened once by two presses", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      await panic(desk);
      await panic(desk);
      await desk.transact((tx) => desk.engine.panic.open(tx, USER, "tg:1:78"));
      expect(desk.eventsOf("PanicOpened")).toHaveLength(1);
      expect(panicSells(desk)).toHaveLength(1);
    });
  });

  it("waits for an entry in flight and sells it when it landed", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      chain.onSubmit = () => unknown();
      await startBuy(desk);
      await panic(desk);
      await desk.clock.advance(90_000);
      expect(desk.store.user(USER)?.panicId).not.toBeNull();
      chain.land();
      chain.slot += 10;
      await desk.clock.advance(2_000);
      expect(panicSells(desk)).toMatchObject([{ quantity: "500000000" }]);
      chain.land();
      await desk.clock.advance(1_000);
      expect(chain.tokens.get(MINT)).toBe(0n);
      expect(desk.store.user(USER)?.panicId).toBeNull();
    });
  });

  it("closes when an entry in flight is proven dead", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await startBuy(desk);
      await panic(desk);
      chain.bury();
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_buy").status).toBe("canceled");
      expect(desk.store.user(USER)?.panicId).toBeNull();
      expect(desk.eventsOf("AttemptPrepared")).toHaveLength(1);
    });
  });

  it("closes when an entry between route and attempt is stopped by it", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { prepare } = chain.script();
      let release = (): void => {};
      const gate = new Promise<void>((resolve) => (release = resolve));
      desk.venue.script = {
        ...chain.script(),
        prepare: async (...asked) => {
          await gate;
          return prepare(...asked);
        },
      };
      await startBuy(desk);
      await panic(desk);
      expect(desk.store.user(USER)?.panicId).not.toBeNull();
      release();
      await desk.clock.settle();
      expect(orderRow(desk, "ord_buy").status).toBe("canceled");
      expect(desk.store.user(USER)?.panicId).toBeNull();
    });
  });

  it("closes when the risk check ends an entry that was under way", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      chain.priceImpactBps = 9_000;
      const { fetchRoute } = chain.script();
      let release = (): void => {};
      const gate = new Promise<void>((resolve) => (release = resolve));
      desk.venue.script = {
        ...chain.script(),
        fetchRoute: async (request) => {
          await gate;
          return fetchRoute(request);
        },
      };
      await startBuy(desk);
      await panic(desk);
      release();
      await desk.clock.settle();
      expect(orderRow(desk, "ord_buy").status).toBe("denied");
      expect(desk.store.user(USER)?.panicId).toBeNull();
    });
  });

  it("sells the rest after a partial sell that was under way", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await startSell(desk, position, "ord_part", 2_500);
      await panic(desk);
      expect(panicSells(desk)).toEqual([]);
      chain.land();
      await desk.clock.advance(1_000);
      expect(panicSells(desk)).toMatchObject([{ quantity: "375000000" }]);
      chain.land();
      await desk.clock.advance(1_000);
      expect(chain.tokens.get(MINT)).toBe(0n);
      expect(desk.store.user(USER)?.panicId).toBeNull();
    });
  });

  it("ends instead of making orders for ever when the tokens are gone", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      chain.tokens.set(MINT, 0n);
      await panic(desk);
      await desk.clock.advance(10_000);
      expect(panicSells(desk)).toHaveLength(1);
      expect(desk.store.user(USER)?.panicId).toBeNull();
    });
  });

  it("goes on after a crash between the press and the first sell", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      await desk.transact((tx) => desk.engine.panic.open(tx, USER, "tg:1:77"));
      await desk.crash();
      await desk.clock.settle();
      expect(panicSells(desk)).toHaveLength(1);
      chain.land();
      await desk.clock.advance(1_000);
      expect(desk.store.user(USER)?.panicId).toBeNull();
    });
  });
});
