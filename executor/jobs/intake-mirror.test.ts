import { describe, it } from "vitest";
import { withJobDesk } from "./jobs-fixture.ts";

describe("a job while the copy is waited for", () => {
  it("is not accepted and leaves nothing behind when Postgres is away", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      jobs.mirrorRefusal = "Not accepted: Postgres does not follow.";
      const before = jobs.desk.store.headSeq();
      const answer = await jobs.accept(jobs.buyJob());
      expect(answer).toMatchObject({ status: 503, answer: { code: "busy" } });
      expect(answer.answer.sentence).toBe(jobs.mirrorRefusal);
      expect(jobs.desk.store.headSeq()).toBe(before);
    });
  });

  it("is not confirmed when the copy does not have it in time, and then is", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      jobs.isMirrored = false;
      const job = jobs.buyJob();
      const unconfirmed = { status: 504, answer: { status: "error", code: "unconfirmed" } };
      expect(await jobs.accept(job)).toMatchObject(unconfirmed);
      expect(await jobs.accept(job)).toMatchObject(unconfirmed);
      expect(jobs.desk.eventsOf("JobAccepted")).toHaveLength(1);
      jobs.isMirrored = true;
      expect(await jobs.accept(job)).toMatchObject({
        status: 200,
        answer: { status: "duplicate" },
      });
      expect(jobs.desk.eventsOf("OrderInitialized")).toHaveLength(1);
    });
  });

  it("is never called not accepted once it is recorded", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      jobs.isMirrored = false;
      const job = jobs.buyJob();
      await jobs.accept(job);
      jobs.mirrorRefusal = "Not accepted: Postgres does not follow.";
      const unconfirmed = { status: 504, answer: { status: "error", code: "unconfirmed" } };
      expect(await jobs.accept(job)).toMatchObject(unconfirmed);
      jobs.phase = "starting";
      expect(await jobs.accept(job)).toMatchObject(unconfirmed);
      expect(await jobs.accept(jobs.buyJob())).toMatchObject({ status: 503 });
    });
  });

  it("for less trading is accepted without the copy", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      jobs.mirrorRefusal = "Not accepted: Postgres does not follow.";
      jobs.isMirrored = false;
      const panic = { ...jobs.head(), kind: "panic" } as const;
      expect(await jobs.accept(panic)).toMatchObject({ status: 202 });
      const sell = await jobs.button({ kind: "panic" });
      expect(await jobs.accept(jobs.press(sell))).toMatchObject({ status: 202 });
    });
  });

  it("that is a tick of the schedule is accepted without it: a panic may come back with the tick", async ({
    expect,
  }) => {
    await withJobDesk(async (jobs) => {
      jobs.isMirrored = false;
      const actor = { kind: "cron", name: "reconcile" } as const;
      const tick = { actor, createdMs: 0, kind: "reconcile" } as const;
      expect.soft(await jobs.accept({ ...tick, id: "qs:msg_1" })).toMatchObject({ status: 202 });
      jobs.mirrorRefusal = "Not accepted: Postgres does not follow.";
      expect(await jobs.accept({ ...tick, id: "qs:msg_2" })).toMatchObject({ status: 202 });
    });
  });
});
