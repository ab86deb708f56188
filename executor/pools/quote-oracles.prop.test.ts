import fc from "fast-check";
import { describe, test } from "vitest";
import { curveCases, swapCases } from "./pool-cases-fixture.ts";
import { compareCurve, compareSwap, type Comparison } from "./quote-differences-fixture.ts";

/** Of each kind of pool; the bench compares more. A state that differs is printed by fast-check. */
const STATES = 5_500;

/** Compares generated states, prints the count, and tells how many were of the rare kind. */
function compareAll<T>(
  name: string,
  seed: number,
  cases: fc.Arbitrary<T>,
  compare: (one: T) => Comparison,
  expect: (value: unknown) => { toEqual(other: unknown): void },
): number {
  let compared = 0;
  let rare = 0;
  const property = fc.property(cases, (one) => {
    const result = compare(one);
    expect(result.differences).toEqual([]);
    compared += result.compared;
    if (result.isRare) rare++;
  });
  fc.assert(property, { seed, numRuns: STATES });
  process.stdout.write(`${name}: ${STATES} states, ${compared} quotes equal, ${rare} rare ones\n`);
  return rare;
}

describe("a quote is the one the makers' library gives", () => {
  const timeout = 120_000;

  test(
    "for a buy or a sell on the curve, completing buys among them",
    { timeout },
    ({ expect }) => {
      const completing = compareAll("curve", 4_301, curveCases, compareCurve, expect);
      expect(completing).toBeGreaterThan(STATES / 20);
    },
  );

  test(
    "for a buy or a sell in a PumpSwap pool, refused ones among them",
    { timeout },
    ({ expect }) => {
      const refused = compareAll("PumpSwap", 4_302, swapCases, compareSwap, expect);
      expect(refused).toBeGreaterThan(STATES / 50);
    },
  );
});
