import { describe, it } from "vitest";
import { parsePercent, parseSolAmount } from "./amounts.ts";

describe("a typed amount of SOL", () => {
  it.for([
    ["0.5", 500_000_000n],
    [" 12 ", 12_000_000_000n],
    [".25", 250_000_000n],
    ["0.000000001", 1n],
    ["1.500000000000", 1_500_000_000n],
  ] as const)("reads %s", ([text, lamports], { expect }) => {
    expect(parseSolAmount(text)).toEqual({ ok: true, value: lamports });
  });

  it.for([
    ["0", "is zero"],
    ["0.000", "is zero"],
    ["-1", "is negative"],
    ["NaN", "is not an amount"],
    ["1,5", "is not an amount"],
    ["٣", "is not an amount"],
    ["1e309", "is larger than any wallet"],
    ["18446744074", "is larger than any wallet"],
    ["0.0000000001", "more than 9 decimals"],
    ["", "is not an amount"],
    ["0x10", "is not an amount"],
  ] as const)("explains what is wrong with '%s'", ([text, problem], { expect }) => {
    const amount = parseSolAmount(text);
    if (amount.ok) throw new Error(`expected a refusal, was ${amount.value}`);
    expect(amount.sentence).toContain(problem);
    expect(amount.sentence).toMatch(/Nothing was bought\.$/);
  });

  it("quotes a long text only in part", ({ expect }) => {
    const amount = parseSolAmount("9".repeat(60));
    if (amount.ok) throw new Error("expected a refusal");
    expect(amount.sentence).not.toContain("9".repeat(25));
  });
});

describe("a typed percentage", () => {
  it.for([
    ["25", 2_500n],
    ["100 %", 10_000n],
    ["0.01", 1n],
    ["33.33%", 3_333n],
    ["ALL", 10_000n],
    ["max", 10_000n],
  ] as const)("reads %s", ([text, bps], { expect }) => {
    expect(parsePercent(text)).toEqual({ ok: true, value: bps });
  });

  it.for(["0", "100.01", "-5", "0.001", "half", "", "1e2", "%"])(
    "refuses '%s'",
    (text, { expect }) => {
      const amount = parsePercent(text);
      if (amount.ok) throw new Error(`expected a refusal, was ${amount.value}`);
      expect(amount.sentence).toMatch(/Nothing was sold\.$/);
    },
  );
});
