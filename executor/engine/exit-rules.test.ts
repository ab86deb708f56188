import { describe, it } from "vitest";
import type { ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import { changeExits } from "./exit-edit.ts";
import { BOUGHT, edit, LADDER, TRAIL, withRules } from "./exit-rules-fixture.ts";
import { setTrading, startSell, USER } from "./trade-fixture.ts";

const HOUR_MS = 3_600_000;

describe("a take-profit ladder", () => {
  it("sells its shares of the original quantity one after the other", async ({ expect }) => {
    await withRules(LADDER, async (rules) => {
      await rules.percent(149.99);
      expect(rules.sells).toEqual([]);
      await rules.percent(150);
      await rules.land();
      expect(rules.sells).toEqual(["takeProfit1 1 125000000"]);
      expect(rules.armed).toEqual(["takeProfit2", "takeProfit3", "stopLoss4"]);
      await rules.percent(150);
      await rules.percent(200);
      await rules.land();
      await rules.percent(300);
      await rules.land();
      expect(rules.sells.slice(1)).toEqual(["takeProfit2 2 125000000", "takeProfit3 3 125000000"]);
      expect(rules.armed).toEqual(["stopLoss4"]);
      expect(rules.position.quantity).toBe("125000000");
      await rules.percent(1_000);
      expect(rules.sells).toHaveLength(3);
    });
  });

  it("lets a stop sell the moon bag with the rest", async ({ expect }) => {
    await withRules(LADDER, async (rules) => {
      await rules.percent(150);
      await rules.land();
      await rules.percent(70);
      await rules.land();
      expect(rules.sells[1]).toBe("stopLoss4 2 375000000");
      expect(rules.position.state).toBe("closed");
    });
  });

  it("fires levels that one price has crossed together as soon as the one before has landed", async ({
    expect,
  }) => {
    await withRules(LADDER, async (rules) => {
      await rules.percent(250);
      expect(rules.sells).toEqual(["takeProfit1 1 125000000"]);
      await rules.land();
      expect(rules.sells).toEqual(["takeProfit1 1 125000000", "takeProfit2 2 125000000"]);
      await rules.land();
      expect(rules.sells).toHaveLength(2);
    });
  });

  it("sells the dust of its rounding with the last level", async ({ expect }) => {
    const thirds = [5_000, 10_000, 20_000].map((gainBps, at): ExitSpec => ({
      kind: "takeProfit",
      gainBps,
      shareBps: at === 2 ? 3_334 : 3_333,
    }));
    await withRules(thirds, async (rules) => {
      for (const percent of [150, 200, 300]) {
        await rules.percent(percent);
        await rules.land();
      }
      expect(rules.position.state).toBe("closed");
      expect(rules.sells).toHaveLength(3);
    });
  });

  it("never digs into the moon bag after a part was sold by hand", async ({ expect }) => {
    await withRules(LADDER, async (rules) => {
      await startSell(rules.desk, rules.position, "ord_part", 7_000);
      await rules.land();
      await rules.percent(150);
      await rules.land();
      expect(rules.sells).toEqual(["takeProfit1 1 25000000"]);
      await rules.percent(200);
      expect(rules.sells).toHaveLength(1);
      expect(rules.desk.payloads("ExitRuleEnded")).toMatchObject([
        { ruleId: "takeProfit2", why: "nothing to sell" },
      ]);
      expect(rules.position.quantity).toBe("125000000");
    });
  });

  it("keeps a level armed whose sell ended without selling", async ({ expect }) => {
    await withRules(LADDER, async (rules) => {
      await rules.percent(150);
      const [orderId] = rules.desk.payloads("ExitTriggered").map((one) => one.orderId);
      rules.chain.bury();
      await rules.desk.transact((tx) => {
        const stream = `order:${orderId}`;
        const attemptId = `${orderId}:1`;
        tx.append({ stream, kind: "AttemptDead", payload: { attemptId, proof: { by: "test" } } });
        const payload = {
          orderId: orderId ?? "",
          status: "canceled" as const,
          reason: "test",
        };
        tx.append({ stream, kind: "OrderClosed", payload });
      });
      await rules.desk.clock.settle();
      expect(rules.sells[1]).toBe("takeProfit1 2 125000000");
      await rules.land();
      expect(rules.armed[0]).toBe("takeProfit2");
    });
  });
});

describe("a trailing stop", () => {
  it("follows the highest price and sells behind it", async ({ expect }) => {
    await withRules(TRAIL, async (rules) => {
      await rules.percent(200);
      await rules.percent(160.01);
      expect(rules.sells).toEqual([]);
      await rules.percent(160);
      expect(rules.sells).toEqual([`trailingStop1 1 ${BOUGHT}`]);
      expect(rules.desk.payloads("ExitTriggered")).toMatchObject([
        { markE9: "2000000000000000", triggerPriceE9: "1600000000000000" },
      ]);
    });
  });

  it("journals the mark that decides before the trigger, and others in batches", async ({
    expect,
  }) => {
    await withRules(TRAIL, async (rules) => {
      await rules.percent(200);
      expect(rules.desk.payloads("ExitMarksMoved")).toEqual([]);
      await rules.desk.clock.advance(2_000);
      expect(rules.desk.payloads("ExitMarksMoved")).toHaveLength(1);
      for (const percent of [210, 220, 230]) await rules.percent(percent);
      await rules.percent(184);
      const kinds = rules.desk.kinds();
      const last = kinds.lastIndexOf("ExitMarksMoved");
      expect(kinds.slice(last, last + 2)).toEqual(["ExitMarksMoved", "ExitTriggered"]);
      expect(rules.desk.payloads("ExitMarksMoved")).toHaveLength(2);
      expect(rules.plan.markE9).toBe("2300000000000000");
    });
  });

  it("knows its highest price after a crash", async ({ expect }) => {
    await withRules(TRAIL, async (rules) => {
      await rules.percent(200);
      await rules.desk.clock.advance(2_000);
      await rules.desk.crash();
      await rules.percent(161);
      expect(rules.sells).toEqual([]);
      await rules.percent(160);
      expect(rules.sells).toEqual([`trailingStop1 1 ${BOUGHT}`]);
    });
  });

  it("waits for its beginning", async ({ expect }) => {
    const later: ExitSpec[] = [{ kind: "trailingStop", dropBps: 2_000, fromGainBps: 5_000 }];
    await withRules(later, async (rules) => {
      await rules.percent(149);
      await rules.percent(50);
      expect(rules.sells).toEqual([]);
      await rules.percent(150);
      await rules.percent(120);
      expect(rules.sells).toHaveLength(1);
    });
  });

  it("keeps its mark through an edit", async ({ expect }) => {
    await withRules(TRAIL, async (rules) => {
      await rules.percent(200);
      await rules.desk.clock.advance(2_000);
      await rules.percent(190);
      const spec: ExitSpec = { kind: "trailingStop", dropBps: 3_000, fromGainBps: 0 };
      expect(await edit(rules, { kind: "add", spec })).toEqual([]);
      await rules.percent(141);
      expect(rules.sells).toEqual([]);
      await rules.percent(140);
      expect(rules.sells).toEqual([`trailingStop2 1 ${BOUGHT}`]);
    });
  });
});

describe("breakeven", () => {
  const SPECS: ExitSpec[] = [
    { kind: "breakeven", gainBps: 4_000 },
    { kind: "stopLoss", lossBps: 3_000 },
  ];

  it("moves the stop to the entry plus costs, once, and sells nothing itself", async ({
    expect,
  }) => {
    await withRules(SPECS, async (rules) => {
      await rules.percent(140);
      await rules.percent(150);
      expect(rules.sells).toEqual([]);
      expect(rules.plan.rules).toMatchObject([
        { kind: "stopLoss", triggerBps: 150, triggerPriceE9: "1015000000000000" },
      ]);
      expect(rules.desk.payloads("ExitRuleEnded")).toHaveLength(1);
      await rules.percent(101.5);
      expect(rules.sells).toEqual([`stopLoss3 1 ${BOUGHT}`]);
    });
  });

  it("moves the stop also while a part is being sold", async ({ expect }) => {
    await withRules([...LADDER, { kind: "breakeven", gainBps: 6_000 }], async (rules) => {
      await rules.percent(150);
      await rules.percent(160);
      expect(rules.plan.rules.at(-1)).toMatchObject({ kind: "stopLoss", triggerBps: 150 });
      await rules.land();
      expect(rules.armed).toEqual(["takeProfit2", "takeProfit3", "stopLoss6"]);
    });
  });
});

describe("a time limit", () => {
  it("sells when its time has come, without any price", async ({ expect }) => {
    const specs: ExitSpec[] = [{ kind: "timeLimit", afterMs: HOUR_MS, belowGainBps: null }];
    await withRules(specs, async (rules) => {
      await rules.desk.clock.advance(HOUR_MS - 10_000);
      expect(rules.sells).toEqual([]);
      await rules.desk.clock.advance(10_000);
      expect(rules.sells).toEqual([`timeLimit1 1 ${BOUGHT}`]);
      expect(rules.desk.payloads("ExitTriggered")[0]?.priceE9).toBe("0");
    });
  });

  it("waits for its price from then on, and over a restart", async ({ expect }) => {
    const specs: ExitSpec[] = [{ kind: "timeLimit", afterMs: HOUR_MS, belowGainBps: 1_000 }];
    await withRules(specs, async (rules) => {
      await rules.percent(105);
      expect(rules.sells).toEqual([]);
      await rules.desk.clock.advance(HOUR_MS);
      await rules.desk.crash();
      await rules.percent(111);
      expect(rules.sells).toEqual([]);
      await rules.percent(110);
      expect(rules.sells).toEqual([`timeLimit1 1 ${BOUGHT}`]);
    });
  });
});

describe("initials out", () => {
  it("sells just as much as brings back what was paid", async ({ expect }) => {
    const specs: ExitSpec[] = [{ kind: "initialsOut", gainBps: 10_000 }];
    await withRules(specs, async (rules) => {
      await rules.percent(200);
      await rules.land();
      expect(rules.sells).toEqual(["initialsOut1 1 253750000"]);
      const { realisedLamports, costLamports } = rules.position;
      expect(BigInt(realisedLamports) - BigInt(costLamports)).toBeGreaterThanOrEqual(0n);
      expect(rules.armed).toEqual([]);
      await rules.percent(400);
      expect(rules.sells).toHaveLength(1);
    });
  });

  it("ends without a sell when what was paid is back already", async ({ expect }) => {
    const specs: ExitSpec[] = [{ kind: "initialsOut", gainBps: 30_000 }];
    await withRules(specs, async (rules) => {
      rules.chain.price *= 3n;
      await startSell(rules.desk, rules.position, "ord_part", 5_000);
      await rules.land();
      await rules.percent(400);
      expect(rules.sells).toEqual([]);
      expect(rules.desk.payloads("ExitRuleEnded")).toMatchObject([{ why: "nothing to sell" }]);
    });
  });
});

describe("absolute prices", () => {
  it("sell a share at a limit, and all below a market cap", async ({ expect }) => {
    const cap = {
      supply: "1000000000000000",
      solUsdE6: "150000000",
      decimals: 6,
    };
    const specs: ExitSpec[] = [
      { kind: "limitSell", priceE9: "1200000000000000", shareBps: 4_000 },
      // A thousandth of a SOL each is 150,000 dollars for a billion of them.
      { kind: "marketCap", direction: "below", capUsd: "75000000", shareBps: 10_000, ...cap },
    ];
    await withRules(specs, async (rules) => {
      await rules.percent(120);
      await rules.land();
      expect(rules.sells).toEqual(["limitSell1 1 200000000"]);
      await rules.percent(50.01);
      expect(rules.sells).toHaveLength(1);
      await rules.percent(50);
      expect(rules.sells[1]).toBe("marketCap2 2 300000000");
    });
  });
});

describe("an edit", () => {
  it("during a pending sell leaves it alone and arms what is new", async ({ expect }) => {
    await withRules(LADDER, async (rules) => {
      await rules.percent(150);
      expect(await edit(rules, { kind: "remove", ruleId: "takeProfit1" })).toEqual([]);
      const spec: ExitSpec = { kind: "takeProfit", gainBps: 30_000, shareBps: 2_500 };
      expect(await edit(rules, { kind: "add", spec })).toEqual([]);
      await rules.land();
      expect(rules.position.quantity).toBe("375000000");
      expect(rules.armed).toEqual(["takeProfit2", "takeProfit3", "takeProfit5", "stopLoss4"]);
      await rules.percent(150);
      expect(rules.sells).toHaveLength(1);
    });
  });

  it("of an old screen is refused", async ({ expect }) => {
    await withRules(LADDER, async (rules) => {
      const { desk, positionId, plan } = rules;
      await rules.percent(150);
      await rules.land();
      const wish = { positionId, userId: USER, version: plan.version, priceE9: undefined };
      const problems = await desk.transact((tx) =>
        changeExits(desk.engine.context, tx, { ...wish, edit: { kind: "replace", specs: [] } }),
      );
      expect(problems.join()).toContain("have changed since");
      expect(rules.armed).toHaveLength(3);
    });
  });

  it("that would sell at once, or is not a ladder, says so", async ({ expect }) => {
    await withRules(LADDER, async (rules) => {
      const stop: ExitSpec = { kind: "stopLoss", lossBps: 1_000 };
      const below = await edit(rules, { kind: "add", spec: stop }, 800_000n * 10n ** 9n);
      expect(below.join()).toContain("would sell at once");
      const share: ExitSpec = { kind: "takeProfit", gainBps: 40_000, shareBps: 2_501 };
      const much = await edit(rules, { kind: "add", spec: share });
      expect(much.join()).toContain("100.01 % of what was bought; at most 100 %");
      expect(rules.armed).toHaveLength(4);
    });
  });
});

describe("rules", () => {
  it("go on when trading is halted", async ({ expect }) => {
    await withRules(LADDER, async (rules) => {
      await setTrading(rules.desk, "halted");
      await rules.percent(150);
      expect(rules.sells).toHaveLength(1);
    });
  });
});
