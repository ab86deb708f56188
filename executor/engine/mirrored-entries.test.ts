import { describe, it } from "vitest";
import { withDesk } from "./engine-fixture.ts";
import {
  chainOf,
  openPosition,
  orderRow,
  setTrading,
  startBuy,
  startSell,
} from "./trade-fixture.ts";

describe("an entry that the copy must know first", () => {
  it("is prepared and not sent, and sent once the copy has it", async ({ expect }) => {
    await withDesk(async (desk) => {
      chainOf(desk);
      let isMirrored = false;
      desk.engine.context.isMirrored = () => Promise.resolve(isMirrored);
      await startBuy(desk);
      await desk.clock.advance(5_000);
      expect(desk.eventsOf("AttemptPrepared")).toHaveLength(1);
      expect(desk.venue.submitted).toHaveLength(0);
      isMirrored = true;
      await desk.clock.advance(3_000);
      const sent = new Set(desk.venue.submitted.map(({ payload }) => payload));
      expect(sent.size).toBe(1);
      expect(orderRow(desk, "ord_buy").status).not.toBe("canceled");
    });
  });

  it("stays unsent when the kill switch fell while it waited", async ({ expect }) => {
    await withDesk(async (desk) => {
      chainOf(desk);
      let answer: (isMirrored: boolean) => void = () => {};
      desk.engine.context.isMirrored = () =>
        new Promise((resolve) => {
          answer = resolve;
        });
      await startBuy(desk);
      await setTrading(desk, "halted");
      answer(true);
      await desk.clock.advance(20_000);
      expect(desk.venue.submitted).toHaveLength(0);
    });
  });

  it("does not hold an exit back", async ({ expect }) => {
    await withDesk(async (desk) => {
      const position = await openPosition(desk, chainOf(desk));
      desk.engine.context.isMirrored = () => Promise.resolve(false);
      const before = desk.venue.submitted.length;
      await startSell(desk, position);
      await desk.clock.advance(1_000);
      expect(desk.venue.submitted.length).toBe(before + 1);
    });
  });
});
