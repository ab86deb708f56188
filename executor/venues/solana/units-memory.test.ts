import { describe, test } from "vitest";
import { UnitsMemory } from "./units-memory.ts";

describe("remembered compute units", () => {
  test("are known after the first trade of a kind and side, with a fifth on top", ({ expect }) => {
    const memory = new UnitsMemory();
    expect(memory.unitLimit("cpmm", "sell")).toBeUndefined();
    memory.note("cpmm", "sell", 100_000);
    expect(memory.unitLimit("cpmm", "sell")).toBe(120_000);
    expect(memory.unitLimit("cpmm", "buy")).toBeUndefined();
    expect(memory.unitLimit("pump", "sell")).toBeUndefined();
  });

  test("grow by half with each further try, because nobody asks why one failed", ({ expect }) => {
    const memory = new UnitsMemory();
    memory.note("pump", "sell", 100_000);
    const limits = [1, 2, 3, 900].map((n) => memory.unitLimit("pump", "sell", n));
    expect(limits).toEqual([120_000, 180_000, 240_000, 720_000]);
  });

  test("never shrink below the most that was seen", ({ expect }) => {
    const memory = new UnitsMemory();
    memory.note("pump", "buy", 200_000);
    memory.note("pump", "buy", 90_000);
    expect(memory.unitLimit("pump", "buy")).toBe(240_000);
  });

  test("stay inside the runtime's limits and bounded in number", ({ expect }) => {
    const memory = new UnitsMemory();
    memory.note("huge", "buy", 1_399_999);
    expect(memory.unitLimit("huge", "buy")).toBe(1_400_000);
    for (let n = 0; n < 300; n++) memory.note(`kind ${n}`, "buy", 50_000);
    expect(memory.unitLimit("huge", "buy")).toBeUndefined();
    expect(memory.unitLimit("kind 299", "buy")).toBe(60_000);
  });
});
