import { describe, it } from "vitest";
import { holdEntries } from "../engine/external-loss.ts";
import { MINT, USER } from "../engine/engine-fixture.ts";
import { withJobDesk, type JobDesk } from "./jobs-fixture.ts";

/** Tokens left the wallet: buys wait for the person's word, as the reconcile makes them. */
function lose({ desk }: JobDesk, chainQuantity: string): Promise<void> {
  const lost = {
    userId: USER,
    wallet: "w",
    mint: MINT,
    ledgerQuantity: "500",
    chainQuantity,
    class: "external" as const,
  };
  return desk.transact((tx) => holdEntries(desk.engine.context, tx, USER, [lost]));
}

describe("a button that allows buys again", () => {
  for (const when of ["accepted", "carried out"] as const) {
    it(`releases no hold that came after it was ${when}`, async ({ expect }) => {
      await withJobDesk(async (jobs) => {
        await lose(jobs, "300");
        await jobs.desk.clock.advance(1_000);
        const shownMs = jobs.desk.clock.nowMs();
        const press = jobs.press(await jobs.button({ kind: "releaseEntries", shownMs }, "menu"));
        jobs.desk.disk.count = 0;
        // Units of work: accepted, released, shown and finished.
        jobs.desk.disk.failAt = when === "accepted" ? 2 : 3;
        expect((await jobs.accept(press)).status).toBe(202);
        expect(jobs.desk.store.job(press.id)?.state).toBe("pending");
        const isReleased = jobs.desk.store.user(USER)?.heldReason === "";
        expect(isReleased).toBe(when === "carried out");
        jobs.desk.kill();
        await jobs.desk.boot(false);
        await jobs.desk.clock.advance(1_000);
        await lose(jobs, "0");
        await jobs.crash();
        expect(jobs.desk.store.job(press.id)?.state).toBe("done");
        expect(jobs.desk.store.user(USER)?.heldReason).not.toBe("");
        expect(jobs.desk.store.outbox(`job:${press.id}`)?.content.text).toContain("still wait");
      });
    });
  }
});
