import { describe, test } from "vitest";
import { fetchLifetime } from "./attempt-lifetime.ts";
import { BlockhashBook } from "./blockhash-book.ts";
import { createFakeChain, WALLET } from "./fake-chain.ts";

function create() {
  const { rpc, nodes, clock } = createFakeChain();
  const blockhashes = new BlockhashBook({ rpc, clock, settings: { pollMs: 0, staleMs: 15_000 } });
  /** Envelope of the Solana JSON-RPC documentation, getLatestBlockhash. */
  const tell = (...heights: readonly [number, number]): void => {
    for (const [at, lastValidBlockHeight] of heights.entries()) {
      const value = { blockhash: WALLET, lastValidBlockHeight };
      const result = { context: { apiVersion: "2.3.6", slot: 9_000 }, value };
      nodes[at]?.broken.set("getLatestBlockhash", { result });
    }
  };
  const boundNow = async () => {
    const { bound } = await fetchLifetime({ rpc, blockhashes }, WALLET, { kind: "blockHeight" });
    return bound.kind === "blockHeight" ? bound.lastValidBlockHeight : undefined;
  };
  return { tell, boundNow, blockhashes, clock };
}

describe("the bound of an attempt without a nonce", () => {
  test("is the later of two that nodes tell", async ({ expect }) => {
    const { tell, boundNow } = create();
    tell(3_000, 3_004);
    expect(await boundNow()).toBe(3_004);
  });

  test("is not what one node invents: nothing would ever pass it", async ({ expect }) => {
    const { tell, boundNow, blockhashes } = create();
    tell(3_000, 3_000);
    await blockhashes.refresh();
    tell(3_005, 9_000_000_000);
    expect(await boundNow()).toBe(3_005);
  });

  test("is that of the node that goes on when the other one stands still", async ({ expect }) => {
    const { tell, boundNow, blockhashes, clock } = create();
    tell(3_000, 3_000);
    await blockhashes.refresh();
    await clock.advance(600_000);
    tell(3_000, 4_400);
    expect(await boundNow()).toBe(4_400);
  });

  test("is the later one where no two nodes have told about the same yet", async ({ expect }) => {
    const { tell, boundNow } = create();
    tell(3_000, 4_400);
    expect(await boundNow()).toBe(4_400);
  });
});
