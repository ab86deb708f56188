import fc from "fast-check";
import { describe, it } from "vitest";
import type { ExitRule, ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import {
  createExitRules,
  isCrossed,
  marketCapPriceE9,
  rebaseRules,
  standardSpecs,
  trailingStopE9,
} from "./exit-plan.ts";

const SEED = 20_260_101;
/** Small prices meet their triggers exactly, where rounding decides. */
const entry = fc.oneof(fc.bigInt({ min: 1n, max: 20n }), fc.bigInt({ min: 1n, max: 10n ** 24n }));
const price = fc.oneof(fc.bigInt({ min: 0n, max: 40n }), fc.bigInt({ min: 0n, max: 10n ** 25n }));

function rulesAt(entryPriceE9: bigint, specs: readonly ExitSpec[]): ExitRule[] {
  return createExitRules(specs, { entryPriceE9, costBps: 150, nowMs: 1_000 });
}

function only(rules: readonly ExitRule[]): ExitRule {
  const [rule, ...more] = rules;
  if (rule === undefined || more.length > 0) throw new Error("expected one rule");
  return rule;
}

const HOUR_MS = 3_600_000;
const CAP = {
  kind: "marketCap" as const,
  direction: "above" as const,
  capUsd: "1000000",
  supply: "1000000000000000",
  solUsdE6: "150000000",
  decimals: 6,
};

describe("exit rules", () => {
  it("puts both standard triggers at their distance from the entry price", ({ expect }) => {
    const rules = rulesAt(1_000_000n, standardSpecs({ takeProfitBps: 10_000, stopLossBps: 3_000 }));
    expect(rules).toEqual([
      {
        id: "takeProfit1",
        kind: "takeProfit",
        triggerBps: 10_000,
        triggerPriceE9: "2000000",
        quantityBps: 10_000,
      },
      {
        id: "stopLoss2",
        kind: "stopLoss",
        triggerBps: -3_000,
        triggerPriceE9: "700000",
        quantityBps: 10_000,
      },
    ]);
  });

  it("switches a standard rule off with zero", ({ expect }) => {
    const kinds = (over: { takeProfitBps?: number; stopLossBps?: number }) =>
      standardSpecs({ takeProfitBps: 0, stopLossBps: 0, ...over }).map(({ kind }) => kind);
    expect(kinds({})).toEqual([]);
    expect(kinds({ takeProfitBps: 1 })).toEqual(["takeProfit"]);
    expect(kinds({ stopLossBps: 1 })).toEqual(["stopLoss"]);
  });

  it("numbers rules from the count of those that were ever made", ({ expect }) => {
    const basis = { entryPriceE9: 100n, costBps: 0, nowMs: 0 };
    const [rule] = createExitRules([{ kind: "stopLoss", lossBps: 1_000 }], basis, 7);
    expect(rule?.id).toBe("stopLoss8");
  });

  it("arms only what needs no entry price where that was rounded to zero", ({ expect }) => {
    const specs: ExitSpec[] = [
      { kind: "takeProfit", gainBps: 100, shareBps: 5_000 },
      { kind: "stopLoss", lossBps: 100 },
      { kind: "timeLimit", afterMs: HOUR_MS, belowGainBps: null },
      { kind: "timeLimit", afterMs: HOUR_MS, belowGainBps: 500 },
      { kind: "limitSell", priceE9: "70", shareBps: 100 },
      { ...CAP, shareBps: 100 },
    ];
    const kinds = rulesAt(0n, specs).map(({ kind }) => kind);
    expect(kinds).toEqual(["timeLimit", "limitSell", "marketCap"]);
  });

  it("crosses exactly at the trigger and not one unit before it", ({ expect }) => {
    const specs = standardSpecs({ takeProfitBps: 10_000, stopLossBps: 3_000 });
    const [profit, loss] = rulesAt(1_000_000n, specs);
    if (profit === undefined || loss === undefined) throw new Error("expected two rules");
    const at = (rule: ExitRule, prices: bigint[]) => prices.map((one) => isCrossed(rule, one));
    expect(at(profit, [1_999_999n, 2_000_000n, 2_000_001n])).toEqual([false, true, true]);
    expect(at(loss, [700_001n, 700_000n, 699_999n])).toEqual([false, true, true]);
  });

  it("fires if and only if the price moved by the whole distance", ({ expect }) => {
    const distance = fc.integer({ min: 1, max: 9_999 });
    fc.assert(
      fc.property(
        entry,
        price,
        fc.integer({ min: 1, max: 1_000_000 }),
        distance,
        (entryPriceE9, priceE9, takeProfitBps, stopLossBps) => {
          const rules = rulesAt(entryPriceE9, standardSpecs({ takeProfitBps, stopLossBps }));
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

  it("lets a trailing stop follow only from its beginning on", ({ expect }) => {
    const rule = only(
      rulesAt(100n, [{ kind: "trailingStop", dropBps: 2_000, fromGainBps: 5_000 }]),
    );
    const fires = (markE9: bigint, priceE9: bigint) =>
      isCrossed(rule, priceE9, { markE9, nowMs: 0 });
    expect(fires(149n, 1n)).toBe(false);
    expect(fires(150n, 121n)).toBe(false);
    expect(fires(150n, 120n)).toBe(true);
    expect(trailingStopE9(151n, 2_000)).toBe(120n);
  });

  it("lets a time limit sell at any price, or only below its price", ({ expect }) => {
    const any = only(rulesAt(100n, [{ kind: "timeLimit", afterMs: HOUR_MS, belowGainBps: null }]));
    const below = only(
      rulesAt(100n, [{ kind: "timeLimit", afterMs: HOUR_MS, belowGainBps: 1_000 }]),
    );
    const at = (rule: ExitRule, priceE9: bigint, nowMs: number) =>
      isCrossed(rule, priceE9, { markE9: 0n, nowMs });
    expect(at(any, 999n, 1_000 + HOUR_MS - 1)).toBe(false);
    expect(at(any, 999n, 1_000 + HOUR_MS)).toBe(true);
    expect(at(below, 111n, 1_000 + HOUR_MS)).toBe(false);
    expect(at(below, 110n, 1_000 + HOUR_MS)).toBe(true);
  });

  it("turns a market cap into a price by the supply and the price of SOL", ({ expect }) => {
    // A million dollars over a billion tokens is a tenth of a cent, at 150 dollars a SOL.
    expect(marketCapPriceE9(CAP)).toBe((10n ** 18n * 1_000_000n) / (150n * 10n ** 9n));
  });

  it("keeps what was sold, times and absolute prices when the entry moves", ({ expect }) => {
    const specs: ExitSpec[] = [
      { kind: "takeProfit", gainBps: 10_000, shareBps: 2_500 },
      { kind: "timeLimit", afterMs: HOUR_MS, belowGainBps: 1_000 },
      { kind: "limitSell", priceE9: "5000", shareBps: 100 },
    ];
    const before = rulesAt(1_000n, specs).map((rule) => ({ ...rule, soldQuantity: "7" }));
    const after = rebaseRules(before, 2_000n);
    expect(after.map(({ triggerPriceE9 }) => triggerPriceE9)).toEqual(["4000", "2200", "5000"]);
    expect(after.map(({ triggerBps }) => triggerBps)).toEqual([10_000, 1_000, 15_000]);
    expect(after.map(({ id, soldQuantity }) => [id, soldQuantity])).toEqual(
      before.map(({ id, soldQuantity }) => [id, soldQuantity]),
    );
    expect(rebaseRules(after, 2_000n)).toEqual(after);
  });
});
