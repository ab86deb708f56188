import type { EffectBound } from "@raptor/shared/domain/events.ts";
import { describe, test } from "vitest";
import {
  createNodeState,
  createTransaction,
  MINT,
  NONCE_ACCOUNT,
  NONCE_VALUE,
  type NodeState,
  SIGNATURE,
  SLOT_AFTER_BOUND,
} from "./fake-chain.ts";
import { BOOKED_SLOT, createJudge, fail, silence, succeed } from "./verdict-fixture.ts";

const BOUND: EffectBound = { kind: "nonce", account: NONCE_ACCOUNT, value: NONCE_VALUE };
const NEXT = "GrAkKfEpTKQuVHG2Y97Y2FF4i7y7Q5AHLK94JBy7Y5yv";
const SIBLING = `${SIGNATURE.slice(0, -2)}zz`;
/** What every fake node tells as the newest slot of its history. */
const NEWEST = SLOT_AFTER_BOUND + 40;

function judge(third?: NodeState) {
  return createJudge(third, BOUND);
}

function move(node: NodeState, slot = NEWEST, value: string | null = NEXT): void {
  node.nonce = { value, slot };
  node.historySlot = Math.max(node.historySlot, slot);
}

/** The transaction that took the turn instead, in one node's history. */
function showSibling(node: NodeState, recentBlockhash = NONCE_VALUE): void {
  node.history = [{ signature: SIBLING, blockTime: 1 }];
  const tokens = [{ index: 1, mint: MINT, before: 700n, after: 700n }];
  const shown = { signature: SIBLING, recentBlockhash, pre: [1, 1, 0], post: [1, 1, 0], tokens };
  node.transactions.set(SIBLING, createTransaction(shown));
}

describe("an attempt on a nonce that no node knows", () => {
  test("stays pending while the nonce stands, however late it is", async ({ expect }) => {
    const { ask } = await judge();
    expect(await ask()).toEqual({
      state: "pending",
      detail: "nonce not advanced: it may still be executed",
    });
  });

  test("stays pending when the nonce moved on: that may be its own doing", async ({ expect }) => {
    const { ask, nodes } = await judge();
    for (const node of nodes) move(node);
    expect(await ask()).toEqual({ state: "pending", detail: "nonce advanced, no node shows ours" });
  });

  test("counts as able to land as long as one node still has the value", async ({ expect }) => {
    const { ask, honest } = await judge();
    move(honest);
    expect(await ask()).toMatchObject({ detail: "nonce not advanced: it may still be executed" });
  });

  test("stays pending when the account is closed, or no node shows it", async ({ expect }) => {
    const { ask, nodes } = await judge();
    for (const node of nodes) move(node, NEWEST, null);
    expect((await ask()).state).toBe("pending");
    for (const node of nodes) node.broken.set("getAccountInfo", { failure: "timeout" });
    expect(await ask()).toEqual({ state: "pending", detail: "no node shows the nonce" });
  });
});

describe("an attempt on a nonce that a transaction of nobody here used up", () => {
  test("is dead when two nodes show that transaction, final", async ({ expect }) => {
    const { ask, nodes } = await judge();
    for (const node of nodes) {
      move(node);
      showSibling(node);
    }
    expect(await ask()).toMatchObject({ state: "dead", proof: { spender: SIBLING } });
  });

  test("stays pending while one node alone shows it", async ({ expect }) => {
    const { ask, nodes, other } = await judge();
    for (const node of nodes) move(node);
    showSibling(other);
    expect((await ask()).state).toBe("pending");
  });

  test("stays pending while a finalized chain has the value, or a history has ours", async ({
    expect,
  }) => {
    const { askFor, nodes, honest } = await judge();
    for (const node of nodes) {
      move(node);
      showSibling(node);
    }
    honest.history = [{ signature: SIGNATURE, blockTime: 1 }, ...honest.history];
    expect((await askFor(60_000)).state).toBe("pending");
    honest.history = honest.history.slice(1);
    honest.nonce = { value: NONCE_VALUE, slot: NEWEST };
    expect((await askFor(60_000)).state).toBe("pending");
    move(honest);
    expect((await askFor(60_000)).state).toBe("dead");
  });
});

describe("an attempt on a nonce that landed or was reverted", () => {
  test("is landed on the word of two, like any other", async ({ expect }) => {
    const { ask, nodes } = await judge();
    nodes.forEach((node) => succeed(node));
    expect((await ask()).state).toBe("landed");
  });

  test("names a revert final only when two nodes call it final", async ({ expect }) => {
    const { ask, honest, other } = await judge();
    fail(honest, "finalized");
    fail(other, "confirmed");
    expect(await ask()).toMatchObject({
      state: "reverted",
      evidence: { commitment: "confirmed" },
    });
    fail(other, "finalized");
    expect(await ask()).toMatchObject({
      state: "reverted",
      evidence: { commitment: "finalized" },
    });
  });

  test("is reverted on one final word when the other's nonce moved and its balance did not", async ({
    expect,
  }) => {
    const { ask, honest, other } = await judge();
    fail(honest, "finalized");
    move(other, SLOT_AFTER_BOUND);
    expect(await ask()).toMatchObject({
      state: "reverted",
      evidence: { commitment: "finalized" },
    });
  });

  test("is only seen while the other node's nonce stands where it stood", async ({ expect }) => {
    const { ask, honest } = await judge();
    fail(honest, "finalized");
    expect((await ask()).state).toBe("seen");
  });

  test("is only seen while the other node is before that slot and shows an older value", async ({
    expect,
  }) => {
    const { ask, honest, other } = await judge();
    fail(honest, "finalized");
    other.nonce = { value: NEXT, slot: 4_399 };
    expect((await ask()).state).toBe("seen");
  });

  test("is reverted on one final word alone when all others are out and its nonce moved", async ({
    expect,
  }) => {
    const { askFor, honest, other } = await judge();
    silence(other);
    fail(honest, "finalized");
    expect((await askFor(15_000)).state).toBe("seen");
    move(honest, SLOT_AFTER_BOUND);
    expect((await askFor(1_000)).state).toBe("reverted");
  });
});

describe("a booked fill on a nonce that no node knows any more", () => {
  test("is gone when every chain, final up to where it landed, has the value", async ({
    expect,
  }) => {
    const { settle, nodes } = await judge();
    for (const node of nodes) node.nonce.slot = BOOKED_SLOT;
    expect(await settle()).toBe("gone");
  });

  test("is pending while one chain is not final up to where it landed", async ({ expect }) => {
    const { settle, nodes, other } = await judge();
    for (const node of nodes) node.nonce.slot = BOOKED_SLOT;
    other.nonce.slot = BOOKED_SLOT - 1;
    expect(await settle()).toBe("pending");
    other.nonce.slot = BOOKED_SLOT;
    other.historySlot = BOOKED_SLOT - 1;
    expect(await settle()).toBe("pending");
    other.historySlot = BOOKED_SLOT;
    expect(await settle()).toBe("gone");
  });

  test("is not measured by a node that is behind while the others are silent", async ({
    expect,
  }) => {
    const { settle, honest, other, nodes } = await judge();
    silence(honest);
    other.historySlot = 4_000;
    expect(await settle()).toBe("pending");
    honest.broken.clear();
    for (const node of nodes) node.nonce.slot = 4_350;
    other.historySlot = 4_350;
    expect(await settle()).toBe("pending");
  });

  test("is pending when the nonce moved and nothing shows by what: a hole may hide it", async ({
    expect,
  }) => {
    const { settle, nodes } = await judge();
    for (const node of nodes) move(node);
    expect(await settle()).toBe("pending");
  });

  test("is gone when a finalized transaction is shown that took its turn", async ({ expect }) => {
    const { settle, nodes, other } = await judge();
    for (const node of nodes) move(node);
    showSibling(other, NEXT);
    expect(await settle()).toBe("pending");
    showSibling(other);
    expect(await settle()).toBe("gone");
  });

  test("is pending when a history names it, whatever another one shows", async ({ expect }) => {
    const { settle, nodes, honest, other } = await judge();
    for (const node of nodes) move(node);
    showSibling(other);
    honest.history = [{ signature: SIGNATURE, blockTime: 1 }];
    expect(await settle()).toBe("pending");
  });

  test("is pending while one of three nodes is silent or disagrees", async ({ expect }) => {
    const third = createNodeState();
    const { settle, nodes } = await judge(third);
    for (const node of [...nodes, third]) node.nonce.slot = NEWEST;
    silence(third);
    expect(await settle()).toBe("pending");
    third.broken.clear();
    move(third);
    expect(await settle()).toBe("pending");
    third.nonce = { value: NONCE_VALUE, slot: NEWEST };
    expect(await settle()).toBe("gone");
  });

  test("is settled on two final words, and gone when every node calls it failed", async ({
    expect,
  }) => {
    const { settle, nodes } = await judge();
    nodes.forEach((node) => succeed(node, "finalized"));
    expect(await settle()).toBe("settled");
    nodes.forEach((node) => fail(node, "finalized"));
    expect(await settle()).toBe("gone");
  });
});
