import { describe, it } from "vitest";
import { type Freeze, freezeOf } from "./frozen-holding.ts";

type Word = "frozen" | "movable" | "none" | "silent";

function viewOf(word: Word, at: number) {
  const provider = `node-${at}`;
  if (word === "silent") return { provider, report: null };
  const tokens = new Map(word === "none" ? [] : [["Mint", 7n]]);
  const report = { lamports: 1n, tokens, slot: 1 };
  return {
    provider,
    report: word === "frozen" ? { ...report, frozen: new Set(["Mint"]) } : report,
  };
}

const CASES: [Freeze, boolean, Word[]][] = [
  ["whole", false, ["frozen", "frozen"]],
  ["whole", false, ["none", "frozen"]],
  ["none", true, ["frozen", "movable"]],
  ["none", true, ["silent", "movable"]],
  ["part", true, ["frozen", "silent"]],
  ["part", true, ["none", "silent"]],
  ["none", true, ["none", "none"]],
  ["none", false, ["none", "silent"]],
  ["none", false, ["movable", "silent"]],
];

describe("what is frozen by the word of all nodes", () => {
  it.for(CASES)(
    "is %s, called so before: %s, when they say %s",
    ([freeze, isCalled, words], { expect }) => {
      expect(freezeOf(words.map(viewOf), "Mint", isCalled)).toBe(freeze);
    },
  );
});
