import { describe, it } from "vitest";
import { STEPS_PER_PAGE, tradesScreen, whyScreen } from "./why.ts";

const AT = Date.UTC(2026, 10, 21, 7, 5, 9);
const steps = Array.from({ length: STEPS_PER_PAGE + 1 }, (_, at) => ({
  tsMs: AT + at * 1_500,
  sinceMs: at === 0 ? 0 : 1_500,
  meaning: `step ${at}`,
}));

describe("the story of a trade", () => {
  it("shows the day, each step's time and how long it took", ({ expect }) => {
    const { text } = whyScreen({ id: "ord_a", steps: steps.slice(0, 2), page: 0, nowMs: AT });
    expect(text).toContain("Why? · 2026-11-21\nord_a");
    expect(text).toContain("07:05:09 UTC\nstep 0");
    expect(text).toContain("07:05:10 UTC +1.5 s\nstep 1");
  });

  it("has a page for every few steps, with arrows that lead to the others", ({ expect }) => {
    const first = whyScreen({ id: "ord_a", steps, page: 0, nowMs: AT });
    expect(first.text).toContain("page 1 of 2");
    expect(first.rows[0]).toEqual([{ text: "▶", nav: "why", arg: "1" }]);
    const last = whyScreen({ id: "ord_a", steps, page: 9, nowMs: AT });
    expect(last.text).toContain("page 2 of 2");
    expect(last.text).toContain(`step ${STEPS_PER_PAGE}`);
    expect(last.text).not.toContain("step 0");
    expect(last.rows[0]).toEqual([{ text: "◀", nav: "why", arg: "0" }]);
  });
});

describe("the last trades", () => {
  it("are a button each, by their place", ({ expect }) => {
    const trade = { symbol: "TOK", side: "buy" as const, notionalLamports: "500000000", tsMs: AT };
    const { rows, text } = tradesScreen([trade, { ...trade, side: "sell" }], AT);
    expect(text).toContain("1. 2026-11-21 07:05:09 UTC: Bought TOK, 0.5 SOL");
    expect(rows[0]).toEqual([{ text: "1. Bought TOK", nav: "whyTrade", arg: "0" }]);
    expect(rows[1]).toEqual([{ text: "2. Sold TOK", nav: "whyTrade", arg: "1" }]);
  });

  it("say so when there are none", ({ expect }) => {
    expect(tradesScreen([], AT).text).toContain("Nothing was bought or sold yet.");
  });
});
