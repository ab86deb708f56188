import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { describe, it } from "vitest";
import { withDesk } from "./engine/engine-fixture.ts";
import { VenueAlerts, watchVenue } from "./watch-venue.ts";

describe("what a venue finds out by itself", () => {
  it("is told in the operators' chats and over the webhook, once for each change", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const alerts = new VenueAlerts();
      watchVenue(alerts, desk.engine.context);
      const tell = async (...lines: string[]): Promise<void> => {
        alerts.tell(lines);
        await desk.clock.advance(1_000);
      };
      const before = desk.store.outboxPendingCount();
      await tell("PumpSwap refuses.", "Buys are off.");
      await tell("PumpSwap passed.", "Nothing has to be done.");
      expect(desk.shouts).toEqual([
        "PumpSwap refuses.\nBuys are off.",
        "PumpSwap passed.\nNothing has to be done.",
      ]);
      expect(desk.store.outboxPendingCount()).toBe(before + 2);
    });
  });

  it("does not end the process while the disk takes no writes", async ({ expect }) => {
    await withDesk(async (desk) => {
      const full = new RaptorError("RAPTOR_JOURNAL__FULL", {});
      const fatal: unknown[] = [];
      const alerts = new VenueAlerts();
      const { context } = desk.engine;
      const store = Object.assign(Object.create(context.store) as typeof context.store, {
        transact: () => Promise.reject(full),
      });
      watchVenue(alerts, { ...context, store, onFatal: (error) => fatal.push(error) });
      alerts.tell(["PumpSwap refuses."]);
      await desk.clock.advance(1_000);
      expect(fatal).toEqual([]);
      expect(desk.shouts).toEqual(["PumpSwap refuses.", full.message]);
    });
  });
});
