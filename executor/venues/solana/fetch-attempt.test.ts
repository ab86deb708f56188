import { describe, test } from "vitest";
import {
  BOUND,
  createAttemptRow,
  createFakeChain,
  createTransaction,
  MINT,
  type NodeState,
  SIGNATURE,
  SLOT_AFTER_BOUND,
} from "./fake-chain.ts";
import type { FakeAnswer } from "./fake-net.ts";
import { fetchAttemptReport } from "./fetch-attempt.ts";

const RENT = 2_039_280;

function createReader() {
  return { ...createFakeChain(), waitForSlot: async () => false };
}

async function ask(change: (nodes: [NodeState, NodeState]) => void, side: "buy" | "sell" = "buy") {
  const chain = createReader();
  await chain.rpc.checkChain();
  change(chain.nodes);
  const report = await fetchAttemptReport(chain, createAttemptRow(side));
  return { ...chain, report };
}

describe("an absent transaction", () => {
  test("is dead when every node proves it, and the proof holds all that was seen", async ({
    expect,
  }) => {
    const { report } = await ask(() => undefined);
    expect(report).toMatchObject({
      state: "dead",
      proof: {
        signature: SIGNATURE,
        lastValidBlockHeight: BOUND,
        providers: {
          "node0.example": { height: BOUND + 1, slot: SLOT_AFTER_BOUND },
          "node1.example": { height: BOUND + 1, slot: SLOT_AFTER_BOUND },
        },
        witness: { before: "700", seen: { "node0.example": "700", "node1.example": "700" } },
      },
    });
  });

  test("asks heights and slots of the FINALIZED chain", async ({ expect }) => {
    const { net } = await ask(() => undefined);
    for (const { params } of net.calls.filter(({ method }) => /Height|Slot$/.test(method))) {
      expect(params).toEqual([{ commitment: "finalized" }]);
    }
    const history = net.calls.filter(({ method }) => method === "getSignatureStatuses");
    for (const { params } of history) {
      expect(params[1]).toEqual({ searchTransactionHistory: true });
    }
  });

  test("looks into the history only after the height was seen", async ({ expect }) => {
    const { net } = await ask(() => undefined);
    const order = net.calls
      .filter(({ host }) => host === "node1.example")
      .map(({ method }) => method);
    expect(order.slice(-5)).toEqual([
      "getBlockHeight",
      "getSlot",
      "isBlockhashValid",
      "getSignatureStatuses",
      "getAccountInfo",
    ]);
  });

  const doubts: [string, (node: NodeState) => void][] = [
    ["is at the bound and not above", (node) => void (node.finalizedHeight = BOUND)],
    ["lags 150 blocks", (node) => void (node.finalizedHeight = BOUND - 149)],
    ["answers its history from before that block", (node) => void (node.historySlot -= 41)],
    ["still takes the blockhash", (node) => void (node.takesBlockhash = true)],
    ["reads balances from an older slot", (node) => void (node.accountSlot -= 1)],
    ["sees another balance", (node) => void (node.tokenQuantity = 701n)],
  ];
  test.for(doubts)("stays pending when one node %s", async ([, change], { expect }) => {
    for (const index of [0, 1] as const) {
      const { report } = await ask((nodes) => change(nodes[index]));
      expect(report.state).toBe("pending");
    }
  });

  const silences: [string, FakeAnswer][] = [
    ["times out", { failure: "timeout" }],
    ["cannot be reached", { failure: "refused" }],
    ["answers 429", { status: 429, body: "" }],
    ["answers 502", { status: 502, body: "bad gateway" }],
    ["answers garbage", { result: { context: {}, value: [] } }],
    ["answers an error", { error: { code: -32_005, message: "Node is behind by 150 slots" } }],
  ];
  const methods = ["getBlockHeight", "getSlot", "isBlockhashValid", "getSignatureStatuses"];
  for (const method of [...methods, "getAccountInfo", "getGenesisHash"]) {
    test.for(silences)(
      `stays pending when one node's ${method} %s`,
      async ([, answer], { expect }) => {
        const chain = createReader();
        chain.nodes[1].broken.set(method, answer);
        await chain.rpc.checkChain();
        const report = await fetchAttemptReport(chain, createAttemptRow("buy"));
        expect(report.state).toBe("pending");
      },
    );
  }

  test("is not dead when a node's finalized height went backwards", async ({ expect }) => {
    const chain = createReader();
    await chain.rpc.checkChain();
    chain.nodes[0].finalizedHeight = BOUND + 100;
    chain.nodes[1].takesBlockhash = true;
    await fetchAttemptReport(chain, createAttemptRow("buy"));
    chain.nodes[1].takesBlockhash = false;
    chain.nodes[0].finalizedHeight = BOUND + 50;
    expect((await fetchAttemptReport(chain, createAttemptRow("buy"))).state).toBe("pending");
    chain.nodes[0].finalizedHeight = BOUND + 101;
    expect((await fetchAttemptReport(chain, createAttemptRow("buy"))).state).toBe("dead");
  });

  test("is not dead when a node learns of it between two questions", async ({ expect }) => {
    const chain = createReader();
    await chain.rpc.checkChain();
    const state = chain.nodes[1];
    const answer = chain.net.nodes.get("node1.example");
    chain.net.nodes.set("node1.example", (method, params) => {
      if (method === "isBlockhashValid") state.status = { commitment: "confirmed", err: null };
      return answer?.(method, params) ?? { failure: "refused" };
    });
    const report = await fetchAttemptReport(chain, createAttemptRow("buy"));
    expect(report).toMatchObject({ state: "pending" });
    expect(report.state === "pending" && report.detail).toContain("knows the transaction");
  });

  test("does not confuse slots with heights", async ({ expect }) => {
    const { report } = await ask((nodes) => {
      for (const node of nodes) node.finalizedHeight = BOUND - 500;
    });
    expect(report).toMatchObject({ state: "pending" });
    expect(report.state === "pending" && report.detail).toContain(`not before block ${BOUND + 1}`);
  });
});

describe("a balance that changed although the transaction is absent", () => {
  const OTHER =
    "5h6xBEauJ3PK6SWCZ1PGjBvj8vDdWG3KpwATGy1ARAXFSDwt8GFXM7W5Ncn16wmqokgpiKRLuS83KUxyZyv2sUYv";
  const sold = createTransaction({
    signature: OTHER,
    pre: [1_000_000_000, RENT, 0],
    post: [1_100_000_000, RENT, 0],
    tokens: [{ index: 1, mint: MINT, before: 700n, after: 200n }],
  });
  const entry = { signature: OTHER, blockTime: 1_790_001_010 };

  function change(nodes: [NodeState, NodeState], quantity: bigint): void {
    for (const node of nodes) {
      node.tokenQuantity = quantity;
      node.history = [entry];
      node.transactions.set(OTHER, sold);
    }
  }

  test("is explained by another transaction of the account", async ({ expect }) => {
    const { report } = await ask((nodes) => change(nodes, 200n));
    expect(report).toMatchObject({ state: "dead", proof: { witness: { explainedBy: [OTHER] } } });
  });

  describe("after a fork executed others anew, which the first balance already held", () => {
    const AGAIN =
      "3n6xBEauJ3PK6SWCZ1PGjBvj8vDdWG3KpwATGy1ARAXFSDwt8GFXM7W5Ncn16wmqokgpiKRLuS83KUxyZyv2sUYv";
    const soldBefore = createTransaction({
      signature: OTHER,
      pre: [1_000_000_000, RENT, 0],
      post: [1_100_000_000, RENT, 0],
      tokens: [{ index: 1, mint: MINT, before: 450n, after: 0n }],
    });
    const boughtAgain = createTransaction({
      signature: AGAIN,
      pre: [1_100_000_000, RENT, 0],
      post: [1_000_000_000, RENT, 0],
      tokens: [{ index: 1, mint: MINT, before: 0n, after: 650n }],
    });

    function fork(nodes: [NodeState, NodeState], olderCount: number): void {
      for (const node of nodes) {
        node.tokenQuantity = 200n;
        node.history = [
          { ...entry, signature: AGAIN },
          entry,
          ...Array.from({ length: olderCount }, () => ({ ...entry, blockTime: 1 })),
        ];
        node.transactions.set(OTHER, soldBefore);
        node.transactions.set(AGAIN, boughtAgain);
      }
    }

    test("the account's whole history explains it", async ({ expect }) => {
      const { report } = await ask((nodes) => fork(nodes, 0));
      expect(report).toMatchObject({
        state: "dead",
        proof: { witness: { explainedBy: [AGAIN, OTHER] } },
      });
    });

    test("a history that may go on further back explains nothing", async ({ expect }) => {
      const { report } = await ask((nodes) => fork(nodes, 18));
      expect(report.state).toBe("pending");
    });
  });

  describe("after a fork took away what the first balance held", () => {
    const OLDER =
      "4n6xBEauJ3PK6SWCZ1PGjBvj8vDdWG3KpwATGy1ARAXFSDwt8GFXM7W5Ncn16wmqokgpiKRLuS83KUxyZyv2sUYv";

    /** A sell since, which found `before`, and in a long history one of long ago that left `left`. */
    function take(
      nodes: [NodeState, NodeState],
      { before, left, olderTime = 1 }: { before: bigint; left: bigint; olderTime?: number | null },
    ): void {
      for (const node of nodes) {
        node.tokenQuantity = 100n;
        const older = { signature: OLDER, blockTime: olderTime };
        node.history = [entry, ...Array.from({ length: 30 }, () => older)];
        node.transactions.set(OTHER, holding(OTHER, before, 100n));
        node.transactions.set(OLDER, holding(OLDER, 5n, left));
      }
    }

    function holding(signature: string, before: bigint, after: bigint) {
      return createTransaction({
        signature,
        pre: [1_000_000_000, RENT, 0],
        post: [1_100_000_000, RENT, 0],
        tokens: [{ index: 1, mint: MINT, before, after }],
      });
    }

    test("each balance since follows from the one before the attempt", async ({ expect }) => {
      const { report } = await ask((nodes) => take(nodes, { before: 250n, left: 250n }));
      const explainedBy = [OTHER, OLDER];
      expect(report).toMatchObject({ state: "dead", proof: { witness: { explainedBy } } });
    });

    test("a balance that follows from none leaves room for the attempt", async ({ expect }) => {
      const { report } = await ask((nodes) => take(nodes, { before: 250n, left: 240n }));
      expect(report.state).toBe("pending");
    });

    test("a chain whose clock is minutes late makes no transaction one of before", async ({
      expect,
    }) => {
      const { report } = await ask((nodes) => {
        // 700, the attempt sold 650, then 50 came in.
        take(nodes, { before: 50n, left: 240n });
        for (const node of nodes) {
          const [newest, ...older] = node.history;
          if (newest === undefined) throw new Error("expected a history");
          node.history = [{ ...newest, blockTime: 1_790_001_010 - 180 }, ...older];
        }
      });
      expect(report.state).toBe("pending");
    });

    test("a transaction told without token balances proves nothing", async ({ expect }) => {
      const { report } = await ask((nodes) => {
        for (const node of nodes) {
          node.tokenQuantity = 0n;
          node.history = Array.from({ length: 30 }, () => ({ signature: OTHER, blockTime: 1 }));
          const bought = holding(OTHER, 0n, 700n) as { meta: object };
          const meta = { ...bought.meta, preTokenBalances: null, postTokenBalances: null };
          node.transactions.set(OTHER, { ...bought, meta });
        }
      }, "sell");
      expect(report.state).toBe("pending");
    });

    test("a transaction without a time is not taken for one of before", async ({ expect }) => {
      const { report } = await ask((nodes) => {
        take(nodes, { before: 250n, left: 250n, olderTime: null });
      });
      expect(report.state).toBe("pending");
    });
  });

  test("keeps the attempt pending when nothing explains it", async ({ expect }) => {
    const { report } = await ask((nodes) => change(nodes, 1_000n));
    expect(report.state).toBe("pending");
  });

  test("keeps it pending when the account's history names the transaction", async ({ expect }) => {
    const { report } = await ask((nodes) => {
      change(nodes, 200n);
      for (const node of nodes) {
        node.history = [{ ...entry, signature: SIGNATURE }];
        node.transaction = sold;
      }
    });
    expect(report.state).toBe("pending");
  });
});
