import { describe, test } from "vitest";
import { constantProductOut, integerSqrt, minimumOut, transferFeeOf } from "./pool-math.ts";
import { createPrng } from "./prng.ts";

describe("pool math", () => {
  test("the integer root is the largest whose square fits", ({ expect }) => {
    const prng = createPrng(3);
    for (let round = 0; round < 500; round += 1) {
      const bits = prng.nextInt(300);
      const value = (1n << BigInt(bits)) + BigInt(prng.nextInt(2 ** 31)) - 1n;
      const root = integerSqrt(value);
      expect(root * root <= value && (root + 1n) * (root + 1n) > value).toBe(true);
    }
    expect(() => integerSqrt(-1n)).toThrow(RangeError);
  });

  test("no swap shrinks the product of the reserves or empties the pool", ({ expect }) => {
    const prng = createPrng(4);
    for (let round = 0; round < 500; round += 1) {
      const reserveIn = BigInt(1 + prng.nextInt(2 ** 31));
      const reserveOut = BigInt(1 + prng.nextInt(2 ** 31));
      const quantityIn = BigInt(prng.nextInt(2 ** 31));
      const out = constantProductOut({ reserveIn, reserveOut, quantityIn, feeBps: 25 });
      expect(out).toBeLessThan(reserveOut);
      const after = (reserveIn + quantityIn) * (reserveOut - out);
      expect(after).toBeGreaterThanOrEqual(reserveIn * reserveOut);
    }
  });

  test("a transfer fee rounds up and stops at its cap", ({ expect }) => {
    expect(transferFeeOf(1n, 300, 1_000n)).toBe(1n);
    expect(transferFeeOf(10_000n, 300, 1_000n)).toBe(300n);
    expect(transferFeeOf(10_000_000n, 300, 1_000n)).toBe(1_000n);
    expect(transferFeeOf(10_000n, 0, 1_000n)).toBe(0n);
  });

  test("the least output is rounded down", ({ expect }) => {
    expect(minimumOut(999n, 50)).toBe(994n);
    expect(minimumOut(999n, 0)).toBe(999n);
    expect(minimumOut(999n, 10_000)).toBe(0n);
  });
});
