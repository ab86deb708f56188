import fc from "fast-check";
import { describe, test } from "vitest";
import {
  describedAccounts,
  pairForCurve,
  pairForSwap,
  type InstructionPair,
} from "./instruction-oracles-fixture.ts";
import { curveCases, swapCases } from "./pool-cases-fixture.ts";

/** A builder costs milliseconds, so every run compares a few hundred; the bench compares more. */
const CASES = 500;

async function holds<T>(
  cases: fc.Arbitrary<T>,
  seed: number,
  pair: (one: T) => Promise<InstructionPair>,
  expect: (value: unknown) => { toEqual(other: unknown): void },
): Promise<void> {
  const property = fc.asyncProperty(cases, async (one) => {
    const { ours, theirs } = await pair(one);
    expect(ours).toEqual(theirs);
  });
  await fc.assert(property, { seed, numRuns: CASES });
  process.stdout.write(`${CASES} instructions equal in every account, flag and byte\n`);
}

describe("an instruction is the one the makers' builder makes, byte for byte", () => {
  const timeout = 60_000;

  test("for a sell on the curve", { timeout }, async ({ expect }) => {
    await holds(curveCases, 4_401, (one) => pairForCurve(one, "sell"), expect);
  });

  test("for a buy on the curve", { timeout }, async ({ expect }) => {
    await holds(curveCases, 4_402, (one) => pairForCurve(one, "buy"), expect);
  });

  test("for a sell in a PumpSwap pool", { timeout }, async ({ expect }) => {
    await holds(swapCases, 4_403, (one) => pairForSwap(one, "sell"), expect);
  });

  test("for a buy in a PumpSwap pool", { timeout }, async ({ expect }) => {
    await holds(swapCases, 4_404, (one) => pairForSwap(one, "buy"), expect);
  });

  test("an exact-in buy takes the accounts of the exact-out one", ({ expect }) => {
    const curve = describedAccounts("pump", "buyExactQuoteInV2");
    expect(curve).toHaveLength(27);
    expect(curve).toEqual(describedAccounts("pump", "buyV2"));
    const swap = describedAccounts("amm", "buyExactQuoteIn");
    expect(swap).toHaveLength(23);
    expect(swap).toEqual(describedAccounts("amm", "buy"));
  });
});
