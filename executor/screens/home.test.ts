import fc from "fast-check";
import { describe, it } from "vitest";
import { homeScreen, walletScreen, type HomeModel } from "./home.ts";
import { homeModel, tokenModel } from "./models-fixture.ts";
import { panicConfirmScreen } from "./plain.ts";
import type { Screen } from "./screen.ts";
import { tokenScreen, type TokenModel } from "./token.ts";

const [anyHome] = fc.sample(homeModel, { seed: 1, numRuns: 1 });
const [anyToken] = fc.sample(tokenModel, { seed: 1, numRuns: 1 });

function home(over: Partial<HomeModel>): Screen {
  if (anyHome === undefined) throw new Error("expected a sample");
  return homeScreen({
    ...anyHome,
    lamports: 2_500_000_000n,
    solUsd: 150,
    tradingState: "active",
    tradingStateReason: "",
    paused: false,
    heldReason: "",
    panicOpen: false,
    dependencies: [{ name: "journal", ok: true }],
    ...over,
  });
}

function token(over: Partial<TokenModel>): Screen {
  if (anyToken === undefined) throw new Error("expected a sample");
  const presetsLamports = [1n, 2n, 3n, 4n].map((tenths) => tenths * 100_000_000n);
  const open = { refusals: [], closed: null, positionId: null };
  return tokenScreen({ ...anyToken, presetsLamports, ...open, ...over });
}

const labels = (screen: Screen): string[] => screen.rows.flat().map(({ text }) => text);

describe("home", () => {
  it("shows the balance in SOL and dollars, and what to do with none", ({ expect }) => {
    expect(home({}).text).toContain("Balance: 2.5 SOL ($375.00)");
    expect(home({ solUsd: null }).text).toContain("Balance: 2.5 SOL\n");
    expect(home({ lamports: 0n }).text).toContain("Send SOL to the address above to begin.");
    expect(home({ lamports: null }).text).toContain("cannot be read right now");
  });

  it.for<[Partial<HomeModel>, string, string]>([
    [{}, "Mode: live", "Pause entries"],
    [{ paused: true }, "Mode: paused: exits only", "Resume entries"],
    [{ heldReason: "drift" }, "Mode: buys wait (drift): exits only", "Resume entries"],
    [{ panicOpen: true }, "Mode: panic: selling everything", "Pause entries"],
    [
      { tradingState: "halted", tradingStateReason: "tired" },
      "Mode: halted by the kill switch (tired): exits only",
      "Pause entries",
    ],
  ])("with %j says so and offers what helps", ([over, mode, button], { expect }) => {
    const screen = home(over);
    expect(screen.text).toContain(`${mode}\n`);
    expect(labels(screen)).toContain(button);
  });

  it("names only what is broken", ({ expect }) => {
    expect(home({}).text).toContain("Health: 🟢 everything works");
    const dependencies = [
      { name: "journal", ok: true },
      { name: "jupiter", ok: false },
    ];
    expect(home({ lamports: null }).text).toContain("Health: 🔴\u00a0the chain\n");
    expect(home({ dependencies }).text).toContain("Health: 🔴\u00a0jupiter\n");
  });
});

describe("a token card", () => {
  it("offers to buy with the presets when nothing is in the way", ({ expect }) => {
    expect(labels(token({})).slice(0, 5)).toEqual([
      "Buy 0.1 SOL",
      "Buy 0.2 SOL",
      "Buy 0.3 SOL",
      "Buy 0.4 SOL",
      "Buy X SOL",
    ]);
  });

  it("puts the reason in the place of the buttons", ({ expect }) => {
    const refused = token({ refusals: ["Somebody can freeze it."] });
    expect(refused.text).toContain("⛔ Somebody can freeze it.");
    expect(labels(refused)).toEqual(["Refresh", "Explorer", "Home"]);
    const paused = token({ closed: { reason: "Your buys are paused.", canResume: true } });
    expect(paused.text).toContain("⏸ Your buys are paused.");
    expect(labels(paused)).toEqual(["Resume entries", "Refresh", "Explorer", "Home"]);
    const halted = token({ closed: { reason: "Trading is halted.", canResume: false } });
    expect(labels(halted)).toEqual(["Refresh", "Explorer", "Home"]);
  });

  it("lets a holder sell, also when it may not be bought", ({ expect }) => {
    const screen = token({ positionId: "p", refusals: ["Unsafe."], symbol: "TOK" });
    expect(labels(screen)).toEqual(["Sell 25 %", "50 %", "100 %", "Refresh", "Explorer", "Home"]);
  });
});

describe("the question before a panic", () => {
  it("counts what will be sold and says that nothing happens yet", ({ expect }) => {
    expect(panicConfirmScreen(0).text).toContain("No position is open now");
    expect(panicConfirmScreen(1).text).toContain("1 open position will be sold");
    expect(panicConfirmScreen(2).text).toContain("2 open positions will be sold");
    expect(panicConfirmScreen(2).text).toContain("Nothing happens until you press.");
  });
});

describe("rent for safe exits", () => {
  const wallet = (count: number): Screen => {
    const nonces = { count, lamports: BigInt(count) * 1_447_680n, isMoving: false };
    return walletScreen({ address: "A", lamports: 5n, nonces, nowMs: 0 });
  };

  it("is named on the token card before the first buy, and not after it", ({ expect }) => {
    const words = "The first buy also holds 0.00144768 SOL back for safe exits; /wallet gives it";
    expect(token({ nonceRentLamports: 1_447_680n }).text).toContain(words);
    expect(token({ nonceRentLamports: null }).text).not.toContain("safe exits");
  });

  it("is shown in the wallet with a button that takes it back", ({ expect }) => {
    expect(wallet(2).text).toContain("Held back for safe exits: 0.00289536 SOL in 2 accounts");
    const button = wallet(2)
      .rows.flat()
      .find(({ text }) => text === "Reclaim rent");
    expect(button).toMatchObject({ action: { kind: "reclaimNonces" } });
    expect(labels(wallet(0))).not.toContain("Reclaim rent");
  });
});

describe("the price on a token's card", () => {
  const priced = (over: Partial<TokenModel>): string =>
    token({ priceE9: 1_000_000_000n, usdPrice: null, ...over }).text;

  it.for([
    ["pool", false, 0, "SOL, live from its pool\n"],
    ["pool", false, 3_000, "SOL, from its pool, 3 s ago\n"],
    ["poll", false, 3_000, "SOL, from the price service, 3 s ago\n"],
    ["pool", true, 3_000, "SOL, from its pool, 3 s ago\n"],
    ["poll", true, 3_000, "SOL, from the price service, 3 s ago\n"],
  ] as const)(
    "says that it is of the %s, stale: %s, and %i ms old",
    ([source, isStale, ageMs, words], { expect }) => {
      const text = priced({ priceMark: { source, ageMs, isStale } });
      expect(text).toContain(words);
      expect(text.includes("⚠️ This price is old")).toBe(isStale);
    },
  );

  it("says nothing of a price that nobody knows", ({ expect }) => {
    const priceMark = { source: "pool", ageMs: 0, isStale: true } as const;
    expect(priced({ priceE9: null, priceMark })).toContain("Price: not known\n");
    expect(priced({ priceMark: null })).not.toMatch(/live from|ago\n/);
  });
});
