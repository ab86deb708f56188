import { describe, test } from "vitest";
import { SIGNATURE } from "./fake-chain.ts";
import { evenPrng, type FakeAnswer, FakeClock, FakeNet } from "./fake-net.ts";
import type { Landing } from "./lane.ts";
import type { TipTaker } from "./tip-accounts.ts";
import { createTipLanes, type TipService } from "./tip-lane.ts";

const HOST = "lane.example";

function landingOf(taker: TipTaker, lamports: bigint, isProtected = false): Landing {
  return { isProtected, plainAfterSlots: undefined, tips: [{ taker, account: "tip", lamports }] };
}

function createLane(taker: TipTaker, change: Partial<TipService> = {}) {
  const net = new FakeNet();
  const clock = new FakeClock();
  const said: { answer: FakeAnswer } = { answer: { result: SIGNATURE } };
  net.nodes.set(HOST, () => said.answer);
  const service: TipService = {
    taker,
    urls: [`https://${HOST}/`],
    requestsPerSecond: 2,
    tipLamports: 10_000n,
    key: undefined,
    sendsBundles: false,
    ...change,
  };
  const [lane] = createTipLanes({ net, clock, prng: evenPrng, timeoutMs: 5_000 }, service);
  if (lane === undefined) throw new Error("expected a lane");
  const send = (landing: Landing) => lane.send("bytes", SIGNATURE, landing);
  return { lane, net, clock, said, send };
}

describe("where the bytes go", () => {
  test("Jito takes them as a transaction, or as a bundle where they are protected", async ({
    expect,
  }) => {
    const { net, send } = createLane("jito", { key: "uuid-of-the-desk" });
    await send(landingOf("jito", 10_000n));
    await send(landingOf("jito", 10_000n, true));
    expect(net.requests.map(({ url }) => url)).toEqual([
      `https://${HOST}/api/v1/transactions`,
      `https://${HOST}/api/v1/transactions?bundleOnly=true`,
    ]);
    expect(net.requests[0]?.headers).toMatchObject({ "x-jito-auth": "uuid-of-the-desk" });
    expect(net.calls[0]).toMatchObject({
      method: "sendTransaction",
      params: ["bytes", { encoding: "base64" }],
    });
  });

  test("Jito takes a bundle of one where that is configured", async ({ expect }) => {
    const { net, send, said } = createLane("jito", { sendsBundles: true });
    said.answer = {
      result: "2id3YC2jK9G5Wo2phDx4gJVAew8DcY5NAojnVuao8rkxwPYPe8cSwE5GzhEgJA2y8fVj",
    };
    expect(await send(landingOf("jito", 10_000n))).toMatchObject({ word: "accepted" });
    expect(net.requests[0]?.url).toBe(`https://${HOST}/api/v1/bundles`);
    const params = [["bytes"], { encoding: "base64" }];
    expect(net.calls[0]).toMatchObject({ method: "sendBundle", params });
  });

  test("Sender takes them by the route that the tip pays for", async ({ expect }) => {
    const { net, send } = createLane("helius", { urls: [`https://${HOST}/fast`] });
    await send(landingOf("helius", 5_000n));
    await send(landingOf("helius", 1_000_000n));
    expect(net.requests.map(({ url }) => url)).toEqual([
      `https://${HOST}/fast?swqos_only=true`,
      `https://${HOST}/fast`,
    ]);
    const options = { encoding: "base64", skipPreflight: true, maxRetries: 0 };
    expect(net.calls[0]?.params).toEqual(["bytes", options]);
  });

  test("Jupiter gets its key", async ({ expect }) => {
    const { net, send } = createLane("jupiter", { key: "hush" });
    await send(landingOf("jupiter", 1_000_000n));
    expect(net.requests[0]?.headers).toMatchObject({ "x-api-key": "hush" });
  });

  test("never for longer than two seconds", async ({ expect }) => {
    const { net, send } = createLane("jito");
    await send(landingOf("jito", 10_000n));
    expect(net.requests[0]?.timeoutMs).toBe(2_000);
  });
});

describe("a lane's rules", () => {
  test.for<[TipTaker, bigint]>([
    ["jito", 1_000n],
    ["helius", 5_000n],
    ["jupiter", 1_000_000n],
  ])("want a tip of its own, at least the minimum: %s", ([taker, least], { expect }) => {
    const { lane } = createLane(taker);
    expect(lane.check(landingOf(taker, least))).toBeUndefined();
    expect(lane.check(landingOf(taker, least - 1n))).toContain(`is below ${least}`);
    const other = taker === "jito" ? "helius" : "jito";
    expect(lane.check(landingOf(other, 5_000_000n))).toContain("no tip");
  });

  test("keep a protected order away from Jupiter only", ({ expect }) => {
    const check = (taker: TipTaker) =>
      createLane(taker).lane.check(landingOf(taker, 1_000_000n, true));
    expect(check("jupiter")).toBe("the order is protected");
    expect(check("jito")).toBeUndefined();
    expect(check("helius")).toBeUndefined();
  });

  test("allow so many calls a second", async ({ expect }) => {
    const { lane, clock } = createLane("jito");
    expect([lane.hold(false), lane.hold(false)]).toEqual([undefined, undefined]);
    expect(lane.hold(false)).toBe("its limit of calls is reached");
    await clock.advance(500);
    expect(lane.hold(true)).toBe("its limit of calls is reached");
    expect(lane.hold(false)).toBeUndefined();
  });
});

describe("a lane's answer", () => {
  test.for<[string, TipTaker, FakeAnswer, string]>([
    ["the signature", "jito", { result: SIGNATURE }, "accepted"],
    ["another signature", "jito", { result: "x".repeat(88) }, "unclear"],
    ["nothing", "helius", { failure: "timeout" }, "unclear"],
    ["a broken line", "helius", { failure: "reset" }, "unclear"],
    ["a page", "jupiter", { status: 502, body: "<html>" }, "unclear"],
    ["a known transaction", "jito", jsonError(-32_002, "AlreadyProcessed"), "accepted"],
    ["a bad signature", "jito", jsonError(-32_003, "signature verification failure"), "refused"],
    ["no sense", "helius", jsonError(-32_602, "failed to deserialize"), "refused"],
    ["tip too low", "jupiter", jsonError(-1_013, "tip"), "refused"],
    ["tip missing", "jupiter", jsonError(-1_014, "tip"), "refused"],
    ["Jupiter's code from Jito", "jito", jsonError(-1_013, "tip"), "unclear"],
    ["something else", "jito", jsonError(-32_000, "bundle dropped"), "unclear"],
  ])("of %s from %s", async ([, taker, answer, word], { expect }) => {
    const { send, said } = createLane(taker);
    said.answer = answer;
    expect(await send(landingOf(taker, 1_000_000n))).toMatchObject({ word, isLimited: false });
  });

  test("of 429 lets it rest for as long as it asks, and then for longer", async ({ expect }) => {
    const { send, said, lane, clock } = createLane("jito", { requestsPerSecond: 100 });
    said.answer = { status: 429, body: "{}", headers: { "retry-after": "2" } };
    expect(await send(landingOf("jito", 10_000n))).toMatchObject({
      word: "unclear",
      isLimited: true,
    });
    expect(lane.hold(false)).toBe("it rests");
    await clock.advance(2_001);
    expect(lane.hold(false)).toBeUndefined();
    await send(landingOf("jito", 10_000n, true));
    await clock.advance(1_000);
    expect(lane.hold(false)).toBe("it rests");
    await clock.advance(60_000);
    said.answer = { result: SIGNATURE };
    await send(landingOf("jito", 10_000n));
    await send(landingOf("jito", 10_000n, true));
    expect(lane.hold(false)).toBeUndefined();
  });
});

function jsonError(code: number, message: string): FakeAnswer {
  return { error: { code, message } };
}

test("each address is a lane of its own name and limit", ({ expect }) => {
  const deps = { net: new FakeNet(), clock: new FakeClock(), prng: evenPrng, timeoutMs: 1_000 };
  const urls = ["https://ny.example/", "https://ams.example/", "https://ny.example/"];
  const service: TipService = {
    taker: "jito",
    urls,
    requestsPerSecond: 1,
    tipLamports: 10_000n,
    key: undefined,
    sendsBundles: false,
  };
  const lanes = createTipLanes(deps, service);
  expect(lanes.map(({ name }) => name)).toEqual([
    "jito ny.example",
    "jito ams.example",
    "jito ny.example#2",
  ]);
  expect(lanes.map((lane) => lane.hold(false))).toEqual([undefined, undefined, undefined]);
});
