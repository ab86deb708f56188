import { describe, it } from "vitest";
import { createNamedPrng } from "../models/prng.ts";
import { PriceLevels } from "./price-levels.ts";

const SEED = 7;

describe("the prices of a storm", () => {
  it("move, and stay near where they began however long it goes on", async ({ expect }) => {
    const prng = createNamedPrng(SEED, "prices");
    const prices = new Map([
      ["a", 100],
      ["b", 1],
    ]);
    const levels = new PriceLevels(async (mint, factor) => {
      prices.set(mint, (prices.get(mint) ?? 0) * factor);
    });
    const seen = new Set<number>();
    for (let moves = 0; moves < 5_000; moves += 1) {
      await levels.move(["a", "b"], prng);
      if (moves % 3 === 0) {
        const before = prices.get("a") ?? 0;
        await levels.during("a", 3, async () => {
          expect(prices.get("a")).toBeCloseTo(before * 3, 1);
        });
      }
      seen.add(Math.round((prices.get("b") ?? 0) * 10));
      for (const [mint, start] of [["a", 100] as const, ["b", 1] as const]) {
        const share = (prices.get(mint) ?? 0) / start;
        expect(share).toBeGreaterThan(0.39);
        expect(share).toBeLessThan(2.61);
      }
    }
    await levels.fall(["a"]);
    expect(prices.get("a")).toBeCloseTo(20, 1);
    expect([...seen].toSorted((left, right) => left - right)).toEqual([4, 6, 10, 11, 26]);
  });
});
