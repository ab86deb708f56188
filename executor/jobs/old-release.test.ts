import { describe, it } from "vitest";
import { ADDRESS, MINT, USER } from "../engine/engine-fixture.ts";
import { holdEntries } from "../engine/external-loss.ts";
import { withJobDesk, type JobDesk } from "./jobs-fixture.ts";

/** Tokens have left the wallet; gives the callback data of the notice's button. */
async function hold(jobs: JobDesk): Promise<string> {
  const { desk } = jobs;
  const seq = await desk.transact((tx) => {
    const lost = { userId: USER, wallet: ADDRESS, mint: MINT, class: "external" } as const;
    holdEntries(desk.engine.context, tx, USER, [
      { ...lost, ledgerQuantity: "5", chainQuantity: "0" },
    ]);
    return tx.headSeq();
  });
  const row = [...Array(seq + 1).keys()]
    .map((n) => desk.store.outbox(`drift:${USER}:${n}`))
    .findLast((one) => one !== undefined);
  const button = row?.content.keyboard[0]?.[0];
  if (button === undefined || !("callbackData" in button)) throw new Error("expected a button");
  return button.callbackData;
}

const heldOf = (jobs: JobDesk): string | undefined => jobs.desk.store.user(USER)?.heldReason;

describe("entries that are held", () => {
  it("stay held when a /resume arrives that was typed before the hold", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const createdMs = jobs.desk.clock.nowMs();
      await jobs.desk.clock.advance(10_000);
      await hold(jobs);
      await jobs.accept({ ...jobs.head(), createdMs, kind: "resume" });
      expect(heldOf(jobs)).not.toBe("");
      await jobs.accept({ ...jobs.head(), kind: "resume" });
      expect(heldOf(jobs)).toBe("");
    });
  });

  it("stay held when a resume button is pressed that was shown before the hold", async ({
    expect,
  }) => {
    await withJobDesk(async (jobs) => {
      const shownMs = jobs.desk.clock.nowMs();
      const button = await jobs.button({ kind: "resume", shownMs }, "menu");
      await jobs.desk.clock.advance(60_000);
      await hold(jobs);
      await jobs.accept(jobs.press(button));
      expect(heldOf(jobs)).not.toBe("");
    });
  });

  it("stay held when the button of an older notice is pressed", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const first = await hold(jobs);
      await jobs.desk.clock.advance(60_000);
      const second = await hold(jobs);
      await jobs.accept(jobs.press(first));
      expect(heldOf(jobs)).not.toBe("");
      await jobs.accept(jobs.press(second));
      expect(heldOf(jobs)).toBe("");
    });
  });
});
