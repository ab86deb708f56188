import { describe, it } from "vitest";
import { mintOf, withDesk, type TestDesk } from "./engine-fixture.ts";
import { chainOf, MINT, openPosition, openUnsettled, startSell } from "./trade-fixture.ts";
import { WalletWatch } from "./wallet-watch.ts";

const OTHER = mintOf(9);

function watching(desk: TestDesk): { looks: number; watch: WalletWatch } {
  const seen = {
    looks: 0,
    watch: new WalletWatch(desk.engine.context, async () => void (seen.looks += 1)),
  };
  seen.watch.start();
  return seen;
}

function watchedMints(desk: TestDesk): string[][] {
  return [...desk.venue.walletWatchers].map(({ mints }) => mints);
}

describe("a watched wallet", () => {
  it("has the ledger compared at once when it changes without an order", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      const seen = watching(desk);
      expect(watchedMints(desk)).toEqual([[MINT]]);
      desk.venue.announceWallet(chain.slot);
      desk.venue.announceWallet(chain.slot);
      await desk.clock.advance(500);
      expect(seen.looks).toBe(1);
      await desk.clock.advance(20_000);
      expect(seen.looks).toBe(1);
    });
  });

  it("is left alone when a fill of ours explains the change", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openUnsettled(desk, chain);
      const seen = watching(desk);
      desk.venue.announceWallet(desk.store.fillsOf("ord_buy")[0]?.venueSlot);
      await desk.clock.advance(10_000);
      expect(seen.looks).toBe(0);
    });
  });

  it("waits a moment for an attempt of ours that may explain it, and no longer", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      const seen = watching(desk);
      await startSell(desk, position);
      desk.venue.announceWallet(chain.slot);
      await desk.clock.advance(1_000);
      expect(seen.looks).toBe(0);
      await desk.clock.advance(3_000);
      expect(seen.looks).toBe(1);
    });
  });

  it("is looked at every five seconds at most, however often it changes", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      const seen = watching(desk);
      for (let at = 0; at < 50; at++) {
        desk.venue.announceWallet(chain.slot + at);
        await desk.clock.advance(400);
      }
      expect(seen.looks).toBeGreaterThanOrEqual(3);
      expect(seen.looks).toBeLessThanOrEqual(5);
    });
  });

  it("is looked at after a break of the stream, in which something may have been missed", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      const seen = watching(desk);
      desk.venue.announceWallet(undefined);
      await desk.clock.advance(500);
      expect(seen.looks).toBe(1);
    });
  });

  it("is watched for the tokens that are open, and for nobody after the stop", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const seen = watching(desk);
      expect(watchedMints(desk)).toEqual([[]]);
      const position = await openPosition(desk, chain);
      await openPosition(desk, chain, "ord_other", { instrument: `${OTHER}.SOLANA` });
      expect(watchedMints(desk)).toEqual([[MINT, OTHER]]);
      await startSell(desk, position);
      chain.land();
      await desk.clock.advance(1_000);
      expect(watchedMints(desk)).toEqual([[OTHER]]);
      seen.watch.stop();
      expect(watchedMints(desk)).toEqual([]);
      desk.venue.announceWallet(chain.slot);
      await desk.clock.advance(10_000);
      expect(seen.looks).toBe(0);
    });
  });
});
