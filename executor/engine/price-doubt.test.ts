import { describe, it } from "vitest";
import type { PriceDoubt } from "../ports/venue.ts";
import { SETTINGS, type TestDesk, withDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";
import { withRules } from "./exit-rules-fixture.ts";
import { chainOf, openPosition, orderRow, startBuy, startSell, USER } from "./trade-fixture.ts";

const DOUBT: PriceDoubt = { reason: "the route is too dear", alert: true };

function doubtRoutes(desk: TestDesk, chain: FakeChain, priceDoubt: PriceDoubt): void {
  const script = chain.script();
  desk.venue.script = {
    ...script,
    fetchRoute: async (request) => ({ ...(await script.fetchRoute(request)), priceDoubt }),
  };
}

describe("a buy whose route is priced badly", () => {
  it("is refused with the reason, and the operator is alerted", async ({ expect }) => {
    await withDesk(async (desk) => {
      doubtRoutes(desk, chainOf(desk), DOUBT);
      await startBuy(desk);
      const order = orderRow(desk, "ord_buy");
      expect(order.status).toBe("rejected");
      expect(order.reason).toContain("the operator was alerted: the route is too dear");
      expect(desk.shouts.join()).toContain("the route is too dear");
      expect(desk.eventsOf("AttemptPrepared")).toEqual([]);
    });
  });

  it("is refused without an alert when the token only became dearer", async ({ expect }) => {
    await withDesk(async (desk) => {
      doubtRoutes(desk, chainOf(desk), { ...DOUBT, alert: false });
      await startBuy(desk);
      expect(orderRow(desk, "ord_buy")).toMatchObject({ status: "rejected" });
      expect(desk.shouts).toEqual([]);
    });
  });
});

describe("a sell whose route is priced badly", () => {
  it("goes out all the same, loudly", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      doubtRoutes(desk, chain, DOUBT);
      await startSell(desk, position);
      expect(chain.undecided).toHaveLength(1);
      expect(desk.shouts.join()).toContain("goes out at a bad price: the route is too dear");
      expect(desk.counts.get("alerts_total bad-exit-price")).toBe(1);
    });
  });
});

describe("what a route's price is held against", () => {
  it("is the price of a buy's order, and slippage, impact and a margin", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain, "ord_buy", { entryPriceE9: "77" });
      await startSell(desk, position);
      const impact = SETTINGS.limits.priceImpactBpsMax;
      const [ramp] = SETTINGS.exitSlippageRampBps;
      expect(desk.venue.routes.map(({ priceCheck }) => priceCheck)).toEqual([
        { expectedPriceE9: 77n, deviationBpsMax: 1_000 + impact + 200 },
        { expectedPriceE9: null, deviationBpsMax: (ramp ?? 0) + impact + 200 },
      ]);
    });
  });
});

describe("a wild price", () => {
  const over = { tickConfirmMs: 400, tickWildBps: 2_500 };
  const rule = { confirmMs: 400, wildBps: 2_500, silentMs: 2_400 };

  it("is not what an exit asks for before it is confirmed", async ({ expect }) => {
    await withRules(
      [{ kind: "stopLoss", lossBps: 3_000 }],
      async (rules) => {
        const { desk } = rules;
        const atHand: unknown[] = [];
        desk.venue.script = {
          ...rules.chain.warmScript(),
          routeAtHand: (request) => void atHand.push(request.fallRule),
        };
        await rules.percent(60, { slot: 1 });
        await rules.percent(60, { slot: 2 });
        await desk.clock.advance(1_000);
        const sells = desk.venue.routes.filter(({ side }) => side === "sell");
        expect([atHand, sells.map(({ fallRule }) => fallRule)]).toEqual([[rule], [rule]]);
      },
      over,
    );
  });

  it("is taken by a panic as it is", async ({ expect }) => {
    await withRules(
      [],
      async ({ desk }) => {
        await desk.transact((tx) => desk.engine.panic.open(tx, USER, "tg:1:77"));
        void desk.engine.panic.advance(USER);
        await desk.clock.advance(1_000);
        const sells = desk.venue.routes.filter(({ side }) => side === "sell");
        expect(sells.map(({ fallRule }) => fallRule)).toEqual([undefined]);
      },
      over,
    );
  });
});
