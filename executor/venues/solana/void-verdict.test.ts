import type { EffectBound } from "@raptor/shared/domain/events.ts";
import { describe, test } from "vitest";
import {
  createTransaction,
  MINT,
  NONCE_ACCOUNT,
  NONCE_VALUE,
  type NodeState,
  SLOT_AFTER_BOUND,
} from "./fake-chain.ts";
import { createJudge, fail, silence } from "./verdict-fixture.ts";

const BOUND: EffectBound = { kind: "nonce", account: NONCE_ACCOUNT, value: NONCE_VALUE };
const NEXT = "GrAkKfEpTKQuVHG2Y97Y2FF4i7y7Q5AHLK94JBy7Y5yv";
const NEWEST = SLOT_AFTER_BOUND + 40;

function judge(third?: NodeState) {
  return createJudge(third, BOUND, { status: "expired", reason: "too late" });
}

/** It moved nothing but its fee. */
function execute(node: NodeState, commitment: "confirmed" | "finalized"): void {
  node.status = { commitment, err: null };
  const tokens = [{ index: 1, mint: MINT, before: 700n, after: 700n }];
  node.transaction = createTransaction({
    fee: 5_050,
    pre: [9_000, 1, 0],
    post: [3_950, 1, 0],
    tokens,
  });
}

function move(node: NodeState): void {
  node.nonce = { value: NEXT, slot: NEWEST };
  node.historySlot = NEWEST;
}

describe("a void", () => {
  test("is only seen while it is not final, on however many nodes", async ({ expect }) => {
    const { ask, nodes } = await judge();
    for (const node of nodes) execute(node, "confirmed");
    expect((await ask()).state).toBe("seen");
  });

  test("has used its nonce up when two nodes call it final, and cost its fee", async ({
    expect,
  }) => {
    const { ask, nodes } = await judge();
    for (const node of nodes) execute(node, "finalized");
    expect(await ask()).toMatchObject({ state: "voided", costLamports: 5_050n });
  });

  test("has done so as well where it failed", async ({ expect }) => {
    const { ask, nodes } = await judge();
    for (const node of nodes) fail(node, "finalized");
    expect((await ask()).state).toBe("voided");
  });

  test("is not believed of one node while another one has the value", async ({ expect }) => {
    const { ask, honest, other } = await judge();
    execute(honest, "finalized");
    expect((await ask()).state).toBe("seen");
    move(other);
    expect((await ask()).state).toBe("voided");
  });

  test("is believed of one node alone only when the others are out for long", async ({
    expect,
  }) => {
    const { ask, askFor, honest, other } = await judge();
    await ask();
    execute(honest, "finalized");
    silence(other);
    expect((await ask()).state).toBe("seen");
    move(honest);
    expect((await askFor(15_000)).state).toBe("voided");
  });

  test("is never a fill, whatever the balances say", async ({ expect }) => {
    const { ask, nodes } = await judge();
    for (const node of nodes) {
      execute(node, "finalized");
      node.tokenQuantity = 1_000n;
    }
    expect((await ask()).state).toBe("voided");
  });
});
