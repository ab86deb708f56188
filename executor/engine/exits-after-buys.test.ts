import type { ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import { describe, it } from "vitest";
import { SETTINGS, USER, withDesk } from "./engine-fixture.ts";
import { changeExits } from "./exit-edit.ts";
import { LADDER, RulesDesk, setPreset, withRules } from "./exit-rules-fixture.ts";
import { forget, settle } from "./settlement-fixture.ts";
import { chainOf, openUnsettled, settleAll, startBuy } from "./trade-fixture.ts";

const TAKE_ALL: ExitSpec[] = [{ kind: "takeProfit", gainBps: 5_000, shareBps: 10_000 }];
const WIDE = { ...SETTINGS.limits, notionalLamportsMax: "9000000000", duplicateBuyGuardMs: 1 };
/** The entry after these buys lies about 13 % higher; the price stays 15 % above the first one. */
const STOPS_ABOVE: [string, ExitSpec[], bigint][] = [
  [
    "a stop at breakeven",
    [
      { kind: "stopLoss", lossBps: 3_000 },
      { kind: "breakeven", gainBps: 1_000 },
    ],
    1_015n,
  ],
  ["a stop 10 % above the entry", [{ kind: "stopLoss", lossBps: -1_000 }], 1_100n],
];

/** A second buy at a price that lies 2 % above what is told afterwards. */
async function buyMore(rules: RulesDesk): Promise<void> {
  const { desk, chain } = rules;
  await rules.percent(115);
  await rules.percent(115);
  chain.price = 1_173_000n;
  await startBuy(desk, "ord_more", { notionalLamports: "2000000000" });
  chain.land();
  await desk.clock.advance(1_000);
  chain.slot += 10;
  await rules.percent(115);
  await desk.clock.advance(1_000);
}

describe("a buy that a fork took back and that lands again", () => {
  it("leaves the ladder its shares of what was bought", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await setPreset(desk, LADDER);
      const { positionId } = await openUnsettled(desk, chain);
      const identity = chain.effects[0]?.identity ?? "";
      const rules = new RulesDesk(desk, chain, positionId);
      forget(chain, identity);
      await settle(desk, chain, "gone");
      await desk.clock.advance(200);
      expect(rules.plan.state).toBe("disarmed");
      desk.venue.script = chain.script();
      chain.land(identity);
      await desk.clock.advance(3_000);
      await settleAll(desk);
      chain.slot += 10;
      expect(rules.plan).toMatchObject({ state: "armed", originalQuantity: "500000000" });
      await rules.percent(160);
      await rules.percent(160);
      await desk.clock.advance(500);
      expect(rules.sells).toEqual(["takeProfit1 1 125000000"]);
    });
  });
});

describe("a buy that lands while a take profit of everything is under way", () => {
  for (const first of ["sell", "buy"] as const) {
    it(`is under a take profit too, when the ${first} lands first`, async ({ expect }) => {
      await withRules(TAKE_ALL, async (rules) => {
        const { desk, chain } = rules;
        await startBuy(desk, "ord_more");
        const buy = chain.open;
        await rules.percent(160);
        expect(rules.sells).toEqual(["takeProfit1 1 500000000"]);
        const sell = chain.undecided.find(({ identity }) => identity !== buy)?.identity ?? "";
        for (const identity of first === "buy" ? [buy, sell] : [sell, buy]) {
          chain.land(identity);
          await desk.clock.advance(1_500);
        }
        await settleAll(desk);
        chain.slot += 10;
        const [open] = desk.store.openPositions(USER);
        expect(open?.quantity).toBe("500000000");
        const plan = desk.store.exitPlan(open?.positionId ?? "");
        expect(plan?.rules.map(({ kind }) => kind)).toEqual(["takeProfit"]);
        const wish = { positionId: open?.positionId ?? "", userId: USER, priceE9: undefined };
        const version = plan?.version ?? 0;
        const spec = { kind: "stopLoss", lossBps: 2_000 } as const;
        const refusals = await desk.transact((tx) =>
          changeExits(desk.engine.context, tx, { ...wish, version, edit: { kind: "add", spec } }),
        );
        expect(refusals).toEqual([]);
      });
    });
  }
});

describe("a second buy beside a stop above the entry", () => {
  for (const [name, specs, stopPermille] of STOPS_ABOVE) {
    it(`is not sold as it lands: ${name} stays at its price`, async ({ expect }) => {
      const settings = { limits: WIDE };
      await withRules(
        specs,
        async (rules) => {
          const first = BigInt(rules.position.entryPriceE9);
          await buyMore(rules);
          expect(rules.sells).toEqual([]);
          const entry = BigInt(rules.position.entryPriceE9);
          expect(entry * 100n > first * 113n).toBe(true);
          const [stop] = rules.plan.rules;
          const permille = (BigInt(stop?.triggerPriceE9 ?? "0") * 1_000n) / first;
          expect([permille === stopPermille, permille === stopPermille - 1n]).toContain(true);
          await rules.percent(Number(stopPermille / 10n) - 1);
          await rules.percent(Number(stopPermille / 10n) - 1);
          expect(rules.sells).toHaveLength(1);
        },
        settings,
      );
    });
  }

  it("moves with the entry where it stands below it", async ({ expect }) => {
    const specs: ExitSpec[] = [{ kind: "stopLoss", lossBps: 1_000 }];
    await withRules(
      specs,
      async (rules) => {
        await buyMore(rules);
        const entry = BigInt(rules.position.entryPriceE9);
        expect(rules.plan.rules[0]).toMatchObject({
          triggerBps: -1_000,
          triggerPriceE9: String((entry * 9n) / 10n),
        });
      },
      { limits: WIDE },
    );
  });
});
