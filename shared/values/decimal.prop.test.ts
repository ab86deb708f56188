import fc from "fast-check";
import { describe, it } from "vitest";
import { formatDecimal, parseDecimal, parseJsonNumber } from "./decimal.ts";

const U64_MAX = 0xffff_ffff_ffff_ffffn;
const decimalsOf = fc.integer({ min: 0, max: 18 });

describe("a decimal", () => {
  it("is read again as what was written", ({ expect }) => {
    const units = fc.bigInt({ min: 1n, max: U64_MAX });
    fc.assert(
      fc.property(units, decimalsOf, (value, decimals) => {
        const text = formatDecimal(value, decimals);
        expect(parseDecimal(text, decimals)).toEqual({ ok: true, units: value });
        expect(formatDecimal(-value, decimals)).toBe(`-${text}`);
        expect(text).toMatch(/^(0|[1-9]\d*)(\.\d*[1-9])?$/);
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });

  it("cut to fewer digits never shows more than there is", ({ expect }) => {
    const units = fc.bigInt({ min: 0n, max: 10n ** 24n });
    fc.assert(
      fc.property(units, decimalsOf, decimalsOf, (value, decimals, digitsMax) => {
        const text = formatDecimal(value, decimals, digitsMax);
        const [whole = "", fraction = ""] = text.split(".");
        const shown = BigInt(whole + fraction.padEnd(decimals, "0"));
        const digits = Math.min(digitsMax, decimals);
        expect(fraction.length).toBeLessThanOrEqual(digits);
        expect(value - shown).toBeGreaterThanOrEqual(0n);
        expect(value - shown).toBeLessThan(10n ** BigInt(decimals - digits));
      }),
      { seed: 2, numRuns: 2_000 },
    );
  });

  it("is taken or refused by whoever types anything at all, without an exception", ({ expect }) => {
    const typed = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.stringMatching(/^[-+.eE0-9 ,_]{0,50}$/),
    );
    fc.assert(
      fc.property(typed, decimalsOf, (text, decimals) => {
        const parsed = parseDecimal(text, decimals);
        if (!parsed.ok) return;
        expect(text.trim()).toMatch(/^[0-9]*\.?[0-9]*$/);
        expect(parsed.units).toBeGreaterThan(0n);
        expect(parsed.units).toBeLessThanOrEqual(U64_MAX);
      }),
      { seed: 3, numRuns: 5_000 },
    );
  });

  it.for<[string, string]>([
    ["", "not-a-number"],
    [".", "not-a-number"],
    ["abc", "not-a-number"],
    ["1,5", "not-a-number"],
    ["1_000", "not-a-number"],
    ["1.2.3", "not-a-number"],
    ["+1", "not-a-number"],
    ["0x10", "not-a-number"],
    ["NaN", "not-a-number"],
    ["Infinity", "not-a-number"],
    ["-Infinity", "not-a-number"],
    ["\u0661", "not-a-number"],
    ["\uff11", "not-a-number"],
    ["1 000", "not-a-number"],
    ["-1", "negative"],
    ["-0", "negative"],
    ["-0.5", "negative"],
    ["0", "zero"],
    ["0.0", "zero"],
    [".0", "zero"],
    ["000", "zero"],
    ["0.0000000001", "too-precise"],
    ["1e309", "too-large"],
    ["1E+5", "too-large"],
    ["18446744073.709551616", "too-large"],
    ["9".repeat(60), "too-large"],
  ])("typed as %j is refused as %s", ([text, problem], { expect }) => {
    expect(parseDecimal(text, 9)).toEqual({ ok: false, problem });
  });

  it.for<[string, bigint]>([
    ["0.5", 500_000_000n],
    [" 12 ", 12_000_000_000n],
    [".25", 250_000_000n],
    ["3.", 3_000_000_000n],
    ["0001", 1_000_000_000n],
    ["0.100000000000000000000", 100_000_000n],
    ["0.000000001", 1n],
    ["18446744073.709551615", U64_MAX],
  ])("typed as %j is %i units", ([text, units], { expect }) => {
    expect(parseDecimal(text, 9)).toEqual({ ok: true, units });
  });
});

/** The exact value of a double, by its bits: sign * mantissa * 2^exponent. */
function exactUnits(value: number, decimals: number): bigint {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const biased = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & 0xf_ffff_ffff_ffffn;
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n);
  const exponent = Math.max(biased, 1) - 1_075;
  const scaled = mantissa * 10n ** BigInt(decimals);
  return exponent >= 0 ? scaled << BigInt(exponent) : scaled >> BigInt(-exponent);
}

describe("a number out of JSON", () => {
  it("is its exact value in units, up to the half step of a double", ({ expect }) => {
    const numbers = fc.oneof(
      fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    );
    fc.assert(
      fc.property(numbers, decimalsOf, (value, decimals) => {
        const units = parseJsonNumber(value, decimals);
        const exact = exactUnits(value, decimals);
        // The shortest text of a double is within half a step of it: 2^-53 of its size.
        const tolerance = (exact >> 52n) + 1n;
        expect(units).toBeDefined();
        const difference = (units as bigint) - exact;
        expect(difference < 0n ? -difference : difference).toBeLessThanOrEqual(tolerance);
      }),
      { seed: 4, numRuns: 5_000 },
    );
  });

  it("that was written by us is read without any loss", ({ expect }) => {
    const units = fc.bigInt({ min: 0n, max: 10n ** 15n });
    fc.assert(
      fc.property(units, fc.integer({ min: 0, max: 12 }), (value, decimals) => {
        const wire = JSON.parse(formatDecimal(value, decimals)) as number;
        expect(parseJsonNumber(wire, decimals)).toBe(value);
      }),
      { seed: 5, numRuns: 2_000 },
    );
  });

  it.for<[number, number, bigint | undefined]>([
    [0, 9, 0n],
    [-0, 9, 0n],
    [1e21, 0, 10n ** 21n],
    [1.5e-7, 9, 150n],
    [1e-10, 9, 0n],
    [1.9999999999, 9, 1_999_999_999n],
    [5e-324, 9, 0n],
    [-1e-9, 9, undefined],
    [Number.NaN, 9, undefined],
    [Number.POSITIVE_INFINITY, 9, undefined],
  ])("%d at %i decimals is %s units", ([value, decimals, units], { expect }) => {
    expect(parseJsonNumber(value, decimals)).toBe(units);
  });
});
