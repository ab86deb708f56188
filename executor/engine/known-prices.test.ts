import { describe, it } from "vitest";
import { INSTRUMENT, SETTINGS, withDesk } from "./engine-fixture.ts";
import { ENTRY_LAMPORTS, RulesDesk, setPreset } from "./exit-rules-fixture.ts";
import { limitBuy } from "./limit-buy-fixture.ts";
import { LimitBuys } from "./limit-buys.ts";
import { chainOf, openPosition } from "./trade-fixture.ts";

const E9 = 1_000_000_000n;

/** A pool that somebody else watches has told its price, and nobody trades in it any more. */
describe("a price that was told before there was anybody to act on it", () => {
  it("fires the take profit of a buy that lands afterwards", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await setPreset(desk, [{ kind: "takeProfit", gainBps: 5_000, shareBps: 10_000 }]);
      desk.engine.feed.watch(INSTRUMENT);
      desk.engine.feed.emit(ENTRY_LAMPORTS * E9 * 2n, INSTRUMENT, { source: "pool", slot: 1 });
      const { positionId } = await openPosition(desk, chain);
      await desk.clock.advance(3_000);
      expect(new RulesDesk(desk, chain, positionId).sells).toHaveLength(1);
    });
  });

  it("fires a limit buy that is made afterwards", async ({ expect }) => {
    await withDesk(async (desk) => {
      desk.settings = { ...SETTINGS };
      await desk.crash();
      chainOf(desk);
      const { context, feed, driver } = desk.engine;
      new LimitBuys(context, feed, driver).armAll(() => true);
      feed.watch(INSTRUMENT);
      feed.emit(ENTRY_LAMPORTS * E9, INSTRUMENT, { source: "pool", slot: 1 });
      const payload = limitBuy(ENTRY_LAMPORTS * E9, desk.clock.nowMs() + 60_000);
      await desk.transact((tx) =>
        tx.append({ stream: "entry:ent_one", kind: "EntryArmed", payload }),
      );
      await desk.clock.advance(3_000);
      expect(desk.payloads("OrderInitialized")).toMatchObject([{ side: "buy" }]);
    });
  });
});
