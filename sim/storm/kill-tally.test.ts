import { describe, it } from "vitest";
import { AT_RANDOM, KillTally, mergeTallies, NOT_REACHED, sumOf } from "./kill-tally.ts";

describe("the tally of a storm", () => {
  it("counts a death where it was planned, and one elsewhere as a try", ({ expect }) => {
    const tally = new KillTally();
    tally.note("before submit", { name: "before submit", isUnresolved: true, livedMs: 900 });
    tally.note("before submit", { name: NOT_REACHED, isUnresolved: false, livedMs: 4_000 });
    tally.note(AT_RANDOM, { name: AT_RANDOM, isUnresolved: false, livedMs: 700 });
    expect(Object.fromEntries(tally.byName)).toEqual({
      "before submit": { tries: 2, kills: 1, unresolved: 1, livedMs: 900 },
      [NOT_REACHED]: { tries: 0, kills: 1, unresolved: 0, livedMs: 4_000 },
      [AT_RANDOM]: { tries: 1, kills: 1, unresolved: 0, livedMs: 700 },
    });
  });

  it("of two worlds is the sum of both", ({ expect }) => {
    const one = { tries: 3, kills: 2, unresolved: 1, livedMs: 10 };
    const merged = mergeTallies(
      new Map([["a", one]]),
      new Map([
        ["a", one],
        ["b", one],
      ] as const),
    );
    expect(merged.get("a")).toEqual({ tries: 6, kills: 4, unresolved: 2, livedMs: 20 });
    expect(sumOf(merged)).toEqual({ tries: 9, kills: 6, unresolved: 3, livedMs: 30 });
  });
});
