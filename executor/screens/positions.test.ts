import type { PositionView } from "@raptor/shared/wire/read.ts";
import { describe, test } from "vitest";
import { positionsScreen } from "./positions.ts";

const POSITION: PositionView = {
  positionId: "pos_2a7qk",
  userId: 7,
  wallet: "wallet",
  mint: "mint",
  symbol: "TOK",
  decimals: 6,
  quantity: "1000000",
  costLamports: "1000000000",
  entryPriceE9: "1000000000000000000",
  markPriceE9: "1000000000000000000",
  markAgeMs: 41_000,
  valueLamports: "1000000000",
  realisedLamports: "0",
  state: "open",
  exits: [],
};

function textOf(change: Partial<PositionView>): string {
  return positionsScreen({ positions: [{ ...POSITION, ...change }], page: 0, nowMs: 0 }).text;
}

/** The arguments of the buttons that lead to the exits of these positions. */
function exitArgs(ids: readonly string[]): (string | undefined)[] {
  const positions = ids.map((positionId) => ({ ...POSITION, positionId }));
  const { rows } = positionsScreen({ positions, page: 0, nowMs: 0 });
  return rows
    .flat()
    .flatMap((button) => ("nav" in button && button.nav === "exits" ? [button.arg] : []));
}

describe("the buttons of a list", () => {
  test("name each position by as much of its id's end as tells it from the others", ({
    expect,
  }) => {
    expect(exitArgs(["pos_aaaqk", "pos_bbbzz"])).toEqual(["qk", "zz"]);
    expect(exitArgs(["pos_aaaqk", "pos_aabqk", "pos_bbbzz"])).toEqual(["aqk", "bqk", "zz"]);
    expect(exitArgs(["pos_abcdefqk", "pos_zbcdefqk"])).toEqual(["cdefqk", "cdefqk"]);
  });
});

describe("the price of a position", () => {
  test("says how old it is, or that its pool tells it", ({ expect }) => {
    expect(textOf({ markSource: "poll" })).toContain("(41 s ago)");
    expect(textOf({})).toContain("(41 s ago)");
    expect(textOf({ markSource: "pool", markAgeMs: 0 })).toContain("(live from its pool)");
    expect(textOf({ markSource: "pool" })).toContain("(41 s ago)");
    expect(textOf({ markSource: "pool" })).not.toContain("⚠️ This price");
  });

  test("that is stale says so, what waits for it and what works", ({ expect }) => {
    for (const markSource of ["pool", "poll"] as const) {
      const text = textOf({ markSource, markIsStale: true });
      expect(text).toContain("(41 s ago)");
      expect(text).toContain("Rules wait for it; Sell and Panic work.");
    }
  });
});
