import { describe, test } from "vitest";
import { createFakeChain, MINT, TOKEN_ACCOUNT, tokenAccountOf, WALLET } from "./fake-chain.ts";
import type { FakeAnswer } from "./fake-net.ts";
import { fetchWalletViews } from "./wallet-report.ts";

/** Anybody can make one that belongs to the wallet, and put a little in. */
const SOMEWHERE_ELSE = "9n4nbM75f5Ui33ZbPYXn59EwSgE8CGsHtAeTH5YFeJ9E";

describe("what each node says of a wallet", () => {
  test("stands beside the others, also when they differ", async ({ expect }) => {
    const { rpc, nodes } = createFakeChain();
    nodes[1].tokenQuantity = 0n;
    nodes[1].accountSlot += 3;
    const views = await fetchWalletViews(rpc, WALLET);
    const report = { lamports: 10_000_000_000n, tokens: new Map([[MINT, 700n]]) };
    expect(views).toEqual([
      { provider: "node0.example", report: { ...report, slot: nodes[0].accountSlot } },
      {
        provider: "node1.example",
        report: { ...report, tokens: new Map(), slot: nodes[1].accountSlot },
      },
    ]);
  });

  test("names the slot of its SOL where a list of tokens is older", async ({ expect }) => {
    const { rpc, nodes } = createFakeChain();
    const value = { context: { slot: nodes[0].accountSlot - 4 }, value: [] };
    nodes[0].broken.set("getTokenAccountsByOwner", { result: value });
    const [first, second] = await fetchWalletViews(rpc, WALLET);
    const lamportsSlot = nodes[0].accountSlot;
    expect(first?.report).toMatchObject({ slot: lamportsSlot - 4, lamportsSlot });
    expect(second?.report).not.toHaveProperty("lamportsSlot");
  });

  test("tells tokens that are frozen there from those that can be moved", async ({ expect }) => {
    const { rpc, nodes } = createFakeChain();
    nodes[0].isTokenFrozen = true;
    const views = await fetchWalletViews(rpc, WALLET);
    expect(views.map(({ report }) => report?.frozen)).toEqual([new Set([MINT]), undefined]);
    expect(views.map(({ report }) => report?.tokens.get(MINT))).toEqual([700n, 700n]);
  });

  test("looks for a freeze where swaps sell from, and nowhere else", async ({ expect }) => {
    const { rpc, nodes } = createFakeChain();
    const isFrozen = { [TOKEN_ACCOUNT]: true, [SOMEWHERE_ELSE]: false };
    for (const [node, own] of nodes.map((one, at) => [one, at === 0] as const)) {
      const value = Object.entries(isFrozen).map(([pubkey, frozen]) => ({
        pubkey,
        account: tokenAccountOf({ ...node, isTokenFrozen: frozen === own }).value,
      }));
      node.broken.set("getTokenAccountsByOwner", { result: { context: { slot: 9 }, value } });
    }
    const views = await fetchWalletViews(rpc, WALLET);
    expect(views.map(({ report }) => report?.frozen)).toEqual([new Set([MINT]), undefined]);
  });

  const silences: [string, FakeAnswer][] = [
    ["times out", { failure: "timeout" }],
    ["answers 502", { status: 502, body: "bad gateway" }],
    ["answers garbage", { result: { context: {}, value: [] } }],
  ];
  for (const method of ["getBalance", "getTokenAccountsByOwner", "getGenesisHash"]) {
    test.for(silences)(
      `is nothing when its ${method} %s, and the other still speaks`,
      async ([, answer], { expect }) => {
        const { rpc, nodes } = createFakeChain();
        nodes[0].broken.set(method, answer);
        const [broken, good] = await fetchWalletViews(rpc, WALLET);
        expect(broken).toEqual({ provider: "node0.example", report: null });
        expect(good?.report?.tokens.get(MINT)).toBe(700n);
      },
    );
  }

  test("does not count when it serves another chain", async ({ expect }) => {
    const { rpc, nodes } = createFakeChain();
    nodes[1].broken.set("getGenesisHash", {
      result: "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY",
    });
    const views = await fetchWalletViews(rpc, WALLET);
    expect(views.map(({ report }) => report === null)).toEqual([false, true]);
  });
});

test("tokens in an account that swaps do not sell from are not held", async ({ expect }) => {
  const { rpc, nodes } = createFakeChain();
  for (const node of nodes) {
    const { value: account } = tokenAccountOf(node);
    const value = [TOKEN_ACCOUNT, SOMEWHERE_ELSE].map((pubkey) => ({ pubkey, account }));
    node.broken.set("getTokenAccountsByOwner", { result: { context: { slot: 9 }, value } });
  }
  const views = await fetchWalletViews(rpc, WALLET);
  expect(views.map(({ report }) => report?.tokens.get(MINT))).toEqual([700n, 700n]);
});
