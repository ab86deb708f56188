import { Secret } from "@raptor/shared/values/secret.ts";
import { describe, test } from "vitest";
import { type FakeAnswer, FakeClock, FakeNet } from "./fake-net.ts";
import { BOUGHT_MINT, createBuildBody, STRANGER, TAKER } from "./jupiter-fixture.ts";
import { createJupiter } from "./jupiter.ts";
import { WSOL_MINT } from "./programs.ts";

const QUESTION = {
  wallet: TAKER,
  inputMint: WSOL_MINT,
  outputMint: BOUGHT_MINT,
  quantityIn: 100_000_000n,
  slippageBps: 100,
};
const KEY = "jup-key-hush-hush";

function createWorld(answer: FakeAnswer) {
  const net = new FakeNet();
  const clock = new FakeClock();
  const state = { answer };
  net.web = () => state.answer;
  const settings = { url: "https://jup.example", apiKey: new Secret(KEY), timeoutMs: 1_000 };
  return { net, clock, state, jupiter: createJupiter({ net, clock, settings }) };
}

function ok(body: unknown, headers: Record<string, string> = {}): FakeAnswer {
  return { status: 200, body: JSON.stringify(body), headers };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "no error",
    (error: unknown) => (error as { code: string }).code,
  );
}

describe("a build question", () => {
  test("names the order exactly, with the key in the header only", async ({ expect }) => {
    const { net, jupiter } = createWorld(ok(createBuildBody()));
    const answer = await jupiter.fetchBuild(QUESTION);
    expect(answer).toMatchObject({ inAmount: 100_000_000n, outAmount: 42_000_000n });
    const [request] = net.requests;
    const url = new URL(request?.url ?? "");
    expect(url.pathname).toBe("/swap/v2/build");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      inputMint: WSOL_MINT,
      outputMint: BOUGHT_MINT,
      amount: "100000000",
      taker: TAKER,
      slippageBps: "100",
    });
    expect(request?.headers?.["x-api-key"]).toBe(KEY);
    expect(request?.url).not.toContain(KEY);
  });

  const unusable: [string, (body: Record<string, unknown>) => void][] = [
    ["an amount with a sign", (body) => void (body["outAmount"] = "-1")],
    ["an amount as a number", (body) => void (body["outAmount"] = 42)],
    ["an amount beyond 64 bits", (body) => void (body["outAmount"] = "18446744073709551616")],
    ["another swap mode", (body) => void (body["swapMode"] = "ExactOut")],
    ["slippage over 100 %", (body) => void (body["slippageBps"] = 10_001)],
    ["no route plan", (body) => void (body["routePlan"] = [])],
    ["no swap", (body) => delete body["swapInstruction"]],
    ["a program that is no address", (body) => void (body["swapInstruction"] = swapWith("x"))],
    [
      "a table that is no address",
      (body) => void (body["addressesByLookupTableAddress"] = { x: [] }),
    ],
    [
      "300 addresses in a table",
      (body) => {
        body["addressesByLookupTableAddress"] = { [STRANGER]: Array(300).fill(STRANGER) };
      },
    ],
    [
      "500 set-up instructions",
      (body) => {
        body["setupInstructions"] = Array(500).fill(body["swapInstruction"]);
      },
    ],
  ];
  test.for(unusable)("refuses an answer with %s", async ([, change], { expect }) => {
    const body = createBuildBody();
    change(body);
    const { jupiter } = createWorld(ok(body));
    expect(await codeOf(jupiter.fetchBuild(QUESTION))).toBe("RAPTOR_VENUE__BAD_ANSWER");
  });

  test.for<[string, FakeAnswer, string]>([
    ["garbage", { status: 200, body: "<html>" }, "RAPTOR_VENUE__BAD_ANSWER"],
    ["an empty body", { status: 200, body: "" }, "RAPTOR_VENUE__BAD_ANSWER"],
    ["an endless body", { failure: "too-large" }, "RAPTOR_VENUE__BAD_ANSWER"],
    ["500", { status: 500, body: "oops" }, "RAPTOR_VENUE__UNAVAILABLE"],
    ["no answer", { failure: "timeout" }, "RAPTOR_VENUE__UNAVAILABLE"],
    [
      "401",
      { status: 401, body: '{"code":401,"message":"Unauthorized"}' },
      "RAPTOR_VENUE__UNAVAILABLE",
    ],
    ["429", { status: 429, body: "{}" }, "RAPTOR_VENUE__RATE_LIMITED"],
    ["no route", { status: 400, body: '{"error":"No routes found"}' }, "RAPTOR_VENUE__NO_ROUTE"],
    [
      "another 400",
      { status: 400, body: '{"error":"taker is required"}' },
      "RAPTOR_VENUE__BAD_ANSWER",
    ],
  ])("turns %s into a clear error without the key", async ([, answer, code], { expect }) => {
    const { jupiter } = createWorld(answer);
    const error: unknown = await jupiter.fetchBuild(QUESTION).catch((caught: unknown) => caught);
    expect((error as { code: string }).code).toBe(code);
    expect(String(error) + JSON.stringify(jupiter.health())).not.toContain(KEY);
    const isWorking = code === "RAPTOR_VENUE__NO_ROUTE";
    expect(jupiter.health().ok).toBe(isWorking);
  });

  test("prints a stranger's words as plain ASCII on one line", async ({ expect }) => {
    const error = `No routes found\n\u202Eevil ${"x".repeat(500)}`;
    const { jupiter } = createWorld({ status: 400, body: JSON.stringify({ error }) });
    const caught: unknown = await jupiter.fetchBuild(QUESTION).catch((thrown: unknown) => thrown);
    expect(String(caught)).toMatch(/^[\x20-\x7e]{1,400}$/);
  });
});

describe("the rate limit", () => {
  function resetHeader(clock: FakeClock, inMs: number): string {
    return String(Math.ceil((clock.nowMs() + inMs) / 1_000));
  }

  test("keeps silent until the reset after a 429, then asks again", async ({ expect }) => {
    const { net, clock, state, jupiter } = createWorld(ok([]));
    const headers = { "x-ratelimit-reset": resetHeader(clock, 5_000) };
    state.answer = { status: 429, body: "[API Gateway] Too many requests", headers };
    expect(await codeOf(jupiter.fetchToken(BOUGHT_MINT))).toBe("RAPTOR_VENUE__RATE_LIMITED");
    state.answer = ok([]);
    expect(await codeOf(jupiter.fetchToken(BOUGHT_MINT))).toBe("RAPTOR_VENUE__RATE_LIMITED");
    expect(net.requests).toHaveLength(1);
    expect(jupiter.waitMs()).toBeGreaterThan(4_000);
    await clock.advance(6_000);
    expect(await jupiter.fetchToken(BOUGHT_MINT)).toBeUndefined();
  });

  test("lets prices wait before trades have to", async ({ expect }) => {
    const { clock, state, jupiter } = createWorld(ok([]));
    const reset = resetHeader(clock, 30_000);
    state.answer = ok([], { "x-ratelimit-remaining": "3", "x-ratelimit-reset": reset });
    await jupiter.fetchToken(BOUGHT_MINT);
    expect(jupiter.waitMs()).toBeGreaterThan(20_000);
    state.answer = ok(createBuildBody());
    expect(await codeOf(jupiter.fetchBuild(QUESTION))).toBe("no error");
  });

  test("never waits longer than a minute on the other side's clock", async ({ expect }) => {
    const headers = { "x-ratelimit-reset": "99999999999" };
    const { jupiter } = createWorld({ status: 429, body: "{}", headers });
    await codeOf(jupiter.fetchToken(BOUGHT_MINT));
    expect(jupiter.waitMs()).toBeLessThanOrEqual(60_000);
  });
});

describe("prices", () => {
  /** GET /price/v3, 200, of Jupiter's OpenAPI file. */
  function prices(entries: Record<string, unknown>): FakeAnswer {
    const rest = {
      createdAt: "2024-06-05T08:55:25.527Z",
      liquidity: 621_679_197.67,
      blockId: 348_004_023,
      decimals: 9,
      priceChange24h: 1.29,
    };
    return ok(
      Object.fromEntries(
        Object.entries(entries).map(([mint, usdPrice]) => [mint, { ...rest, usdPrice }]),
      ),
    );
  }

  test.for([
    ["null", null],
    ["text", "cheap"],
    ["another shape", { price: 1 }],
    ["a price that is no number", { usdPrice: "1" }],
    ["a negative price", { usdPrice: -1 }],
  ])("of other mints are read beside an entry that is %s", async ([, entry], { expect }) => {
    const { jupiter } = createWorld(
      ok({ [BOUGHT_MINT]: entry, [WSOL_MINT]: { usdPrice: 150 }, [STRANGER]: { usdPrice: 2 } }),
    );
    const read = await jupiter.fetchUsdPricesE30([BOUGHT_MINT, WSOL_MINT, STRANGER]);
    expect([...read.keys()]).toEqual([WSOL_MINT, STRANGER]);
  });

  test("are read exactly, exponents included", async ({ expect }) => {
    const { jupiter } = createWorld(
      prices({ [WSOL_MINT]: 147.48, [BOUGHT_MINT]: 0.000_000_000_123_4, [STRANGER]: 1e-21 }),
    );
    const read = await jupiter.fetchUsdPricesE30([WSOL_MINT, BOUGHT_MINT, STRANGER]);
    expect(read.get(WSOL_MINT)).toBe(147_480_000_000_000_000_000_000_000_000_000n);
    expect(read.get(BOUGHT_MINT)).toBe(123_400_000_000_000_000_000n);
    expect(read.get(STRANGER)).toBe(1_000_000_000n);
  });

  test("that are absent, null, zero, absurd or not asked for stay out", async ({ expect }) => {
    const body = JSON.parse(
      (prices({ [TAKER]: 1, [STRANGER]: 0, [WSOL_MINT]: 1e300 }) as { body: string }).body,
    ) as object;
    const { jupiter } = createWorld(ok({ ...body, [BOUGHT_MINT]: null }));
    const read = await jupiter.fetchUsdPricesE30([WSOL_MINT, BOUGHT_MINT, STRANGER]);
    expect([...read.keys()]).toEqual([]);
  });
});

test("a token is found by its mint, not by a name that looks like it", async ({ expect }) => {
  const token = { id: STRANGER, name: BOUGHT_MINT, symbol: BOUGHT_MINT, decimals: 6 };
  const { jupiter } = createWorld(ok([token]));
  expect(await jupiter.fetchToken(BOUGHT_MINT)).toBeUndefined();
  expect(await jupiter.fetchToken(STRANGER)).toMatchObject({ decimals: 6 });
});

function swapWith(programId: string): unknown {
  return { programId, accounts: [], data: "" };
}
