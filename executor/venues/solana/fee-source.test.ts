import { describe, test } from "vitest";
import { createFakeChain, WALLET } from "./fake-chain.ts";
import { type FakeAnswer, FakeNet } from "./fake-net.ts";
import { createFeeEstimate, createRecentFees, parseUnitPrice } from "./fee-source.ts";

/** Envelope of the Solana JSON-RPC documentation, getRecentPrioritizationFees. */
async function recent(fees: readonly unknown[]): Promise<bigint | undefined> {
  const { nodes, rpc } = createFakeChain();
  const result = fees.map((prioritizationFee, at) => ({ slot: 348_125 + at, prioritizationFee }));
  for (const node of nodes) node.broken.set("getRecentPrioritizationFees", { result });
  return createRecentFees(rpc).fetchUnitPrice([WALLET]);
}

async function estimate(answer: FakeAnswer): Promise<bigint | undefined> {
  const net = new FakeNet();
  net.nodes.set("fees.example", () => answer);
  return createFeeEstimate(net, "https://fees.example/?api-key=hush", 500).fetchUnitPrice([WALLET]);
}

describe("recent fees", () => {
  test("are the upper part of what was paid in slots where somebody paid", async ({ expect }) => {
    expect(await recent([0, 0, 0, 100, 200, 300, 400])).toBe(400n);
    expect(await recent([0, 0, 5_000])).toBe(5_000n);
    const hundred = Array.from({ length: 100 }, (_, at) => (at + 1) * 10);
    expect(await recent(hundred)).toBe(760n);
  });

  test("say nothing where nobody paid or only nonsense stands", async ({ expect }) => {
    expect(await recent([])).toBeUndefined();
    expect(await recent([0, 0])).toBeUndefined();
    expect(await recent([null, "7", { fee: 1 }, -3, 1e30])).toBeUndefined();
    expect(await recent([null, 1e30, 77.9])).toBe(77n);
  });

  test("are asked for the accounts of the trade, at most 128 of them", async ({ expect }) => {
    const { nodes, rpc, net } = createFakeChain();
    for (const node of nodes) node.broken.set("getRecentPrioritizationFees", { result: [] });
    await createRecentFees(rpc).fetchUnitPrice(Array.from({ length: 200 }, () => WALLET));
    expect(net.calls[0]?.params).toEqual([Array.from({ length: 128 }, () => WALLET)]);
  });
});

describe("a provider's estimate", () => {
  test("is rounded down when it is fractional", async ({ expect }) => {
    expect(await estimate({ result: { priorityFeeEstimate: 50_000.7 } })).toBe(50_000n);
    expect(await estimate({ result: { priorityFeeEstimate: 0.2 } })).toBe(0n);
  });

  test.for<[string, FakeAnswer]>([
    ["a number", { result: 5_000 }],
    ["an object", { result: { priorityFeeEstimate: { veryHigh: 5_000 } } }],
    ["a text", { result: { priorityFeeEstimate: "5000" } }],
    ["nothing", { result: { priorityFeeEstimate: null } }],
    ["levels only", { result: { priorityFeeLevels: { high: 5_000 } } }],
    ["a negative", { result: { priorityFeeEstimate: -1 } }],
    ["1e30", { result: { priorityFeeEstimate: 1e30 } }],
    ["an error", { error: { code: -32_601, message: "Method not found" } }],
    ["a page", { status: 200, body: "<html>" }],
    ["status 429", { status: 429, body: "{}" }],
    ["no answer", { failure: "timeout" }],
  ])("that is %s counts as none", async ([, answer], { expect }) => {
    expect(await estimate(answer)).toBeUndefined();
  });

  test("that is no finite number never becomes a price", ({ expect }) => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, undefined, [], true]) {
      expect(parseUnitPrice(value)).toBeUndefined();
    }
  });
});
