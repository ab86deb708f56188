import fc from "fast-check";
import { describe, it } from "vitest";
import { duration, gainPercent, percentOfBps, price, shortAddress } from "./numbers.ts";
import { signedSol, sol, timeLeft, tokens, usd, usdBalance } from "./numbers.ts";

const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
/** Small ones come as often as huge ones. */
const amount = fc.oneof(u64, fc.bigInt({ min: 0n, max: 2_000n }));
const signed = fc.oneof(
  amount,
  amount.map((value) => -value),
);
const decimalsOf = fc.integer({ min: 0, max: 18 });
const FIGURE = /^-?(0|[1-9]\d{0,2}(,\d{3})*)(\.\d+)?$/;

function isNothing(text: string): boolean {
  return !/[1-9∞]/.test(text);
}
const unitsOf = (text: string, decimals: number): bigint => {
  const [whole = "", fraction = ""] = text.replaceAll(",", "").split(".");
  return BigInt(whole + fraction.padEnd(decimals, "0"));
};

describe("amounts of SOL", () => {
  it("are nothing only when there is nothing", ({ expect }) => {
    fc.assert(
      fc.property(signed, fc.integer({ min: 0, max: 9 }), (lamports, digits) => {
        const text = sol(lamports, digits);
        expect(text).toMatch(FIGURE);
        expect(isNothing(text)).toBe(lamports === 0n);
        expect(text.startsWith("-")).toBe(lamports < 0n);
      }),
      { seed: 1, numRuns: 3_000 },
    );
  });

  it("never show more than there is", ({ expect }) => {
    fc.assert(
      fc.property(amount, fc.integer({ min: 0, max: 9 }), (lamports, digits) => {
        const shown = unitsOf(sol(lamports, digits), 9);
        expect(shown <= lamports).toBe(true);
        expect(lamports - shown).toBeLessThan(10n ** BigInt(9 - digits));
      }),
      { seed: 2, numRuns: 2_000 },
    );
  });

  it("carry a sign when they are a profit or a loss", ({ expect }) => {
    fc.assert(
      fc.property(signed, (lamports) => {
        const sign = lamports > 0n ? "+" : lamports < 0n ? "-" : "";
        expect(signedSol(lamports).replace(/[^+-]/g, "")).toBe(sign);
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  it.for<[bigint, string]>([
    [0n, "0"],
    [1n, "0.000000001"],
    [-1n, "-0.000000001"],
    [99_999n, "0.000099"],
    [100_000n, "0.0001"],
    [1_999_990_000n, "1.9999"],
    [1_000_000_000_000_000n, "1,000,000"],
    [18_446_744_073_709_551_615n, "18,446,744,073.7095"],
  ])("of %d lamports read %s", ([lamports, text], { expect }) => {
    expect(sol(lamports)).toBe(text);
  });
});

describe("quantities", () => {
  it("are nothing only when there is nothing, at any number of decimals", ({ expect }) => {
    fc.assert(
      fc.property(signed, decimalsOf, (quantity, decimals) => {
        const text = tokens(quantity, decimals);
        expect(text).toMatch(FIGURE);
        expect(isNothing(text)).toBe(quantity === 0n);
        expect(text.length).toBeLessThanOrEqual(30);
      }),
      { seed: 4, numRuns: 3_000 },
    );
  });

  it.for<[bigint, number, string]>([
    [22_176_123_456_789n, 9, "22,176"],
    [999_999_999n, 6, "999.9999"],
    [1_500_000n, 6, "1.5"],
    [12_345n, 6, "0.0123"],
    [1n, 18, "0.000000000000000001"],
    [7n, 0, "7"],
    [1_234n, 0, "1,234"],
  ])("of %d units at %i decimals read %s", ([quantity, decimals, text], { expect }) => {
    expect(tokens(quantity, decimals)).toBe(text);
  });
});

describe("prices", () => {
  it("keep four digits below one SOL and never more than they are", ({ expect }) => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 18n - 1n }), (priceE9) => {
        const text = price(priceE9);
        const digits = text.replace(/^0\.0*/, "");
        expect(digits.length).toBeGreaterThan(0);
        expect(digits.length).toBeLessThanOrEqual(4);
        expect(text.endsWith("0")).toBe(false);
        const rest = priceE9 - unitsOf(text, 18);
        expect(rest >= 0n && rest * 1_000n < priceE9).toBe(true);
      }),
      { seed: 5, numRuns: 2_000 },
    );
  });

  it.for<[bigint, string]>([
    [0n, "0"],
    [1n, "0.000000000000000001"],
    [43_500_000_000_000n, "0.0000435"],
    [15_784_000_000_000n, "0.00001578"],
    [10n ** 18n, "1"],
    [1_234_567_890_000_000_000_000n, "1,234.5678"],
  ])("of %d read %s", ([priceE9, text], { expect }) => {
    expect(price(priceE9)).toBe(text);
  });
});

describe("gains", () => {
  it("are nothing only when nothing changed, and have the sign of the change", ({ expect }) => {
    fc.assert(
      fc.property(amount, amount, (value, cost) => {
        const text = gainPercent(value, cost);
        expect(isNothing(text)).toBe(value === cost);
        const sign = value > cost ? "+" : value < cost ? "-" : "";
        expect(text.replace(/[^+-]/g, "")).toBe(sign);
      }),
      { seed: 6, numRuns: 2_000 },
    );
  });

  it.for<[bigint, bigint, string]>([
    [150n, 100n, "+50 %"],
    [100n, 300n, "-66.66 %"],
    [0n, 100n, "-100 %"],
    [1_000_001n, 1_000_000n, "+<0.01 %"],
    [999_999n, 1_000_000n, "-<0.01 %"],
    [37_317n, 100n, "+37,217 %"],
    [5n, 0n, "+∞ %"],
    [0n, 0n, "0 %"],
  ])("from %d over %d read %s", ([value, cost, text], { expect }) => {
    expect(gainPercent(value, cost)).toBe(text);
  });

  it("of bps keep what they are", ({ expect }) => {
    expect([1, 10, 100, 1_050, 10_000, -3_000, 0].map(percentOfBps)).toEqual([
      "0.01",
      "0.1",
      "1",
      "10.5",
      "100",
      "-30",
      "0",
    ]);
  });
});

describe("dollars", () => {
  it("have no exponent and are nothing only when there is nothing", ({ expect }) => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e15, noNaN: true }), (value) => {
        const text = usd(value);
        expect(text).toMatch(/^\$\d{1,4}\.\d+[kMBT]?$/);
        expect(isNothing(text)).toBe(value === 0);
      }),
      { seed: 7, numRuns: 3_000 },
    );
  });

  it.for<[number, string]>([
    [0, "$0.00"],
    [1e-9, "$0.00000000100"],
    [5e-324, "$0.000000000000000001"],
    [0.00246, "$0.00246"],
    [0.999, "$1.00"],
    [960, "$960.00"],
    [999.996, "$1.0k"],
    [655_100, "$655.1k"],
    [999_960, "$1.00M"],
    [2_460_000, "$2.46M"],
    [1e12, "$1.00T"],
    [Number.NaN, "not known"],
    [-1, "not known"],
  ])("of %d read %s", ([value, text], { expect }) => {
    expect(usd(value)).toBe(text);
  });
});

describe("balances in dollars", () => {
  it.for<[number, string]>([
    [0, "$0.00"],
    [0.004, "less than $0.01"],
    [1_506.236, "$1,506.24"],
    [1_234_567.891, "$1,234,567.89"],
    [Number.NaN, "not known"],
  ])("of %d read %s", ([value, text], { expect }) => {
    expect(usdBalance(value)).toBe(text);
  });
});

describe("times and addresses", () => {
  it.for<[number, string]>([
    [-5, "0 s"],
    [499, "0 s"],
    [59_600, "1 min"],
    [3_599_400, "59 min"],
    [3_600_000, "1 h"],
    [172_799_000, "47 h"],
    [172_800_000, "2 d"],
  ])("of %d ms read %s", ([ms, text], { expect }) => {
    expect(duration(ms)).toBe(text);
  });

  it.for<[number, string]>([
    [-5, "1 min"],
    [3_540_000, "59 min"],
    [3_541_000, "1 h"],
    [14_398_000, "4 h"],
    [14_339_000, "3 h 59 min"],
    [172_800_000, "2 d"],
    [183_600_000, "2 d 3 h"],
  ])("of which %d ms are left read %s", ([ms, text], { expect }) => {
    expect(timeLeft(ms)).toBe(text);
  });

  it("shorten what is long and leave what is short", ({ expect }) => {
    expect(shortAddress("87Qp42yCYA4CY3WxAoa3ETv9yw27vFFbKSy4DLVcEJhN")).toBe("87Qp…EJhN");
    expect(shortAddress("short")).toBe("short");
  });
});
