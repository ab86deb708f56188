import { describe, test } from "vitest";
import { emptyCounts } from "./coverage.ts";
import { VITAL_TRANSITIONS } from "./expected.ts";
import { listMissing, listRare, summarize } from "./summary.ts";

function tradingCounts() {
  const counts = emptyCounts();
  for (const name of VITAL_TRANSITIONS) counts.transitions[name] = 1;
  return counts;
}

describe("what a run must have met", () => {
  test("a desk that traded misses nothing", ({ expect }) => {
    expect(listMissing(tradingCounts(), 60)).toEqual([]);
  });

  test("a desk that prepared no buy in sixty seeds is told of", ({ expect }) => {
    const counts = tradingCounts();
    counts.transitions["buy attempt: - > prepared"] = 0;
    expect(listMissing(counts, 60)).toEqual(["buy attempt: - > prepared"]);
  });

  test("a handful of seeds need not meet everything", ({ expect }) => {
    expect(listMissing(emptyCounts(), 59)).toEqual([]);
  });

  test("the cost of a seed is told in processor time", ({ expect }) => {
    const sums = { wallMs: 2_000, cpuMs: 600, virtualMs: 0, journalEvents: 0 };
    const lines = summarize({ seeds: 4, failed: 0, jobs: 2, ...sums }, emptyCounts());
    expect(lines.join("\n")).toContain("1.0 each), 150 ms of processor time a seed");
  });

  test("over 20,000 seeds everything is expected a hundred times", ({ expect }) => {
    const rare = listRare(tradingCounts(), 20_000);
    expect(rare).toContain("buy attempt: - > prepared: 1 times, expected 100");
  });
});
