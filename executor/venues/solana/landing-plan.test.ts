import { describe, test } from "vitest";
import { evenPrng } from "./fake-net.ts";
import {
  canKeepOrders,
  type LandingPlanSettings,
  planLanding,
  withoutTips,
} from "./landing-plan.ts";
import { TIP_ACCOUNTS } from "./tip-accounts.ts";

const ALL: LandingPlanSettings = {
  services: [
    { taker: "jito", tipLamports: 10_000n },
    { taker: "helius", tipLamports: 5_000n },
    { taker: "jupiter", tipLamports: 1_000_000n },
  ],
  feeLamportsMax: 4_000_000n,
  mevProtect: "off",
  plainAfterSlots: 25,
};

function plan(change: Partial<LandingPlanSettings>, side: "buy" | "sell" = "sell", n = 1) {
  return planLanding({ ...ALL, ...change }, evenPrng, side, n);
}

describe("the lanes of a transaction", () => {
  test("each get one tip, to an account of their own list", ({ expect }) => {
    const { landing, tipLamports, leftOut } = plan({});
    expect(landing.tips.map(({ taker }) => taker)).toEqual(["jito", "helius", "jupiter"]);
    for (const { taker, account } of landing.tips) {
      expect(TIP_ACCOUNTS[taker]).toContain(account);
    }
    expect(tipLamports).toBe(1_015_000n);
    expect(leftOut).toEqual([]);
  });

  test("are picked by chance among the accounts of a lane", ({ expect }) => {
    const picked = new Set<string | undefined>();
    for (let at = 0; at < 8; at++) {
      const prng = { nextFloat: () => 0, nextInt: (bound: number) => at % bound };
      picked.add(planLanding(ALL, prng, "sell", 1).landing.tips[0]?.account);
    }
    expect(picked.size).toBe(8);
  });

  test("below whose minimum the tip lies is left out before signing", ({ expect }) => {
    const { landing, leftOut } = plan({ services: [{ taker: "jito", tipLamports: 999n }] });
    expect(landing.tips).toEqual([]);
    expect(leftOut).toEqual([{ lane: "jito", reason: "its tip of 999 is below 1000" }]);
  });

  test("never take more than half of the cap with their tips", ({ expect }) => {
    const { landing, tipLamports, leftOut } = plan({ feeLamportsMax: 100_000n });
    expect(landing.tips.map(({ taker }) => taker)).toEqual(["jito", "helius"]);
    expect(leftOut.map(({ lane }) => lane)).toEqual(["jupiter"]);
    for (const n of [1, 2, 3, 5, 900]) {
      expect(plan({ feeLamportsMax: 100_000n }, "sell", n).tipLamports).toBeLessThanOrEqual(
        50_000n,
      );
    }
    expect(tipLamports).toBe(15_000n);
  });

  test("get more for each further try of an exit, and a flat tip stays flat", ({ expect }) => {
    const tipsOf = (side: "buy" | "sell", n: number): bigint[] =>
      plan({ feeLamportsMax: 100_000_000n }, side, n).landing.tips.map(({ lamports }) => lamports);
    expect(tipsOf("sell", 3)).toEqual([40_000n, 20_000n, 1_000_000n]);
    expect(tipsOf("buy", 3)).toEqual([10_000n, 5_000n, 1_000_000n]);
  });
});

describe("a further try of an exit", () => {
  test("goes to every lane of the first, however much more some of them get", ({ expect }) => {
    for (let n = 2; n < 14; n++) {
      const { landing, tipLamports, leftOut } = plan({}, "sell", n);
      expect(landing.tips.map(({ taker }) => taker)).toEqual(["jito", "helius", "jupiter"]);
      expect(tipLamports).toBeLessThanOrEqual(2_000_000n);
      expect(leftOut).toEqual([]);
    }
  });
});

describe("a protected order", () => {
  test("tips only lanes that show it to nobody", ({ expect }) => {
    const { landing, leftOut } = plan({ mevProtect: "all" });
    expect(landing.isProtected).toBe(true);
    expect(landing.tips.map(({ taker }) => taker)).toEqual(["jito", "helius"]);
    expect(leftOut).toEqual([{ lane: "jupiter", reason: "the order is protected" }]);
  });

  test("goes everywhere after some slots when it is an exit, and never when it is a buy", ({
    expect,
  }) => {
    expect(plan({ mevProtect: "all" }, "sell").landing.plainAfterSlots).toBe(25);
    expect(plan({ mevProtect: "all" }, "buy").landing.plainAfterSlots).toBeUndefined();
    expect(plan({ mevProtect: "entries" }, "sell").landing.isProtected).toBe(false);
    expect(plan({ mevProtect: "entries" }, "buy").landing.isProtected).toBe(true);
  });

  test("that no lane can keep says so", ({ expect }) => {
    const services = [{ taker: "jupiter", tipLamports: 1_000_000n }] as const;
    expect(plan({ mevProtect: "all", services })).toMatchObject({
      isUnprotectable: true,
      landing: { isProtected: false, tips: [] },
    });
    expect(withoutTips(plan({ mevProtect: "all" }, "buy"), "buy", "no room")).toMatchObject({
      isUnprotectable: true,
      tipLamports: 0n,
    });
    expect(withoutTips(plan({ mevProtect: "all" }, "sell"), "sell", "no room")).toMatchObject({
      isUnprotectable: false,
      landing: { isProtected: false },
    });
  });
});

describe("a lane that keeps orders", () => {
  test.for([
    ["is there", [{ taker: "jito", tipLamports: 10_000n }], 4_000_000n],
    ["is not set up", [{ taker: "jupiter", tipLamports: 1_000_000n }], 4_000_000n],
    ["wants more than a trade may pay", [{ taker: "jito", tipLamports: 10_000n }], 19_999n],
    ["would turn its tip away", [{ taker: "jito", tipLamports: 999n }], 4_000_000n],
    ["is the second of two", ALL.services.slice(1), 10_000n],
  ] as const)(
    "is promised exactly where a protected buy finds it: %s",
    ([, services, feeLamportsMax], { expect }) => {
      const promised = canKeepOrders({ services, feeLamportsMax });
      const made = plan({ services, feeLamportsMax, mevProtect: "entries" }, "buy");
      expect(promised).toBe(!made.isUnprotectable);
    },
  );
});
