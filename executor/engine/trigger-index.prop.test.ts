import fc from "fast-check";
import { describe, it } from "vitest";
import type { ExitRule } from "@raptor/shared/domain/order.ts";
import { isCrossed } from "../strategies/exit-plan.ts";
import { TriggerIndex } from "./trigger-index.ts";

const SEED = 20_260_102;

const rule: fc.Arbitrary<ExitRule> = fc.record({
  kind: fc.constantFrom("takeProfit" as const, "stopLoss" as const),
  triggerBps: fc.constant(0),
  triggerPriceE9: fc.nat({ max: 20 }).map(String),
  quantityBps: fc.constant(10_000),
});

/** A position keeps its instrument, as in the ledger. */
const step = fc.oneof(
  fc.record({
    kind: fc.constant("arm" as const),
    position: fc.nat({ max: 7 }),
    rules: fc.array(rule, { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant("disarm" as const), position: fc.nat({ max: 7 }) }),
  fc.record({
    kind: fc.constant("price" as const),
    instrument: fc.constantFrom("A", "B"),
    priceE9: fc.bigInt({ min: 0n, max: 21n }),
  }),
);

describe("the trigger index", () => {
  it("finds what a search through all rules finds", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const index = new TriggerIndex();
        const model = new Map<string, { instrument: string; rules: readonly ExitRule[] }>();
        const describeOf = (positionId: string, found: ExitRule): string =>
          `${positionId} ${found.kind} ${found.triggerPriceE9}`;
        for (const one of steps) {
          if (one.kind === "price") {
            const expected = [...model]
              .filter(([, armed]) => armed.instrument === one.instrument)
              .flatMap(([positionId, armed]) =>
                armed.rules
                  .filter((found) => isCrossed(found, one.priceE9))
                  .map((found) => describeOf(positionId, found)),
              );
            const found = index.crossed(one.instrument, one.priceE9);
            const described = found.map((trigger) => describeOf(trigger.positionId, trigger.rule));
            expect(described.toSorted()).toEqual(expected.toSorted());
            continue;
          }
          const positionId = `p${one.position}`;
          const instrument = one.position % 2 === 0 ? "A" : "B";
          if (one.kind === "arm") {
            index.arm(positionId, instrument, one.rules);
            model.set(positionId, { instrument, rules: one.rules });
          } else {
            const wasArmed = model.delete(positionId);
            const others = [...model.values()].filter((armed) => armed.instrument === instrument);
            const isLast = wasArmed && others.every((armed) => armed.rules.length === 0);
            expect(index.disarm(positionId)).toBe(isLast ? instrument : undefined);
          }
        }
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });

  it("keeps a crossed trigger armed until the position disarms it", ({ expect }) => {
    const index = new TriggerIndex();
    const stop: ExitRule = {
      kind: "stopLoss",
      triggerBps: -3_000,
      triggerPriceE9: "70",
      quantityBps: 10_000,
    };
    index.arm("p1", "A", [stop]);
    expect(index.crossed("A", 70n)).toHaveLength(1);
    expect(index.crossed("A", 60n)).toHaveLength(1);
    expect(index.holds("A")).toBe(true);
    expect(index.disarm("p1")).toBe("A");
    expect(index.crossed("A", 60n)).toEqual([]);
    expect(index.holds("A")).toBe(false);
  });
});
