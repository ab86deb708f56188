import fc from "fast-check";
import { describe, test } from "vitest";
import { quotePool } from "./direct-pool.ts";
import { curveCases, swapCases } from "./pool-cases-fixture.ts";
import { askCurveOracles, askSwapOracles } from "./quote-oracles-fixture.ts";

const STATES = 6_000;

/** Every state is compared in more than one way; a state that differs is printed by fast-check. */
describe("a quote is the one the makers' library gives", () => {
  test("for a buy or a sell on the curve", { timeout: 120_000 }, ({ expect }) => {
    let compared = 0;
    let completing = 0;
    const property = fc.property(curveCases, (one) => {
      const { pool, buyByFormula, buyBySdk, costOfRest, sell } = askCurveOracles(one);
      const buy = quotePool(pool, "buy", one.amount);
      const rest = pool.curve.realTokenReserves;
      if (buyByFormula > rest) {
        completing++;
        expect(buy.quantityOut).toBe(rest);
        expect(buy.quantityInUsed).toBe(costOfRest);
        // A buy of exactly that must not ask for more than there is.
        expect(quotePool(pool, "buy", costOfRest).quantityOut).toBeLessThanOrEqual(rest);
      } else {
        expect(buy.quantityOut).toBe(buyByFormula);
        expect(buy.quantityInUsed).toBe(one.amount);
      }
      // pump-sdk takes its lamport of rounding off before the fees, the program after them, so
      // that the two differ by what at most two lamports buy. Ours follows the program.
      const twoLamports = (2n * one.virtualToken) / one.virtualQuote + 1n;
      const difference = buy.quantityOut - buyBySdk;
      expect(difference <= twoLamports && difference >= -twoLamports).toBe(true);
      const sold = quotePool(pool, "sell", one.amount);
      expect(sold.quantityOut).toBe(sell > 0n ? sell : 0n);
      compared += 2;
    });
    fc.assert(property, { seed: 4_301, numRuns: STATES });
    process.stdout.write(`curve: ${compared} quotes equal, ${completing} of them completing\n`);
    expect(completing).toBeGreaterThan(STATES / 20);
  });

  test("for a buy or a sell in a PumpSwap pool", { timeout: 120_000 }, ({ expect }) => {
    let compared = 0;
    let refused = 0;
    const property = fc.property(swapCases, (one) => {
      const { pool, buy, sell } = askSwapOracles(one);
      expect(quotePool(pool, "buy", one.amount).quantityOut).toBe(buy);
      expect(quotePool(pool, "sell", one.amount).quantityOut).toBe(sell);
      compared += 2;
      if (sell === 0n) refused++;
    });
    fc.assert(property, { seed: 4_302, numRuns: STATES });
    process.stdout.write(`PumpSwap: ${compared} quotes equal, ${refused} sells refused or dust\n`);
    expect(refused).toBeGreaterThan(STATES / 50);
  });
});
