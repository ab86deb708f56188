import { afterAll, beforeAll, describe, test } from "vitest";
import { priceE9Of } from "../../models/market.ts";
import { NATIVE_MINT, TOKEN_2022_PROGRAM } from "../../models/token-accounts.ts";
import { TestWorld } from "./test-world.ts";

let world: TestWorld;

beforeAll(async () => {
  world = await TestWorld.start();
});

afterAll(() => world.close());

async function read(path: string): Promise<unknown> {
  return (await world.get(path)).json();
}

interface Described extends Record<string, unknown> {
  audit: { topHoldersPercentage: number };
  firstPool: { createdAt: string };
}

async function search(query: string): Promise<Described[]> {
  const path = `/tokens/v2/search?query=${encodeURIComponent(query)}`;
  return (await read(path)) as Described[];
}

describe("prices", () => {
  test("are in dollars and leave unknown mints out", async ({ expect }) => {
    const token = world.token("normal");
    const unknown = "9n4nbM75f5Ui33ZbPYXn59EwSgE8CGsHtAeTH5YFeJ9E";
    const prices = (await read(`/price/v3?ids=${token.mint},${unknown},${NATIVE_MINT}`)) as Record<
      string,
      { usdPrice: number; liquidity: number; decimals: number; blockId: number }
    >;
    expect(Object.keys(prices).toSorted()).toEqual([token.mint, NATIVE_MINT].toSorted());
    const solUsd = Number(world.market.solUsdE6) / 1e6;
    expect(prices[NATIVE_MINT]?.usdPrice).toBe(solUsd);
    const expected = (Number(priceE9Of(token)) / 1e18) * solUsd;
    expect(prices[token.mint]?.usdPrice).toBeCloseTo(expected, 12);
    expect(prices[token.mint]).toMatchObject({ decimals: token.spec.decimals });
    const liquidity = (Number(token.lamports) / 1e9) * 2 * solUsd;
    expect(prices[token.mint]?.liquidity).toBeCloseTo(liquidity, 3);
  });

  test("refuse no ids and more than fifty", async ({ expect }) => {
    expect((await world.get("/price/v3")).status).toBe(400);
    const ids = Array.from({ length: 51 }, () => NATIVE_MINT).join(",");
    expect((await world.get(`/price/v3?ids=${ids}`)).status).toBe(400);
  });

  test("follow POST /world/prices in SOL per token and by a factor", async ({ expect }) => {
    const token = world.token("young");
    await world.post("/world/prices", { mint: token.mint, price: 0.00000025 });
    expect(Number(priceE9Of(token)) / 1e18).toBeCloseTo(0.00000025, 12);
    await world.post("/world/prices", { mint: token.mint, price: "0.5" });
    expect(Number(priceE9Of(token)) / 1e18).toBeCloseTo(0.5, 6);
    await world.post("/world/prices", { mint: token.mint, factor: 1.5 });
    expect(Number(priceE9Of(token)) / 1e18).toBeCloseTo(0.75, 6);
    const pool = world.server.onChain.pools.get(token.mint);
    expect(world.chain.tokenQuantityOf(pool?.solVault ?? "")).toBe(token.lamports);
    for (const body of [
      { mint: "nobody", price: 1 },
      { mint: token.mint, price: 0 },
      { mint: token.mint, price: -1 },
      { mint: token.mint },
    ]) {
      expect((await world.post("/world/prices", body)).status).toBe(400);
    }
  });
});

describe("token search", () => {
  test("names authorities, program and suspicion of the tokens that have them", async ({
    expect,
  }) => {
    const [frozen] = await search(world.token("freeze-authority").mint);
    expect(frozen).toMatchObject({ audit: { freezeAuthorityDisabled: false } });
    expect(frozen?.["freezeAuthority"]).toBe(frozen?.["dev"]);
    const [minted] = await search(world.token("mint-authority").mint);
    expect(minted).toMatchObject({ audit: { mintAuthorityDisabled: false } });
    const [fee] = await search(world.token("transfer-fee").mint);
    expect(fee?.["tokenProgram"]).toBe(TOKEN_2022_PROGRAM);
    const [sus] = await search(world.token("suspicious").mint);
    expect(sus).toMatchObject({ audit: { isSus: true } });
    const [normal] = await search(world.token("normal").mint);
    expect(normal?.["audit"]).not.toHaveProperty("isSus");
    expect(normal).not.toHaveProperty("mintAuthority");
    expect(Object.keys(normal ?? {})).toEqual(
      expect.arrayContaining(["liquidity", "mcap", "organicScore", "holderCount", "firstPool"]),
    );
  });

  test("a young token's pool is younger than a day", async ({ expect }) => {
    const [young] = await search(world.token("young").mint);
    const createdMs = Date.parse(young?.firstPool.createdAt ?? "");
    expect(world.clock.nowMs() - createdMs).toBeLessThan(86_400_000);
  });

  test("finds by symbol and name, several mints by comma, and nothing else", async ({ expect }) => {
    const [one, other] = world.market.tokens;
    if (one === undefined || other === undefined) throw new Error("expected two tokens");
    const bySymbol = await search(one.spec.symbol.toLowerCase());
    expect(bySymbol.map(({ id }) => id)).toContain(one.mint);
    const both = await search(`${one.mint},${other.mint},nobody`);
    expect(both.map(({ id }) => id)).toEqual([one.mint, other.mint]);
    expect(await search("no such token")).toEqual([]);
  });

  test("the largest holders of a suspicious token hold most of it", async ({ expect }) => {
    const [sus] = await search(world.token("suspicious").mint);
    const [normal] = await search(world.token("normal").mint);
    expect(sus?.audit.topHoldersPercentage).toBeGreaterThan(40);
    expect(normal?.audit.topHoldersPercentage).toBeLessThan(30);
  });
});

describe("requests that make no sense", () => {
  test.for([
    ["no input mint", { inputMint: "" }],
    ["a mint that is no key", { outputMint: "0x12" }],
    ["a mint that is not listed", { outputMint: "9n4nbM75f5Ui33ZbPYXn59EwSgE8CGsHtAeTH5YFeJ9E" }],
    ["the same mint twice", { outputMint: NATIVE_MINT }],
    ["no amount", { amount: "" }],
    ["an amount of zero", { amount: "0" }],
    ["a negative amount", { amount: "-1" }],
    ["a fractional amount", { amount: "1.5" }],
    ["more than a u64", { amount: "18446744073709551616" }],
    ["too much slippage", { slippageBps: "10001" }],
    ["ExactOut", { swapMode: "ExactOut" }],
    ["no taker", { taker: "" }],
    ["a fee without an account", { platformFeeBps: "10" }],
    ["too small a tip", { tipAmount: "999999" }],
  ] as const)("%s is 400 with a reason", async ([, change], { expect }) => {
    const query = {
      inputMint: NATIVE_MINT,
      outputMint: world.token("normal").mint,
      amount: "1000000",
      taker: world.wallet("asker").publicKey.toBase58(),
      ...change,
    };
    const response = await world.get(`/swap/v2/build?${new URLSearchParams(query)}`);
    expect(response.status).toBe(400);
    const body = (await response.json()) as { requestId: string; error: string };
    expect(body.error).not.toBe("");
    expect(body.requestId).not.toBe("");
  });

  test("the market can be listed, halted and started", async ({ expect }) => {
    const listed = (await read("/world/market")) as { tokens: { mint: string; price: number }[] };
    expect(listed.tokens.length).toBe(world.market.tokens.length);
    await world.post("/world/market", { moving: false });
    expect(world.market.moving).toBe(false);
    await world.post("/world/market", { moving: true });
    expect(world.market.moving).toBe(true);
    expect((await world.get("/world/nothing")).status).toBe(404);
    expect((await world.get("/swap/v3/build")).status).toBe(404);
  });
});
