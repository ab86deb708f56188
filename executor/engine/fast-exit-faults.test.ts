import { describe, it } from "vitest";
import { withDesk } from "./engine-fixture.ts";
import { chainOf, INSTRUMENT, openPosition } from "./trade-fixture.ts";

const PROFIT = 2_000_000n * 1_000_000_000n;

describe("an exit from what is at hand", () => {
  it("is driven on when it was decided and could not be told of for a full disk", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      const { prepare } = chain.script();
      desk.venue.script = {
        ...chain.warmScript(),
        prepare: (...asked) => {
          // What was prepared does not fit any more, and the record after that is refused.
          desk.blockhashHold = "lease";
          desk.disk.count = 0;
          desk.disk.failAt = 2;
          return prepare(...asked);
        },
      };
      const sent = desk.venue.submitted.length;
      desk.engine.feed.emit(PROFIT, INSTRUMENT);
      await desk.clock.settle();
      desk.venue.script = chain.warmScript();
      desk.blockhashHold = undefined;
      desk.disk.failAt = 0;
      await desk.clock.advance(60_000);
      expect(desk.venue.submitted.length).toBeGreaterThan(sent);
    });
  });

  it("sends nothing after the desk was stopped", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      const { prepare } = chain.script();
      const gate = Promise.withResolvers<void>();
      desk.venue.script = {
        ...chain.warmScript(),
        prepare: async (...asked) => {
          await gate.promise;
          return prepare(...asked);
        },
      };
      const sent = desk.venue.submitted.length;
      desk.engine.feed.emit(PROFIT, INSTRUMENT);
      await desk.clock.settle();
      const { exits, driver, tracker } = desk.engine;
      exits.stop();
      await Promise.all([driver.stop(), tracker.stop()]);
      gate.resolve();
      await desk.clock.settle();
      expect(desk.payloads("ExitTriggered")).toEqual([]);
      expect(desk.venue.submitted).toHaveLength(sent);
    });
  });

  it("is journaled the slow way when its preparation hangs", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      const hang = (): Promise<never> => new Promise(() => {});
      desk.venue.script = { ...chain.warmScript(), prepare: hang };
      desk.engine.feed.emit(PROFIT, INSTRUMENT);
      await desk.clock.settle();
      expect(desk.payloads("ExitTriggered")).toEqual([]);
      await desk.clock.advance(1_000);
      expect(desk.payloads("ExitTriggered")).toHaveLength(1);
    });
  });

  it("asks the aggregator once trades with the pool have failed twice", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      desk.venue.script = {
        ...chain.warmScript(),
        prepare: () => ({ outcome: "refused", reason: "the pool refuses it", alert: false }),
      };
      desk.venue.routes.length = 0;
      desk.engine.feed.emit(PROFIT, INSTRUMENT);
      await desk.clock.advance(10_000);
      const asked = desk.venue.routes.map(({ avoidsDirect }) => avoidsDirect === true);
      expect(asked.slice(0, 3)).toEqual([false, false, true]);
      expect(asked.slice(2).every(Boolean)).toBe(true);
    });
  });
});
