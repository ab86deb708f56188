import fc from "fast-check";
import { describe, it } from "vitest";
import { createExitRules, isCrossed } from "./exit-plan.ts";

const SEED = 20_260_101;
/** Small prices meet their triggers exactly, where rounding decides. */
const entry = fc.oneof(fc.bigInt({ min: 1n, max: 20n }), fc.bigInt({ min: 1n, max: 10n ** 24n }));
const price = fc.oneof(fc.bigInt({ min: 0n, max: 40n }), fc.bigInt({ min: 0n, max: 10n ** 25n }));

describe("exit rules", () => {
  it("puts both triggers at their distance from the entry price", ({ expect }) => {
    const rules = createExitRules({
      entryPriceE9: 1_000_000n,
      takeProfitBps: 10_000,
      stopLossBps: 3_000,
    });
    expect(rules).toEqual([
      { kind: "takeProfit", triggerBps: 10_000, triggerPriceE9: "2000000", quantityBps: 10_000 },
      { kind: "stopLoss", triggerBps: -3_000, triggerPriceE9: "700000", quantityBps: 10_000 },
    ]);
  });

  it("switches a rule off with zero", ({ expect }) => {
    const base = { entryPriceE9: 1_000n, takeProfitBps: 0, stopLossBps: 0 };
    expect(createExitRules(base)).toEqual([]);
    const kinds = (over: Partial<typeof base>) =>
      createExitRules({ ...base, ...over }).map(({ kind }) => kind);
    expect(kinds({ takeProfitBps: 1 })).toEqual(["takeProfit"]);
    expect(kinds({ stopLossBps: 1 })).toEqual(["stopLoss"]);
  });

  it("arms nothing for an entry price that was rounded to zero", ({ expect }) => {
    expect(createExitRules({ entryPriceE9: 0n, takeProfitBps: 100, stopLossBps: 100 })).toEqual([]);
  });

  it("crosses exactly at the trigger and not one unit before it", ({ expect }) => {
    const [profit, loss] = createExitRules({
      entryPriceE9: 1_000_000n,
      takeProfitBps: 10_000,
      stopLossBps: 3_000,
    });
    if (profit === undefined || loss === undefined) throw new Error("expected two rules");
    expect([1_999_999n, 2_000_000n, 2_000_001n].map((at) => isCrossed(profit, at))).toEqual([
      false,
      true,
      true,
    ]);
    expect([700_001n, 700_000n, 699_999n].map((at) => isCrossed(loss, at))).toEqual([
      false,
      true,
      true,
    ]);
  });

  it("fires if and only if the price moved by the whole distance", ({ expect }) => {
    fc.assert(
      fc.property(
        entry,
        price,
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.integer({ min: 1, max: 9_999 }),
        (entryPriceE9, priceE9, takeProfitBps, stopLossBps) => {
          const rules = createExitRules({ entryPriceE9, takeProfitBps, stopLossBps });
          const fired = rules.filter((rule) => isCrossed(rule, priceE9)).map(({ kind }) => kind);
          const hasGained = priceE9 * 10_000n >= entryPriceE9 * BigInt(10_000 + takeProfitBps);
          const hasLost = priceE9 * 10_000n <= entryPriceE9 * BigInt(10_000 - stopLossBps);
          expect(fired.includes("takeProfit")).toBe(hasGained);
          expect(fired.includes("stopLoss")).toBe(hasLost);
          expect(fired.length).toBeLessThan(2);
        },
      ),
      { seed: SEED, numRuns: 2_000 },
    );
  });
});
