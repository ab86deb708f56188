import { describe, it } from "vitest";
import { ADDRESS, INSTRUMENT, MINT, withDesk } from "./engine-fixture.ts";
import { chainOf, openPosition } from "./trade-fixture.ts";

describe("a held sell of a position that was partly sold elsewhere", () => {
  it("does not keep the ledger from following the wallet", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { positionId } = await openPosition(desk, chain);
      // Dust: the stop fires, and nothing is sent for it.
      chain.price = 5n;
      desk.engine.feed.emit(5n * 1_000_000_000n, INSTRUMENT);
      await desk.clock.settle();
      await desk.clock.advance(5 * 60_000);
      expect(desk.store.openOrders()).toHaveLength(1);
      chain.moveOutside(MINT, -400_000_000n, ADDRESS);
      for (let hour = 0; hour < 6; hour++) {
        chain.slot += 10;
        await desk.clock.advance(60 * 60_000);
        const run = desk.engine.reconciler.run("schedule");
        await desk.clock.advance(3_000);
        await run;
      }
      expect(chain.tokens.get(MINT)).toBe(100_000_000n);
      expect(desk.store.position(positionId)?.quantity).toBe("100000000");
    });
  }, 120_000);
});
