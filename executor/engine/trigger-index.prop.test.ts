import fc from "fast-check";
import { describe, it } from "vitest";
import { ruleIdOf, type ExitRule } from "@raptor/shared/domain/exit-rules.ts";
import { isCrossed } from "../strategies/exit-plan.ts";
import { TriggerIndex } from "./trigger-index.ts";

const SEED = 20_260_102;

const fixed: fc.Arbitrary<ExitRule> = fc.record({
  kind: fc.constantFrom("takeProfit" as const, "stopLoss" as const),
  triggerBps: fc.constant(0),
  triggerPriceE9: fc.nat({ max: 40 }).map(String),
  quantityBps: fc.constant(10_000),
});

const trailing: fc.Arbitrary<ExitRule> = fc.record({
  kind: fc.constant("trailingStop" as const),
  triggerBps: fc.constant(0),
  triggerPriceE9: fc.constantFrom("0", "0", "15", "30"),
  quantityBps: fc.constant(10_000),
  dropBps: fc.constantFrom(500, 1_000, 2_500, 5_000, 9_000),
});

const rules: fc.Arbitrary<ExitRule[]> = fc
  .tuple(fc.array(fixed, { maxLength: 3 }), fc.option(trailing, { nil: undefined }))
  .map(([some, trail]) => (trail === undefined ? some : [...some, trail]))
  .map((all) => all.map((one, at) => ({ ...one, id: `${one.kind}${at}` })));

/** A position keeps its instrument, as in the ledger. */
const step = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("arm" as const),
      position: fc.nat({ max: 40 }),
      rules,
      markE9: fc.bigInt({ min: 1n, max: 30n }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("disarm" as const),
      position: fc.nat({ max: 40 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("price" as const),
      instrument: fc.constantFrom("A", "B"),
      priceE9: fc.bigInt({ min: 1n, max: 41n }),
    }),
  },
);

interface Modelled {
  instrument: string;
  rules: readonly ExitRule[];
  markE9: bigint;
}

/** Looks at every rule of every position at every price. */
class NaiveModel {
  readonly plans = new Map<string, Modelled>();

  arm(positionId: string, plan: Modelled): void {
    const before = this.plans.get(positionId);
    const had = before?.rules.find(({ kind }) => kind === "trailingStop");
    const isSeen = before !== undefined && had !== undefined && followsPrice(had, before.markE9);
    const seenE9 = isSeen ? before.markE9 : 0n;
    this.plans.set(positionId, { ...plan, markE9: seenE9 > plan.markE9 ? seenE9 : plan.markE9 });
  }

  price(instrument: string, priceE9: bigint): string[] {
    const found: string[] = [];
    for (const [positionId, plan] of this.plans) {
      if (plan.instrument !== instrument) continue;
      if (priceE9 > plan.markE9) plan.markE9 = priceE9;
      for (const rule of plan.rules) {
        const at = { markE9: plan.markE9, nowMs: 0 };
        if (!isCrossed(rule, priceE9, at)) continue;
        found.push(`${positionId} ${ruleIdOf(rule)} ${plan.markE9}`);
      }
    }
    return found;
  }
}

function followsPrice(rule: ExitRule, markE9: bigint): boolean {
  return markE9 >= BigInt(rule.triggerPriceE9);
}

/** A price as the exits use it; the mark of a rule without one is left out of the comparison. */
function crossedBy(index: TriggerIndex, instrument: string, priceE9: bigint): string[] {
  const book = index.bookOf(instrument);
  if (book === undefined) return [];
  const isQuiet = book.isQuiet(priceE9);
  book.trails.raise(priceE9);
  const found: string[] = [];
  for (const trigger of book.crossed(priceE9, priceE9)) {
    const { positionId, rule, markE9 } = trigger;
    if (rule.kind === "trailingStop" && markE9 === 0n) {
      index.releaseTrail(trigger, priceE9);
      continue;
    }
    found.push(`${positionId} ${ruleIdOf(rule)} ${markE9}`);
  }
  if (isQuiet && found.length > 0) throw new Error("what was called quiet has fired");
  return found;
}

/** Marks matter where a trailing stop decides. */
function comparable(found: readonly string[]): string[] {
  return found
    .map((line) => (line.includes("trailingStop") ? line : line.split(" ").slice(0, 2).join(" ")))
    .toSorted();
}

describe("the trigger index", () => {
  it("finds what a search through all rules finds, trailing stops included", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const index = new TriggerIndex();
        const model = new NaiveModel();
        for (const one of steps) {
          if (one.kind === "price") {
            const expected = model.price(one.instrument, one.priceE9);
            const found = crossedBy(index, one.instrument, one.priceE9);
            expect(comparable(found)).toEqual(comparable(expected));
            continue;
          }
          const positionId = `p${one.position}`;
          const instrument = one.position % 2 === 0 ? "A" : "B";
          if (one.kind === "arm") {
            const { markE9 } = one;
            index.arm({ positionId, instrument, rules: one.rules, markE9 });
            model.arm(positionId, { instrument, rules: one.rules, markE9 });
            continue;
          }
          const wasArmed = model.plans.delete(positionId);
          const others = [...model.plans.values()].some((plan) => plan.instrument === instrument);
          expect(index.disarm(positionId)).toBe(wasArmed && !others ? instrument : undefined);
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
    index.arm({ positionId: "p1", instrument: "A", rules: [stop], markE9: 0n });
    expect(crossedBy(index, "A", 70n)).toHaveLength(1);
    expect(crossedBy(index, "A", 60n)).toHaveLength(1);
    expect(index.holds("A")).toBe(true);
    expect(index.disarm("p1")).toBe("A");
    expect(crossedBy(index, "A", 60n)).toEqual([]);
    expect(index.holds("A")).toBe(false);
  });

  it("tells the marks that moved, of living stops only and once", ({ expect }) => {
    const index = new TriggerIndex();
    const trail = (dropBps: number): ExitRule => ({
      kind: "trailingStop",
      triggerBps: 0,
      triggerPriceE9: "0",
      quantityBps: 10_000,
      dropBps,
    });
    for (const [at, dropBps] of [1_000, 2_000, 3_000].entries()) {
      const plan = { positionId: `p${at}`, instrument: "A", rules: [trail(dropBps)] };
      index.arm({ ...plan, markE9: BigInt(10 + at) });
    }
    index.disarm("p1");
    crossedBy(index, "A", 12n);
    const moved: string[] = [];
    const book = index.bookOf("A");
    book?.trails.takeMoved(({ positionId }, markE9) => void moved.push(`${positionId} ${markE9}`));
    expect(moved.toSorted()).toEqual(["p0 12", "p2 12"]);
    book?.trails.takeMoved(({ positionId }) => void moved.push(positionId));
    expect(moved).toHaveLength(2);
    crossedBy(index, "A", 20n);
    book?.trails.takeMoved(({ positionId }, markE9) => void moved.push(`${positionId} ${markE9}`));
    expect(moved.slice(2).toSorted()).toEqual(["p0 20", "p2 20"]);
  });
});
