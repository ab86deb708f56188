import fc from "fast-check";
import { describe, it } from "vitest";
import {
  encodeCallbackData,
  ENTRY_OP,
  EXIT_OP,
  isUrgentOp,
  parseCallbackData,
} from "./callback.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";
const BASE64URL = `${LETTERS.toUpperCase()}${LETTERS}${DIGITS}-_`;
const textOf = (chars: string, min: number, max: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...chars), minLength: min, maxLength: max });
const callback = fc.record({
  op: textOf(LETTERS, 1, 1),
  arg: textOf(LETTERS + DIGITS, 0, 6),
  ticket: fc.oneof(fc.constant(""), textOf(BASE64URL, 16, 16)),
  tag: textOf(BASE64URL, 11, 11),
});

describe("button data", () => {
  it("comes back as it went out, in at most 38 bytes", ({ expect }) => {
    fc.assert(
      fc.property(callback, (data) => {
        const text = encodeCallbackData(data);
        expect(parseCallbackData(text)).toEqual(data);
        expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(38);
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });

  it("has one spelling for each meaning", ({ expect }) => {
    const change = fc.tuple(fc.nat({ max: 37 }), fc.string({ unit: "binary", maxLength: 2 }));
    fc.assert(
      fc.property(callback, change, (data, [at, put]) => {
        const text = encodeCallbackData(data);
        const changed = text.slice(0, at) + put + text.slice(at + 1);
        const parsed = parseCallbackData(changed);
        if (parsed !== undefined) expect(encodeCallbackData(parsed)).toBe(changed);
      }),
      { seed: 2, numRuns: 3_000 },
    );
  });

  it.for([
    "",
    "1",
    "2h..AAAAAAAAAAA",
    "1H..AAAAAAAAAAA",
    "1h..AAAAAAAAAA",
    "1h..AAAAAAAAAAAA",
    "1h.AAAA.AAAAAAAAAAA",
    "1habcdefg..AAAAAAAAAAA",
    `1h.${"A".repeat(32)}.AAAAAAAAAAA`,
    "1h-..AAAAAAAAAAA",
    "1h..AAAAAAAAAA=",
    "1h..AAAAAAAAAAA\n",
    " 1h..AAAAAAAAAAA",
    "1h..AAAAAAAAAAA.x",
  ])("that reads %j is not ours", (text, { expect }) => {
    expect(parseCallbackData(text)).toBeUndefined();
  });
});

describe("presses that overtake", () => {
  it("are those that close or protect, and no entry", ({ expect }) => {
    const urgent = [...LETTERS].filter(isUrgentOp);
    expect(urgent).toEqual(["q", EXIT_OP, "z"]);
    expect(isUrgentOp(ENTRY_OP)).toBe(false);
  });
});
