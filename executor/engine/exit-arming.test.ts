import { describe, it } from "vitest";
import type { ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import { changeExits } from "./exit-edit.ts";
import { setPreset, withRules, type RulesDesk } from "./exit-rules-fixture.ts";
import { reverseFill } from "./settlement.ts";
import { openPosition, USER } from "./trade-fixture.ts";

const LADDER: ExitSpec[] = [
  { kind: "takeProfit", gainBps: 5_000, shareBps: 2_500 },
  { kind: "takeProfit", gainBps: 10_000, shareBps: 2_500 },
  { kind: "stopLoss", lossBps: 3_000 },
];

/** The network takes the newest fill back. */
async function takeBack({ desk }: RulesDesk): Promise<void> {
  const [fill] = desk.store.fillsPage(USER, 1, null);
  if (fill === undefined) throw new Error("expected a fill");
  await desk.transact((tx) => reverseFill(desk.engine.context, tx, fill, { by: "test" }));
}

describe("a plan", () => {
  it("waits again with a rule whose sell the network took back, and ends it once", async ({
    expect,
  }) => {
    await withRules(LADDER, async (rules) => {
      await rules.percent(150);
      await rules.land();
      expect(rules.armed).toEqual(["takeProfit2", "stopLoss3"]);
      await takeBack(rules);
      expect(rules.armed).toEqual(["takeProfit2", "stopLoss3", "takeProfit1"]);
      expect(rules.plan.done).toEqual([]);
      expect(rules.position.quantity).toBe("500000000");
      // The same bytes may land again, so nothing else sells meanwhile.
      await rules.percent(150);
      expect(rules.sells).toHaveLength(1);
    });
  });

  it("keeps its person's rules through another buy, at the new entry and with larger shares", async ({
    expect,
  }) => {
    await withRules(LADDER, async (rules) => {
      const { desk, positionId } = rules;
      const spec: ExitSpec = { kind: "trailingStop", dropBps: 2_000, fromGainBps: 3_000 };
      const { version } = rules.plan;
      const problems = await desk.transact((tx) =>
        changeExits(desk.engine.context, tx, {
          positionId,
          userId: USER,
          edit: { kind: "add", spec },
          version,
          priceE9: undefined,
        }),
      );
      expect(problems).toEqual([]);
      await rules.percent(140);
      await desk.clock.advance(2_000);
      const markE9 = rules.plan.markE9;
      await setPreset(desk, []);
      await openPosition(desk, rules.chain, "ord_more");
      expect(rules.armed).toEqual(["takeProfit1", "takeProfit2", "stopLoss3", "trailingStop4"]);
      expect(rules.plan.markE9).toBe(markE9);
      expect(BigInt(rules.plan.originalQuantity)).toBe(BigInt(rules.position.quantity));
      const entryE9 = BigInt(rules.position.entryPriceE9);
      expect(rules.plan.rules[2]?.triggerPriceE9).toBe(((entryE9 * 7n) / 10n).toString());
    });
  });

  it("sells by time without a price, and again when that sell has ended without selling", async ({
    expect,
  }) => {
    const specs: ExitSpec[] = [
      { kind: "timeLimit", afterMs: 60_000, belowGainBps: null },
      { kind: "stopLoss", lossBps: 3_000 },
    ];
    await withRules(specs, async (rules) => {
      await rules.desk.clock.advance(60_000);
      expect(rules.sells).toEqual(["timeLimit1 1 500000000"]);
      const orderId = rules.desk.payloads("ExitTriggered")[0]?.orderId ?? "";
      rules.chain.bury();
      await rules.desk.transact((tx) => {
        const stream = `order:${orderId}`;
        const attemptId = `${orderId}:1`;
        tx.append({ stream, kind: "AttemptDead", payload: { attemptId, proof: { by: "test" } } });
        const payload = { orderId, status: "canceled" as const, reason: "test" };
        tx.append({ stream, kind: "OrderClosed", payload });
      });
      await rules.desk.clock.settle();
      expect(rules.sells[1]).toBe("timeLimit1 2 500000000");
    });
  });

  it("of a person without rules sells nothing by itself", async ({ expect }) => {
    await withRules([], async (rules) => {
      await rules.percent(1_000);
      await rules.percent(1);
      expect(rules.sells).toEqual([]);
      expect(rules.plan.state).toBe("armed");
    });
  });
});
