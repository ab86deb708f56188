import { describe, it } from "vitest";
import { withDesk } from "./engine-fixture.ts";
import { forget, settle } from "./settlement-fixture.ts";
import { chainOf, INSTRUMENT, openPosition, openUnsettled, startSell } from "./trade-fixture.ts";

describe("a position of which a fork took a buy back after a part was sold", () => {
  it("keeps the price of the buy that stays, so that no take profit fires", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { positionId, entryPriceE9 } = await openPosition(desk, chain);
      chain.price = 3_000_000n;
      const both = await openUnsettled(desk, chain, "ord_more");
      const more = chain.effects[1]?.identity ?? "";
      chain.price = 1_000_000n;
      await startSell(desk, both, "ord_part", 4_999);
      chain.land();
      await desk.clock.advance(1_000);
      forget(chain, more);
      chain.bury(more);
      await settle(desk, chain, "gone", (identity) => identity === more);
      expect(desk.store.fillsOf("ord_more").map(({ state }) => state)).toEqual(["reversed"]);
      desk.engine.feed.emit(1_000_000n * 10n ** 9n, INSTRUMENT, { slot: 5_000 });
      desk.engine.feed.emit(1_000_000n * 10n ** 9n, INSTRUMENT, { slot: 5_001 });
      await desk.clock.advance(1_000);
      expect(desk.payloads("ExitTriggered")).toEqual([]);
      const now = desk.store.position(positionId);
      // Rounding of base units aside.
      const share = (BigInt(now?.entryPriceE9 ?? "0") * 10_000n) / BigInt(entryPriceE9);
      expect(Number(share)).toBeGreaterThanOrEqual(9_999);
      expect(Number(share)).toBeLessThanOrEqual(10_001);
    });
  });
});
