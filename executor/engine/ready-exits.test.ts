import { describe, it } from "vitest";
import { ReadyExits } from "./ready-exits.ts";
import { mintOf, withDesk, type TestDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";
import { nonceChainOf, settledPosition } from "./nonce-fixture.ts";
import { chainOf, MINT, openPosition, startBuy, startSell, USER } from "./trade-fixture.ts";

/** Starts and lets it hold what was open before. */
async function start(desk: TestDesk): Promise<ReadyExits> {
  const ready = new ReadyExits(desk.engine.context);
  ready.start();
  await desk.clock.settle();
  return ready;
}

async function landAll(desk: TestDesk, chain: FakeChain): Promise<void> {
  await desk.clock.advance(2_000);
  for (const { identity } of chain.undecided) chain.land(identity);
  await desk.clock.advance(2_000);
}

describe("what exits need", () => {
  it("is kept at hand for positions open at the start, and let go of with the last", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await start(desk);
      expect([...desk.venue.ready.keys()].map((key) => key.split("/").at(-1))).toEqual([MINT]);
      await startSell(desk, position);
      chain.land();
      await desk.clock.advance(1_000);
      expect(desk.store.position(position.positionId)?.state).toBe("closed");
      expect(desk.venue.ready.size).toBe(0);
    });
  });

  it("is kept at hand for a position that opens later, once", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await start(desk);
      expect(desk.venue.ready.size).toBe(0);
      await openPosition(desk, chain);
      await openPosition(desk, chain, "ord_more");
      expect([...desk.venue.ready.values()]).toEqual([1]);
    });
  });

  it("includes the nonces of the wallet while it holds anything", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      const position = await settledPosition(desk, chain);
      await start(desk);
      const { length } = desk.store.nonceAccounts(position.walletId);
      expect(length).toBeGreaterThan(0);
      expect(desk.venue.readyNonces.size).toBe(length);
    });
  });

  it("lets go of the nonces with the last position of the wallet, and not before", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      const first = await settledPosition(desk, chain);
      await start(desk);
      await startBuy(desk, "ord_other", { instrument: `${mintOf(9)}.SOLANA` });
      await landAll(desk, chain);
      const { length } = desk.store.nonceAccounts(first.walletId);
      const held: number[] = [];
      const open: number[] = [];
      for (const position of desk.store.openPositions(USER)) {
        await startSell(desk, position, `ord_sell_${position.symbol}_${held.length}`);
        await landAll(desk, chain);
        open.push(desk.store.openPositionCount());
        held.push(desk.venue.readyNonces.size);
      }
      expect(open).toEqual([1, 0]);
      expect(held).toEqual([length, 0]);
    });
  });

  it("is not kept any more once the desk stops", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const ready = await start(desk);
      ready.stop();
      await openPosition(desk, chain);
      expect(desk.venue.ready.size).toBe(0);
    });
  });
});
