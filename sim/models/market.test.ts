import { describe, test } from "vitest";
import { Market, type MarketToken, POOL_FEE_BPS, priceE9Of } from "./market.ts";
import { NATIVE_MINT } from "./token-accounts.ts";
import { VirtualClock } from "./virtual-clock.ts";

const START_MS = 1_790_000_000_000;

function createMarket(seed: number): { market: Market; clock: VirtualClock } {
  const clock = new VirtualClock(START_MS);
  return { market: new Market({ seed, clock }), clock };
}

async function path(seed: number, seconds: number): Promise<string[]> {
  const { market, clock } = createMarket(seed);
  const prices: string[] = [];
  for (let second = 0; second < seconds; second += 1) {
    await clock.advance(1_000);
    market.tick();
    prices.push(...market.tokens.map((token) => `${token.mint} ${priceE9Of(token)}`));
  }
  return [...prices, String(market.solUsdE6)];
}

function firstOf(market: Market, kind: MarketToken["spec"]["kind"]): MarketToken {
  const token = market.tokens.find(({ spec }) => spec.kind === kind);
  if (token === undefined) throw new Error(`expected a token of kind ${kind}`);
  return token;
}

describe("market", () => {
  test("the same seed gives the same mints, keys and price path", async ({ expect }) => {
    expect(await path(42, 30)).toEqual(await path(42, 30));
    const [one, other] = [createMarket(42).market, createMarket(42).market];
    expect(one.tokens[3]?.spec.poolAuthority.secretKey).toEqual(
      other.tokens[3]?.spec.poolAuthority.secretKey,
    );
  });

  test("another seed gives other mints", ({ expect }) => {
    const mints = new Set(createMarket(42).market.tokens.map(({ mint }) => mint));
    expect(createMarket(43).market.tokens.filter(({ mint }) => mints.has(mint))).toEqual([]);
  });

  test("lists at least twenty tokens of every kind, each symbol once", ({ expect }) => {
    const { tokens } = createMarket(1).market;
    expect(tokens.length).toBeGreaterThanOrEqual(20);
    expect(new Set(tokens.map(({ spec }) => spec.symbol)).size).toBe(tokens.length);
    expect([...new Set(tokens.map(({ spec }) => spec.kind))].toSorted()).toEqual([
      "freeze-authority",
      "frozen",
      "mint-authority",
      "normal",
      "permanent-delegate",
      "pump-curve",
      "pump-run",
      "pumpswap",
      "raydium-cpmm",
      "raydium-v4",
      "rug",
      "run",
      "suspicious",
      "thin",
      "token-2022",
      "transfer-fee",
      "transfer-hook",
      "young",
    ]);
  });

  test("a run rises, a rug falls to a hundredth, the rest stays near its start", async ({
    expect,
  }) => {
    const { market, clock } = createMarket(5);
    await clock.advance(1_300_000);
    market.tick();
    const change = (kind: MarketToken["spec"]["kind"]): number => {
      const token = firstOf(market, kind);
      return Number((priceE9Of(token) * 1_000n) / token.priceAtStartE9) / 1_000;
    };
    expect(change("run")).toBeGreaterThan(2);
    expect(change("rug")).toBeLessThan(0.01);
    expect(change("normal")).toBeGreaterThan(0.8);
    expect(change("normal")).toBeLessThan(1.25);
  });

  test("reserves, crowd and maker always add up to the supply", async ({ expect }) => {
    const { market, clock } = createMarket(5);
    for (let round = 0; round < 13; round += 1) {
      await clock.advance(100_000);
      market.tick();
      if (round === 4) market.setPrice(firstOf(market, "normal").mint, 5_000n);
    }
    for (const token of market.tokens) {
      const total = token.quantity + token.crowdQuantity + token.makerQuantity;
      expect(total).toBe(token.spec.supply);
      expect(token.crowdQuantity).toBeGreaterThanOrEqual(0n);
    }
  });

  test("a set price is met within a millionth and keeps the pool's depth", ({ expect }) => {
    const { market } = createMarket(9);
    const token = firstOf(market, "normal");
    const product = token.lamports * token.quantity;
    const target = priceE9Of(token) * 3n;
    market.setPrice(token.mint, target);
    const error = priceE9Of(token) - target;
    expect(error < 0n ? -error : error).toBeLessThan(target / 1_000_000n);
    const after = token.lamports * token.quantity;
    expect(after).toBeGreaterThan((product * 999_999n) / 1_000_000n);
    expect(after).toBeLessThanOrEqual(product);
  });

  test("prices stand still while the crowd is halted, and go on without a jump", async ({
    expect,
  }) => {
    const { market, clock } = createMarket(9);
    market.moving = false;
    const before = market.tokens.map(priceE9Of);
    await clock.advance(60_000);
    expect(market.tick()).toBe(0);
    expect(market.tokens.map(priceE9Of)).toEqual(before);
    market.moving = true;
    await clock.advance(1_000);
    expect(market.tick()).toBe(1);
    expect(market.tokens.map(priceE9Of)).not.toEqual(before);
  });

  test("a jump of the clock replays at most an hour of trades", async ({ expect }) => {
    const { market, clock } = createMarket(9);
    await clock.advance(86_400_000);
    expect(market.tick()).toBe(3_600);
    expect(firstOf(market, "rug").rugged).toBe(true);
  });

  test("a round trip costs the pool's fee twice and nothing else", ({ expect }) => {
    const { market } = createMarket(9);
    const token = firstOf(market, "normal");
    const buy = market.quote(NATIVE_MINT, token.mint, 1_000_000n);
    if (buy === undefined) throw new Error("expected a quote");
    market.applySwap(buy);
    const sell = market.quote(token.mint, NATIVE_MINT, buy.quantityOut);
    const kept = (1_000_000 * (10_000 - POOL_FEE_BPS) ** 2) / 10_000 ** 2;
    expect(Math.abs(Number(sell?.quantityOut) - kept)).toBeLessThan(10);
  });

  test("a transfer fee is withheld on both sides and the quote says so", ({ expect }) => {
    const { market } = createMarket(9);
    const token = firstOf(market, "transfer-fee");
    const buy = market.quote(NATIVE_MINT, token.mint, 10_000_000n);
    if (buy === undefined) throw new Error("expected a quote");
    expect(buy.quantityOut).toBe(buy.vaultOut - (buy.vaultOut * 300n + 9_999n) / 10_000n);
    const sell = market.quote(token.mint, NATIVE_MINT, 1_000_000n);
    expect(sell?.vaultIn).toBe(970_000n);
  });

  test("quotes nothing for unlisted pairs and for quantities out of range", ({ expect }) => {
    const { market } = createMarket(9);
    const [one, other] = market.tokens;
    if (one === undefined || other === undefined) throw new Error("expected two tokens");
    expect(market.quote(one.mint, other.mint, 1_000n)).toBeUndefined();
    expect(market.quote(NATIVE_MINT, NATIVE_MINT, 1_000n)).toBeUndefined();
    expect(market.quote(NATIVE_MINT, one.mint, 0n)).toBeUndefined();
    expect(market.quote(NATIVE_MINT, one.mint, 2n ** 64n)).toBeUndefined();
    expect(() => market.setPrice("nobody", 1n)).toThrow(RangeError);
  });
});
