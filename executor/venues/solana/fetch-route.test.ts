import { describe, test } from "vitest";
import type { RouteRequest } from "../../ports/venue.ts";
import { type FakeAnswer, FakeClock, FakeNet } from "./fake-net.ts";
import { fetchRoute } from "./fetch-route.ts";
import { BOUGHT_MINT, createBuildBody, TAKER } from "./jupiter-fixture.ts";
import { createJupiter } from "./jupiter.ts";
import { WSOL_MINT } from "./programs.ts";

/** 41,580,000 base units of 6 decimals are the least that 0.1 SOL may bring. */
const FAIR_E9 = 2_405_002_405_002_405n;
const DEVIATION_BPS = 2_700;

interface Scene {
  side?: "buy" | "sell";
  /** Lamports per whole token, scaled by 1e9; undefined: the list does not know the token. */
  listedE9: bigint | undefined;
  expectedPriceE9?: bigint | null;
  prices?: FakeAnswer;
}

function ok(body: unknown): FakeAnswer {
  return { status: 200, body: JSON.stringify(body) };
}

/** SOL stands at 1,000 dollars, so that the token's price in dollars is exact enough. */
function listing(listedE9: bigint | undefined): FakeAnswer {
  const usdPrice = Number(listedE9 ?? 0n) / 1e15;
  return ok({
    [WSOL_MINT]: { usdPrice: 1_000 },
    ...(listedE9 === undefined ? {} : { [BOUGHT_MINT]: { usdPrice } }),
  });
}

/** The same trade both ways: a sell gets the 0.1 SOL that the buy pays. */
function buildFor(side: "buy" | "sell"): FakeAnswer {
  const body = createBuildBody();
  if (side === "buy") return ok(body);
  const sold = { inputMint: BOUGHT_MINT, outputMint: WSOL_MINT };
  return ok({ ...body, ...sold, inAmount: "42000000", outAmount: "100000000" });
}

function createScene(scene: Scene) {
  const { side = "buy", expectedPriceE9 = null } = scene;
  const net = new FakeNet();
  const clock = new FakeClock();
  const asked: string[] = [];
  net.web = ({ pathname }) => {
    asked.push(pathname);
    if (pathname === "/swap/v2/build") return buildFor(side);
    return scene.prices ?? listing(scene.listedE9);
  };
  const settings = { url: "https://jup.example", apiKey: undefined, timeoutMs: 1_000 };
  const jupiter = createJupiter({ net, clock, settings });
  const request: RouteRequest = {
    wallet: TAKER,
    mint: BOUGHT_MINT,
    side,
    quantityIn: side === "buy" ? 100_000_000n : 42_000_000n,
    slippageBps: 100,
    priceCheck: { expectedPriceE9, deviationBpsMax: DEVIATION_BPS },
  };
  const deps = { jupiter, clock, readDecimals: async () => 6 };
  return { net, clock, asked, request, deps, fetch: () => fetchRoute(deps, request) };
}

/** A price that the buy's least outcome is worse than by so many bps. */
function cheaperBy(bps: number): bigint {
  return (FAIR_E9 * BigInt(10_000 - bps)) / 10_000n;
}

describe("a buy", () => {
  test("is not doubted up to the deviation, and is beyond it", async ({ expect }) => {
    const near = await createScene({ listedE9: cheaperBy(DEVIATION_BPS - 5) }).fetch();
    expect(near.priceDoubt).toBeUndefined();
    const { asked, fetch } = createScene({ listedE9: cheaperBy(DEVIATION_BPS + 5) });
    expect((await fetch()).priceDoubt).toEqual({
      reason: "the route is more than 27 % worse than its listed price",
      alert: true,
    });
    expect(asked).toHaveLength(2);
  });

  test("at a better price than the listed one is not doubted", async ({ expect }) => {
    const { fetch } = createScene({ listedE9: FAIR_E9 * 5n, expectedPriceE9: FAIR_E9 * 5n });
    expect((await fetch()).priceDoubt).toBeUndefined();
  });

  test("that became dearer since it was ordered is doubted without alarm", async ({ expect }) => {
    const expectedPriceE9 = cheaperBy(DEVIATION_BPS + 5);
    const { fetch } = createScene({ listedE9: FAIR_E9, expectedPriceE9 });
    expect((await fetch()).priceDoubt).toMatchObject({ alert: false });
  });

  test.for<[string, FakeAnswer | undefined]>([
    ["does not know the token", undefined],
    ["does not answer", { failure: "timeout" }],
    ["answers 429", { status: 429, body: "" }],
  ])("is held against its order's price when the list %s", async ([, prices], { expect }) => {
    const rest = prices === undefined ? {} : { prices };
    const dear = { listedE9: undefined, expectedPriceE9: cheaperBy(3_000), ...rest };
    expect((await createScene(dear).fetch()).priceDoubt).toBeDefined();
    const fair = { ...dear, expectedPriceE9: FAIR_E9 };
    expect((await createScene(fair).fetch()).priceDoubt).toBeUndefined();
  });

  test("of which no price is known is no route", async ({ expect }) => {
    const { fetch } = createScene({ listedE9: undefined });
    await expect(fetch()).rejects.toMatchObject({ code: "RAPTOR_VENUE__NO_ROUTE" });
  });
});

describe("a sell", () => {
  test("is asked for twice and then comes with its doubt", async ({ expect }) => {
    const { asked, fetch } = createScene({ side: "sell", listedE9: FAIR_E9 * 2n });
    expect((await fetch()).priceDoubt).toMatchObject({ alert: true });
    expect(asked.filter((path) => path === "/swap/v2/build")).toHaveLength(2);
  });

  test("is taken as it is when the second answer is good", async ({ expect }) => {
    const scene = createScene({ side: "sell", listedE9: FAIR_E9 * 2n });
    const { web } = scene.net;
    let priceAsks = 0;
    scene.net.web = (url, request) => {
      const isGood = url.pathname === "/price/v3" && ++priceAsks === 2;
      return isGood ? listing(FAIR_E9) : web(url, request);
    };
    expect((await scene.fetch()).priceDoubt).toBeUndefined();
  });

  test("is not held up by a list that does not know the token or is slow", async ({ expect }) => {
    const unlisted = createScene({ side: "sell", listedE9: undefined });
    expect((await unlisted.fetch()).priceDoubt).toBeUndefined();
    const { clock, deps, request } = createScene({ side: "sell", listedE9: FAIR_E9 * 2n });
    const jupiter = { ...deps.jupiter, fetchUsdPricesE30: () => new Promise<never>(() => {}) };
    const route = fetchRoute({ ...deps, jupiter }, request);
    await clock.advance(250);
    expect((await route).priceDoubt).toBeUndefined();
  });
});

test("a question that nobody trades on asks for no price", async ({ expect }) => {
  const { asked, deps, request } = createScene({ listedE9: undefined });
  const { priceCheck: _, ...bare } = request;
  await fetchRoute(deps, bare);
  expect(asked).toEqual(["/swap/v2/build"]);
});
