import fc from "fast-check";
import { describe, it } from "vitest";
import { mulDivCeil, mulDivFloor, priceE9Of, valueLamports } from "./money.ts";

const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const positive = fc.bigInt({ min: 1n, max: 0xffff_ffff_ffff_ffffn });
const decimalsOf = fc.integer({ min: 0, max: 18 });

describe("a share of an amount", () => {
  it("is rounded down to less than one unit below the exact one", ({ expect }) => {
    fc.assert(
      fc.property(u64, u64, positive, (value, numerator, denominator) => {
        const low = mulDivFloor(value, numerator, denominator);
        const rest = value * numerator - low * denominator;
        expect(rest >= 0n && rest < denominator).toBe(true);
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });

  it("is rounded up by one unit exactly when something is left over", ({ expect }) => {
    fc.assert(
      fc.property(u64, u64, positive, (value, numerator, denominator) => {
        const isEven = (value * numerator) % denominator === 0n;
        const low = mulDivFloor(value, numerator, denominator);
        const high = mulDivCeil(value, numerator, denominator);
        expect(high - low).toBe(isEven ? 0n : 1n);
      }),
      { seed: 2, numRuns: 2_000 },
    );
    expect([mulDivCeil(10n, 1n, 5n), mulDivCeil(11n, 1n, 5n), mulDivCeil(0n, 7n, 5n)]).toEqual([
      2n,
      3n,
      0n,
    ]);
  });

  it("and the rest never add up to more than the whole", ({ expect }) => {
    fc.assert(
      fc.property(u64, fc.bigInt({ min: 0n, max: 10_000n }), (value, bps) => {
        const parts = mulDivFloor(value, bps, 10_000n) + mulDivFloor(value, 10_000n - bps, 10_000n);
        expect(value - parts >= 0n && value - parts <= 1n).toBe(true);
      }),
      { seed: 3, numRuns: 1_000 },
    );
  });
});

describe("a price", () => {
  it("of what was bought never values it above its cost, nor far below", ({ expect }) => {
    fc.assert(
      fc.property(positive, positive, decimalsOf, (lamports, quantity, decimals) => {
        const priceE9 = priceE9Of(lamports, quantity, decimals);
        const worth = valueLamports(quantity, decimals, priceE9);
        // One step of the price on the whole quantity, and one lamport of rounding.
        const step = quantity / (1_000_000_000n * 10n ** BigInt(decimals)) + 1n;
        expect(worth).toBeLessThanOrEqual(lamports);
        expect(lamports - worth).toBeLessThanOrEqual(step);
      }),
      { seed: 4, numRuns: 2_000 },
    );
  });

  it("is in lamports for a whole token, scaled by 1e9", ({ expect }) => {
    expect(priceE9Of(500_000_000n, 2_000_000n, 6)).toBe(250_000_000n * 1_000_000_000n);
    expect(valueLamports(2_000_000n, 6, 250_000_000n * 1_000_000_000n)).toBe(500_000_000n);
    expect(valueLamports(1n, 6, 1n)).toBe(0n);
  });

  it("of nothing is nothing", ({ expect }) => {
    expect(priceE9Of(5n, 0n, 6)).toBe(0n);
  });
});
