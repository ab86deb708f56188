import { describe, test } from "vitest";
import {
  BOUND,
  createAttemptRow,
  createFakeChain,
  createNodeState,
  createTransaction,
  MINT,
  type NodeState,
  SIGNATURE,
} from "./fake-chain.ts";
import type { FakeAnswer } from "./fake-net.ts";
import { fetchAttemptReport } from "./fetch-attempt.ts";
import {
  claim,
  createBuy,
  createJudge,
  fail,
  HELD_AFTER,
  silence,
  succeed,
} from "./verdict-fixture.ts";

describe("a success", () => {
  test("that two nodes tell is a fill by what the chain moved", async ({ expect }) => {
    const { nodes, ask } = await createJudge();
    for (const node of nodes) succeed(node);
    expect(await ask()).toMatchObject({
      state: "landed",
      fillId: SIGNATURE,
      quantity: 300n,
      notionalLamports: 500_000_000n,
      feeLamports: 25_000n,
      rentLamports: 0n,
      venueSlot: 4_400,
      evidence: { words: { "node0.example": { word: "success", slot: 4_400 } } },
    });
  });

  test("of one node is only seen, however final it calls it", async ({ expect }) => {
    for (const index of [0, 1] as const) {
      const { nodes, askFor } = await createJudge();
      claim(nodes[index]);
      const report = await askFor(60_000);
      expect(report).toMatchObject({
        state: "seen",
        evidence: { words: { [`node${1 - index}.example`]: { word: "unknown" } } },
      });
    }
  });

  test("of one node is landed when the other's balance shows it", async ({ expect }) => {
    const { honest, other, ask } = await createJudge();
    succeed(honest);
    other.tokenQuantity = HELD_AFTER;
    const found = await ask();
    expect(found).toMatchObject({ evidence: { balanceWitness: "node1.example" } });
    expect(found.state).toBe("landed");
  });

  const notBorneOut: [string, (node: NodeState) => void][] = [
    ["has not moved", () => undefined],
    ["moved by something else", (node) => void (node.tokenQuantity = HELD_AFTER - 1n)],
    [
      "is from before the landing",
      (node) => {
        node.tokenQuantity = HELD_AFTER;
        node.accountSlot = 4_399;
      },
    ],
    [
      "belongs to a node that says that it failed",
      (node) => {
        fail(node);
        node.tokenQuantity = HELD_AFTER;
      },
    ],
  ];
  test.for(notBorneOut)("is not borne out by a balance that %s", async ([, change], { expect }) => {
    const { honest, other, ask } = await createJudge();
    succeed(honest);
    change(other);
    expect((await ask()).state).toBe("seen");
  });

  test("counts alone only when finalized and the other was out for 10 s", async ({ expect }) => {
    const { honest, other, askFor } = await createJudge();
    succeed(honest, "confirmed");
    silence(other);
    expect((await askFor(20_000)).state).toBe("seen");
    const late = await createJudge();
    succeed(late.honest, "finalized");
    silence(late.other);
    expect((await late.askFor(9_000)).state).toBe("seen");
    await late.clock.advance(3_000);
    expect(await late.ask()).toMatchObject({ state: "landed", evidence: { alone: true } });
  });

  const noUse: [string, FakeAnswer][] = [
    ["is unhealthy", { error: { code: -32_005, message: "Node is behind by 900 slots" } }],
    ["calls its plan used up", { error: { code: -32_429, message: "max usage reached" } }],
    ["asks for patience", { error: { code: 429, message: "Too many requests" } }],
    ["has an internal error", { error: { code: -32_603, message: "Internal error" } }],
    ["has nobody behind it", { status: 503, body: '{"error":{"code":-32000,"message":"down"}}' }],
  ];
  test.for(noUse)("counts alone beside a node that %s for 10 s", async ([, answer], { expect }) => {
    const { honest, other, askFor } = await createJudge();
    succeed(honest, "finalized");
    silence(other, answer);
    expect((await askFor(9_000)).state).toBe("seen");
    expect(await askFor(3_000)).toMatchObject({ state: "landed", evidence: { alone: true } });
  });

  test("does not count alone beside a node that was out and answers again", async ({ expect }) => {
    const { honest, other, ask, askFor } = await createJudge();
    claim(honest);
    silence(other);
    await askFor(9_000);
    await askFor(1_000);
    other.broken.clear();
    await ask();
    silence(other);
    expect((await ask()).state).toBe("seen");
  });

  test("counts alone beside a node that stands still before it", async ({ expect }) => {
    const { honest, other, askFor } = await createJudge();
    succeed(honest, "finalized");
    other.historySlot = 4_399;
    other.accountSlot = 4_399;
    expect((await askFor(9_000)).state).toBe("seen");
    expect((await askFor(3_000)).state).toBe("landed");
  });

  test("whose money two nodes tell differently is not booked", async ({ expect }) => {
    const { nodes, honest, ask } = await createJudge();
    for (const node of nodes) succeed(node, "finalized");
    honest.transaction = createBuy(9_999n);
    expect((await ask()).state).toBe("seen");
    honest.transaction = null;
    expect(await ask()).toMatchObject({ state: "landed", quantity: 300n });
  });

  test("that is processed, or whose balances cannot be read yet, is only seen", async ({
    expect,
  }) => {
    const processed = await createJudge();
    for (const node of processed.nodes) succeed(node, "processed");
    expect((await processed.ask()).state).toBe("seen");
    const unreadable = await createJudge();
    for (const node of unreadable.nodes) {
      succeed(node);
      node.transaction = null;
    }
    expect((await unreadable.ask()).state).toBe("seen");
  });

  test("of a sell is booked when it opened an account dearer than what it brought", async ({
    expect,
  }) => {
    const chain = createFakeChain();
    await chain.rpc.checkChain();
    for (const node of chain.nodes) {
      node.status = { commitment: "finalized", err: null };
      node.tokenQuantity = 0n;
      // It brought 1,000,000 lamports; its fee was 5,000 and the account's rent 1,844,400.
      node.transaction = createTransaction({
        fee: 5_000,
        pre: [50_000_000, 2_039_280, 0],
        post: [49_150_600, 2_039_280, 0],
        tokens: [{ index: 1, mint: MINT, before: 700n, after: 0n }],
      });
    }
    const reader = { ...chain, waitForSlot: () => Promise.resolve(false) };
    expect(await fetchAttemptReport(reader, createAttemptRow("sell"))).toMatchObject({
      state: "landed",
      quantity: 700n,
      notionalLamports: 0n,
      feeLamports: 849_400n,
    });
  });

  test("that moved nothing is not booked", async ({ expect }) => {
    const { nodes, ask, log } = await createJudge();
    for (const node of nodes) {
      succeed(node);
      node.transaction = createBuy(700n);
    }
    expect((await ask()).state).toBe("pending");
    expect(log.lines.at(-1)?.level).toBe("error");
  });

  test("under another signature is not ours", async ({ expect }) => {
    const { nodes, ask } = await createJudge();
    for (const node of nodes) {
      succeed(node);
      const other = createBuy() as { transaction: { signatures: string[] } };
      const transaction = { ...other.transaction, signatures: ["x".repeat(88)] };
      node.transaction = { ...other, transaction };
    }
    expect((await ask()).state).toBe("seen");
  });

  test("is asked for again where a node lags, when its stream has come so far", async ({
    expect,
  }) => {
    const { honest, other, reader, ask, waits } = await createJudge();
    succeed(honest);
    other.accountSlot = 4_399;
    expect((await ask()).state).toBe("seen");
    expect(waits).toEqual([]);
    other.historySlot = 4_399;
    expect((await ask()).state).toBe("seen");
    expect(waits).toEqual(["node1.example 4400"]);
    reader.waitForSlot = async () => {
      succeed(other);
      return true;
    };
    expect(await ask()).toMatchObject({ state: "landed", evidence: { agreed: true } });
  });
});

describe("an error", () => {
  test("that two nodes tell is reverted and names its cost", async ({ expect }) => {
    const { nodes, ask } = await createJudge();
    for (const node of nodes) fail(node);
    const report = await ask();
    expect(report).toMatchObject({ state: "reverted", costLamports: 25_000n });
    expect(report.state === "reverted" && report.venueError).toContain("slippage");
  });

  test("against a success is only seen, and shouted about in the log", async ({ expect }) => {
    for (const commitment of ["confirmed", "finalized"] as const) {
      const { honest, other, askFor, log } = await createJudge();
      fail(other, commitment);
      succeed(honest, "confirmed");
      expect((await askFor(30_000)).state).toBe("seen");
      expect(log.lines.at(-1)?.level).toBe("error");
    }
    const early = await createJudge();
    fail(early.other, "finalized");
    succeed(early.honest, "processed");
    expect((await early.ask()).state).toBe("seen");
  });

  test("of one node is reverted only with the proof of death on the other", async ({ expect }) => {
    const { honest, ask } = await createJudge();
    fail(honest, "confirmed");
    expect((await ask()).state).toBe("seen");
    fail(honest, "finalized");
    expect((await ask()).state).toBe("reverted");
  });

  const doubts: [string, (node: NodeState) => void][] = [
    ["has not passed the bound", (node) => void (node.finalizedHeight = BOUND)],
    ["still takes the blockhash", (node) => void (node.takesBlockhash = true)],
    ["answers from an old history", (node) => void (node.historySlot -= 41)],
    ["sees a changed balance", (node) => void (node.tokenQuantity = HELD_AFTER)],
    ["is out", silence],
  ];
  test.for(doubts)("of one node is only seen while the other %s", async ([, doubt], { expect }) => {
    const { honest, other, ask } = await createJudge();
    fail(honest, "finalized");
    doubt(other);
    expect((await ask()).state).toBe("seen");
  });

  test("counts alone when the other was out for 10 s and the bound has passed", async ({
    expect,
  }) => {
    const { honest, other, askFor } = await createJudge();
    fail(honest, "finalized");
    silence(other);
    expect((await askFor(9_000)).state).toBe("seen");
    honest.finalizedHeight = BOUND;
    expect((await askFor(3_000)).state).toBe("seen");
    honest.finalizedHeight = BOUND + 2;
    honest.tokenQuantity = HELD_AFTER;
    expect((await askFor(1_000)).state).toBe("seen");
    honest.tokenQuantity = 700n;
    expect((await askFor(1_000)).state).toBe("reverted");
  });

  test("of a transaction that shows a success is no testimony", async ({ expect }) => {
    const { nodes, ask } = await createJudge();
    for (const node of nodes) {
      fail(node);
      node.transaction = createBuy();
    }
    expect((await ask()).state).toBe("seen");
  });
});

describe("among three nodes", () => {
  test("two errors do not outweigh one success, however early", async ({ expect }) => {
    for (const commitment of ["finalized", "processed"] as const) {
      const third = createNodeState();
      const { nodes, ask } = await createJudge(third);
      for (const node of nodes) fail(node, "finalized");
      expect((await ask()).state).toBe("reverted");
      succeed(third, commitment);
      expect((await ask()).state).toBe("seen");
    }
  });

  test("two successes outweigh one error", async ({ expect }) => {
    const third = createNodeState();
    fail(third, "finalized");
    const { nodes, ask } = await createJudge(third);
    for (const node of nodes) succeed(node);
    expect((await ask()).state).toBe("landed");
  });

  test("an error of one needs the proof of death on both others", async ({ expect }) => {
    const third = createNodeState();
    const { honest, ask } = await createJudge(third);
    fail(honest, "finalized");
    expect((await ask()).state).toBe("reverted");
    third.finalizedHeight = BOUND;
    expect((await ask()).state).toBe("seen");
  });
});
