import type { ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import { describe, it } from "vitest";
import { SETTINGS } from "./engine-fixture.ts";
import { type RulesDesk, withRules } from "./exit-rules-fixture.ts";
import { forget, settle } from "./settlement-fixture.ts";
import { settleAll, startBuy } from "./trade-fixture.ts";

/** A desk on which two buys of one token may follow each other. */
const WIDE = { ...SETTINGS.limits, notionalLamportsMax: "9000000000", duplicateBuyGuardMs: 1 };
const BREAKEVEN: ExitSpec[] = [
  { kind: "stopLoss", lossBps: 3_000 },
  { kind: "breakeven", gainBps: 1_000 },
];

async function buyAt(
  rules: RulesDesk,
  orderId: string,
  of: { price: bigint; lamports: bigint; told: number },
): Promise<void> {
  const { desk, chain } = rules;
  chain.price = of.price;
  await startBuy(desk, orderId, { notionalLamports: of.lamports.toString() });
  chain.land();
  await desk.clock.advance(1_000);
  chain.slot += 10;
  await rules.percent(of.told);
  await desk.clock.advance(1_000);
}

/** A fork takes a second buy, after the stop went to breakeven. @returns it and where that stood */
async function loseSecondBuy(rules: RulesDesk): Promise<{ identity: string; told: bigint }> {
  const { desk, chain } = rules;
  await buyAt(rules, "ord_more", { price: 1_173_000n, lamports: 2_000_000_000n, told: 117 });
  await rules.percent(130);
  await rules.percent(130);
  const told = BigInt(rules.plan.rules[0]?.triggerPriceE9 ?? "0");
  const identity = chain.effects.at(-1)?.identity ?? "";
  forget(chain, identity);
  await settle(desk, chain, "gone", (one) => one === identity);
  return { identity, told };
}

describe("a stop at breakeven", () => {
  it("stands where it stood when a fork takes the second buy back", async ({ expect }) => {
    await withRules(
      BREAKEVEN,
      async (rules) => {
        const { desk, chain } = rules;
        await rules.percent(115);
        await rules.percent(115);
        const before = rules.plan.rules[0]?.triggerPriceE9;
        await buyAt(rules, "ord_more", { price: 1_173_000n, lamports: 2_000_000_000n, told: 115 });
        const identity = chain.effects.at(-1)?.identity ?? "";
        forget(chain, identity);
        chain.bury(identity);
        await settle(desk, chain, "gone", (one) => one === identity);
        await desk.clock.advance(3_000);
        desk.venue.script = chain.script();
        expect(rules.position.quantity).toBe("500000000");
        const stop = BigInt(rules.plan.rules[0]?.triggerPriceE9 ?? "0");
        expect((stop * 1_000n) / BigInt(before ?? "1") >= 999n).toBe(true);
      },
      { limits: WIDE },
    );
  });

  it("stands where it was told to when a fork took the second buy and it lands again", async ({
    expect,
  }) => {
    await withRules(
      BREAKEVEN,
      async (rules) => {
        const { desk, chain } = rules;
        const { identity, told } = await loseSecondBuy(rules);
        await desk.clock.advance(200);
        expect(rules.position.quantity).toBe("500000000");
        desk.venue.script = chain.script();
        chain.land(identity);
        await desk.clock.advance(3_000);
        expect(rules.position.quantity).not.toBe("500000000");
        const stop = BigInt(rules.plan.rules[0]?.triggerPriceE9 ?? "0");
        expect(Number((stop * 1_000n) / told)).toBeGreaterThanOrEqual(999);
      },
      { limits: WIDE },
    );
  });

  it("is not put back to where it stood before a fork by a buy that is new", async ({ expect }) => {
    await withRules(
      BREAKEVEN,
      async (rules) => {
        const { desk, chain } = rules;
        const { identity } = await loseSecondBuy(rules);
        chain.bury(identity);
        await desk.clock.advance(3_000);
        desk.venue.script = chain.script();
        await rules.percent(104);
        await rules.percent(104);
        await buyAt(rules, "ord_three", { price: 1_060_800n, lamports: 2_000_000_000n, told: 104 });
        await rules.percent(104);
        expect(rules.position.quantity).not.toBe("500000000");
        expect(rules.sells).toEqual([]);
      },
      { limits: WIDE },
    );
  });

  it("sells nothing as a third buy lands", async ({ expect }) => {
    await withRules(
      BREAKEVEN,
      async (rules) => {
        await rules.percent(115);
        await rules.percent(115);
        await rules.percent(103);
        await rules.percent(103);
        expect(rules.sells).toEqual([]);
        await buyAt(rules, "ord_two", { price: 1_050_600n, lamports: 260_000_000n, told: 103 });
        await settleAll(rules.desk);
        await rules.percent(103);
        expect(rules.sells).toEqual([]);
        await buyAt(rules, "ord_three", { price: 1_050_600n, lamports: 1_000_000_000n, told: 103 });
        await rules.percent(103);
        expect(rules.sells).toEqual([]);
      },
      { limits: WIDE },
    );
  });
});

describe("a time limit that waits below a gain", () => {
  it("sells nothing as a second buy lands", async ({ expect }) => {
    const specs: ExitSpec[] = [{ kind: "timeLimit", afterMs: 60_000, belowGainBps: 1_000 }];
    await withRules(
      specs,
      async (rules) => {
        await rules.percent(115);
        await rules.percent(115);
        await rules.desk.clock.advance(61_000);
        await rules.percent(115);
        await rules.desk.clock.advance(1_000);
        expect(rules.sells).toEqual([]);
        await buyAt(rules, "ord_two", { price: 1_173_000n, lamports: 2_000_000_000n, told: 115 });
        await rules.percent(115);
        await rules.desk.clock.advance(1_000);
        expect(rules.sells).toEqual([]);
      },
      { limits: WIDE },
    );
  });
});
