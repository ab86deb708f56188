import { describe, it } from "vitest";
import type { ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import { BOUGHT, type RulesDesk, withRules } from "./exit-rules-fixture.ts";
import { problemsOf } from "./nonce-fixture.ts";
import { orderRow, startSell, USER } from "./trade-fixture.ts";

const RULES: ExitSpec[] = [
  { kind: "takeProfit", gainBps: 5_000, shareBps: 2_500 },
  { kind: "stopLoss", lossBps: 3_000 },
];
const LEVEL = `takeProfit1 1 ${BOUGHT / 4n}`;

/** From now on, or no more, the venue refuses to build what is asked for. */
function refuse({ desk, chain }: RulesDesk, isRefusing: boolean): void {
  desk.venue.script = isRefusing
    ? {
        ...chain.script(),
        prepare: () => ({ outcome: "refused", reason: "too little for this pool", alert: false }),
      }
    : chain.script();
}

function orderIdOf({ desk }: RulesDesk, n: number): string {
  const sells = desk.payloads("OrderInitialized").filter(({ side }) => side === "sell");
  const orderId = sells[n]?.orderId;
  if (orderId === undefined) throw new Error(`expected sell number ${n}`);
  return orderId;
}

describe("a stop beside a level that is being sold", () => {
  it("takes its place while nothing of it is undecided", async ({ expect }) => {
    await withRules(RULES, async (rules) => {
      refuse(rules, true);
      await rules.percent(150);
      await rules.desk.clock.advance(20_000);
      expect(rules.sells).toEqual([LEVEL]);
      refuse(rules, false);
      await rules.percent(60);
      expect(rules.sells).toEqual([LEVEL, `stopLoss2 2 ${BOUGHT}`]);
      const level = orderRow(rules.desk, orderIdOf(rules, 0));
      expect(level).toMatchObject({ status: "canceled" });
      expect(level.reason).toContain("Replaced by an exit of the same position");
      const told = rules.desk.store.outbox(`order:${level.orderId}`)?.content.text;
      expect(told).toContain("Replaced by an exit");
      await rules.desk.clock.advance(40_000);
      expect(rules.chain.undecided.map(({ quantityIn }) => quantityIn)).toEqual([BOUGHT]);
      await rules.land();
      expect(rules.position.state).toBe("closed");
      expect(problemsOf(rules.desk, rules.chain)).toEqual([]);
    });
  });

  it("waits while that may still land, and comes first once it is dead", async ({ expect }) => {
    await withRules(RULES, async (rules) => {
      await rules.percent(150);
      expect(rules.chain.undecided).toHaveLength(1);
      await rules.percent(60);
      await rules.desk.clock.advance(3_000);
      expect(rules.sells).toEqual([LEVEL]);
      rules.chain.bury();
      await rules.desk.clock.advance(3_000);
      expect(rules.sells).toEqual([LEVEL, `stopLoss2 2 ${BOUGHT}`]);
      expect(rules.chain.undecided.map(({ quantityIn }) => quantityIn)).toEqual([BOUGHT]);
      expect(orderRow(rules.desk, orderIdOf(rules, 0)).status).toBe("canceled");
    });
  });

  it("takes no place of a sell of everything", async ({ expect }) => {
    await withRules(RULES, async (rules) => {
      refuse(rules, true);
      await startSell(rules.desk, rules.position, "ord_hand");
      await rules.percent(60);
      await rules.desk.clock.advance(10_000);
      expect(rules.sells).toEqual([]);
      expect(orderRow(rules.desk, "ord_hand").status).not.toBe("canceled");
    });
  });
});

it("a level takes the place of no other sell, the stop does", async ({ expect }) => {
  await withRules(RULES, async (rules) => {
    refuse(rules, true);
    await startSell(rules.desk, rules.position, "ord_hand", 5_000);
    await rules.percent(150);
    await rules.desk.clock.advance(10_000);
    expect(rules.sells).toEqual([]);
    await rules.percent(60);
    expect(rules.sells).toEqual([`stopLoss2 1 ${BOUGHT}`]);
  });
});

describe("a panic beside a sell of which nothing is undecided", () => {
  it("takes its place", async ({ expect }) => {
    await withRules(RULES, async (rules) => {
      const { desk } = rules;
      refuse(rules, true);
      await rules.percent(150);
      await desk.clock.advance(20_000);
      await desk.transact((tx) => desk.engine.panic.open(tx, USER, "tg:1:77"));
      void desk.engine.panic.advance(USER);
      refuse(rules, false);
      await desk.clock.advance(60_000);
      expect(rules.chain.undecided.map(({ quantityIn }) => quantityIn)).toEqual([BOUGHT]);
      expect(orderRow(desk, orderIdOf(rules, 0)).status).toBe("canceled");
      await rules.land();
      await desk.clock.advance(2_000);
      expect(desk.store.user(USER)?.panicId).toBeNull();
      expect(problemsOf(desk, rules.chain)).toEqual([]);
    });
  });
});
