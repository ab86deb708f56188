import { describe, test } from "vitest";
import { createAttemptRow, createFakeChain, SIGNATURE } from "./fake-chain.ts";
import type { FakeAnswer } from "./fake-net.ts";
import { LaneSet } from "./lanes.ts";
import { submitSwap } from "./submit-swap.ts";

const TAKEN: FakeAnswer = { result: SIGNATURE };
const BAD_SIGNATURE: FakeAnswer = {
  error: { code: -32_003, message: "Transaction signature verification failure" },
};
const NOT_SANE: FakeAnswer = {
  error: {
    code: -32_602,
    message: "invalid transaction: Transaction failed to sanitize accounts offsets correctly",
  },
};
const TOO_LARGE: FakeAnswer = {
  error: {
    code: -32_602,
    message: "base64 encoded solana_transaction::versioned::VersionedTransaction too large: 1644",
  },
};

async function submit(first: FakeAnswer, second: FakeAnswer) {
  const { net, nodes, rpc, clock } = createFakeChain();
  nodes[0].broken.set("sendTransaction", first);
  nodes[1].broken.set("sendTransaction", second);
  const attempt = createAttemptRow("buy");
  const lanes = new LaneSet({ rpc, lanes: [], clock, slotNow: () => undefined });
  return { net, attempt, outcome: await submitSwap(lanes, attempt) };
}

describe("a submission", () => {
  test("sends the journaled bytes to every node, without preflight or retries", async ({
    expect,
  }) => {
    const { net, attempt } = await submit(TAKEN, TAKEN);
    expect(net.calls.map(({ host }) => host)).toEqual(["node0.example", "node1.example"]);
    for (const { method, params } of net.calls) {
      expect(method).toBe("sendTransaction");
      expect(params[0]).toBe(attempt.payload);
      expect(params[1]).toMatchObject({ encoding: "base64", skipPreflight: true, maxRetries: 0 });
    }
  });

  test("is accepted when one node takes it, whatever the other says", async ({ expect }) => {
    for (const other of [{ failure: "timeout" } as const, BAD_SIGNATURE, { result: 5 }]) {
      const { outcome } = await submit(other, TAKEN);
      expect(outcome).toMatchObject({ outcome: "accepted", lanes: ["node1.example"] });
    }
  });

  test("is accepted when a node has processed it already", async ({ expect }) => {
    const message = "Transaction simulation failed: This transaction has already been processed";
    const data = { err: "AlreadyProcessed", logs: [] };
    const done: FakeAnswer = { error: { code: -32_002, message, data } };
    expect((await submit(done, { failure: "timeout" })).outcome.outcome).toBe("accepted");
  });

  test.for([
    ["signature", BAD_SIGNATURE],
    ["form", NOT_SANE],
    ["size", TOO_LARGE],
  ] as const)("is rejected when all nodes refuse its %s", async ([, refusal], { expect }) => {
    const { outcome } = await submit(refusal, refusal);
    expect(outcome.outcome).toBe("rejected");
  });

  test.for<[string, FakeAnswer]>([
    ["a timeout", { failure: "timeout" }],
    ["a cut connection", { failure: "reset" }],
    ["a refused connection", { failure: "refused" }],
    ["status 429", { status: 429, body: "slow down" }],
    ["status 502", { status: 502, body: "" }],
    ["garbage", { status: 200, body: "<html>" }],
    ["another signature", { result: "x".repeat(88) }],
    ["blockhash not found", { error: { code: -32_002, message: "Blockhash not found" } }],
    ["a node that is behind", { error: { code: -32_005, message: "Node is unhealthy" } }],
    ["unknown invalid params", { error: { code: -32_602, message: "something else" } }],
    ["an internal error", { error: { code: -32_603, message: "Internal error" } }],
  ])("is unknown after %s, never rejected", async ([, answer], { expect }) => {
    expect((await submit(answer, answer)).outcome.outcome).toBe("unknown");
    expect((await submit(answer, BAD_SIGNATURE)).outcome.outcome).toBe("unknown");
    expect((await submit(BAD_SIGNATURE, answer)).outcome.outcome).toBe("unknown");
  });
});
