import { describe, it } from "vitest";
import type { WalletReport } from "../ports/venue.ts";
import { INSTRUMENT, MINT, USER, withDesk, type TestDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";
import { expectSound, panicDoneText, pressPanic } from "./panic-fixture.ts";
import { chainOf, openPosition } from "./trade-fixture.ts";

const MINUTE_MS = 60_000;

/** Whose word it is that the tokens are frozen, of two nodes. */
interface Freeze {
  nodes: readonly string[];
}

async function withFrozenToken(
  use: (desk: TestDesk, chain: FakeChain, freeze: Freeze, positionId: string) => Promise<void>,
): Promise<void> {
  await withDesk(async (desk) => {
    const chain = chainOf(desk);
    const { positionId } = await openPosition(desk, chain);
    const freeze: Freeze = { nodes: ["node-1", "node-2"] };
    const script = chain.script();
    const viewOf = (node: string): WalletReport => {
      const { lamports, slot } = chain;
      const tokens = new Map(chain.tokens);
      const isFrozen = freeze.nodes.includes(node);
      return { lamports, tokens, slot, ...(isFrozen ? { frozen: new Set([MINT]) } : {}) };
    };
    desk.venue.script = {
      ...script,
      fetchWallet: () => viewOf("node-1"),
      fetchWalletViews: () =>
        ["node-1", "node-2"].map((provider) => ({ provider, report: viewOf(provider) })),
    };
    await use(desk, chain, freeze, positionId);
    expectSound(desk);
  });
}

function crash(desk: TestDesk, chain: FakeChain): void {
  chain.price = 500_000n;
  desk.engine.feed.emit(chain.price * 1_000_000_000n, INSTRUMENT);
}

describe("a token that its maker has frozen in the wallet", () => {
  it("is left by a panic after two minutes, which says so, with its exits armed", async ({
    expect,
  }) => {
    await withFrozenToken(async (desk, _chain, _freeze, positionId) => {
      await pressPanic(desk);
      await desk.clock.advance(2 * MINUTE_MS - 1_000);
      expect(desk.payloads("PanicClosed")).toEqual([]);
      await desk.clock.advance(15_000);
      expect(desk.payloads("PanicClosed")).toMatchObject([{ left: [positionId] }]);
      expect(desk.store.user(USER)).toMatchObject({ panicId: null, paused: true });
      expect(desk.store.exitPlan(positionId)?.state).toBe("armed");
      const told = panicDoneText(desk);
      expect(told).toContain("but for what cannot be sold now");
      expect(told).toContain("You still hold TOK: its maker has frozen it in your wallet");
      expect(told).toContain("/panic again");
    });
  });

  it("costs no fee and no slippage while it is, and is sold when it thaws", async ({ expect }) => {
    await withFrozenToken(async (desk, chain, freeze, positionId) => {
      const before = desk.payloads("AttemptPrepared").length;
      crash(desk, chain);
      await desk.clock.advance(5 * MINUTE_MS);
      expect(desk.payloads("AttemptPrepared")).toHaveLength(before);
      const [sell] = desk.store.openOrders();
      const stuck = desk.store.outbox(`stuck:${sell?.orderId}:120000`);
      expect(stuck?.content.text).toContain("maker has frozen it in this wallet");
      freeze.nodes = [];
      await desk.clock.advance(30_000);
      const slippages = desk.venue.routes.flatMap(({ side, slippageBps }) =>
        side === "sell" ? [slippageBps] : [],
      );
      expect(slippages.at(-1)).toBe(desk.settings.exitSlippageRampBps[0]);
      chain.land();
      await desk.clock.advance(2_000);
      expect(desk.store.position(positionId)?.state).toBe("closed");
    });
  });

  it.for([["node-1"], ["node-2"]])("is tried while only %s says so", async (nodes, { expect }) => {
    await withFrozenToken(async (desk, chain, freeze, positionId) => {
      freeze.nodes = nodes;
      crash(desk, chain);
      await desk.clock.advance(5_000);
      chain.land();
      await desk.clock.advance(2_000);
      expect(desk.store.position(positionId)?.state).toBe("closed");
    });
  });
});
