import { describe, it } from "vitest";
import { withJobDesk } from "../jobs/jobs-fixture.ts";
import { OperatorDesk } from "./operator-desk.ts";

describe("raptor kill --panic while the disk refuses a record for a moment", () => {
  it("is answered by what was committed, and sells once the disk is back", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await jobs.accept(jobs.buyJob());
      jobs.chain.land();
      await jobs.desk.clock.advance(1_000);
      const { clock, disk } = jobs.desk;
      const { panic, context } = jobs.desk.engine;
      const { store, log } = context;
      const unread = (): never => {
        throw new Error("nobody asks for this");
      };
      const desk = new OperatorDesk({
        store,
        reads: { status: unread, positions: () => [] },
        panic,
        notices: { alertAdmins: () => {} },
        clock,
        log,
        isReady: () => true,
      });
      // The halt is recorded; the record behind it is refused once, as by a full or a held disk.
      disk.count = 0;
      disk.failAt = 2;
      const asked = desk.answer(JSON.stringify({ cmd: "kill", reason: "x", panic: true }));
      await clock.settle();
      const answer = await asked;
      for (let n = 0; n < 5; n++) await clock.advance(1_000);
      const sells = jobs.desk.eventsOf("OrderInitialized").length - 1;
      expect([answer.ok, store.control().tradingState, sells]).toEqual([true, "halted", 1]);
    });
  });
});
