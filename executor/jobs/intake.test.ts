import fc from "fast-check";
import { describe, it } from "vitest";
import type { Job } from "@raptor/shared/wire/job.ts";
import { MINT, mintOf } from "../engine/engine-fixture.ts";
import { digestOf } from "./intake.ts";
import { person, withJobDesk } from "./jobs-fixture.ts";
import { LANE_TASKS_MAX } from "./lanes.ts";

describe("a job at the door", () => {
  it("is accepted once and a duplicate afterwards, with one order", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const job = jobs.buyJob();
      expect(await jobs.accept(job)).toMatchObject({ status: 202, answer: { status: "accepted" } });
      const again = await jobs.accept({ ...job, deadlineMs: (job.deadlineMs ?? 0) + 5_000 });
      expect(again).toMatchObject({ status: 200, answer: { status: "duplicate", jobId: job.id } });
      expect(jobs.desk.eventsOf("JobAccepted")).toHaveLength(1);
      expect(jobs.desk.eventsOf("OrderInitialized")).toHaveLength(1);
      expect(jobs.desk.store.job(job.id)?.state).toBe("done");
    });
  });

  it("is one job when three copies arrive in the same turn", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const job = jobs.buyJob();
      const answers = Promise.all([1, 2, 3].map(() => jobs.intake.accept(job)));
      await jobs.desk.clock.settle();
      expect((await answers).map(({ status }) => status)).toEqual([202, 200, 200]);
      expect(jobs.desk.eventsOf("OrderInitialized")).toHaveLength(1);
    });
  });

  it("is a conflict under a known id with another body", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const job = jobs.buyJob();
      await jobs.accept(job);
      const answer = await jobs.accept({ ...job, amountText: "5" });
      expect(answer).toMatchObject({ status: 409, answer: { status: "error", code: "conflict" } });
      expect(jobs.desk.store.ordersOfJob(job.id)).toMatchObject([
        { notionalLamports: "500000000" },
      ]);
      expect(jobs.desk.counts.get("jobs_refused_total conflict")).toBe(1);
    });
  });

  it("of a stranger is refused and leaves nothing behind, however often", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const before = jobs.desk.store.headSeq();
      const actor = { ...person, userId: 666, chatId: 666 };
      for (let n = 0; n < 20; n++) {
        const answer = await jobs.accept({ ...jobs.buyJob(), actor });
        expect(answer).toMatchObject({ status: 200, answer: { status: "refused" } });
        expect(answer.answer.sentence).toContain("private. Your Telegram id is 666");
      }
      const group = { ...person, chatId: 555 };
      const inGroup = await jobs.accept({ ...jobs.buyJob(), actor: group });
      expect(inGroup.answer.sentence).toContain("private chat only");
      expect(jobs.desk.store.headSeq()).toBe(before);
      expect(jobs.desk.counts.get("jobs_refused_total stranger")).toBe(21);
    });
  });

  it("that is too late is refused for good; a second of clock difference is not", async ({
    expect,
  }) => {
    await withJobDesk(async (jobs) => {
      const nowMs = jobs.desk.clock.nowMs();
      const justInTime = await jobs.accept(jobs.buyJob({ deadlineMs: nowMs - 1_000 }));
      expect(justInTime.status).toBe(202);
      const late = jobs.buyJob({ deadlineMs: nowMs - 1_001 });
      const answer = await jobs.accept(late);
      expect(answer).toMatchObject({ status: 200, answer: { status: "refused" } });
      expect(answer.answer.sentence).toContain("Nothing was bought");
      expect(jobs.desk.store.job(late.id)).toMatchObject({ state: "refused", outcome: "stale" });
      expect((await jobs.accept(late)).answer.status).toBe("duplicate");
      expect(jobs.desk.venue.submitted).toEqual([]);
    });
  });

  it("that came too late out of the queue is told even if the process ends at once", async ({
    expect,
  }) => {
    await withJobDesk(async (jobs) => {
      void jobs.lanes.stop();
      const late = jobs.buyJob({ deadlineMs: jobs.desk.clock.nowMs() - 1_001 });
      const answer = jobs.intake.accept(late, true);
      await jobs.desk.clock.settle();
      expect((await answer).answer.status).toBe("refused");
      await jobs.crash();
      const notice = jobs.desk.store.outbox(`late:${late.id}`);
      expect(notice?.content.text).toContain("Nothing was bought");
    });
  });

  it("waits outside while the process starts, reconciles or drains", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      for (const phase of ["starting", "reconciling", "draining"] as const) {
        jobs.phase = phase;
        const answer = await jobs.accept(jobs.buyJob());
        expect(answer).toMatchObject({ status: 503, retryAfterS: 2 });
        expect(answer.answer.sentence).toContain(phase);
      }
      expect(jobs.desk.eventsOf("JobAccepted")).toEqual([]);
    });
  });

  it("is not acknowledged while nothing can be recorded, and may come again", async ({
    expect,
  }) => {
    await withJobDesk(async (jobs) => {
      const job = jobs.buyJob();
      jobs.desk.disk.isFull = true;
      const answer = await jobs.accept(job);
      expect(answer).toMatchObject({ status: 503, answer: { status: "error" } });
      expect(answer.answer.sentence).toContain("the disk is full");
      expect(jobs.desk.store.job(job.id)).toBeUndefined();
      jobs.desk.disk.isFull = false;
      expect((await jobs.accept(job)).status).toBe(202);
    });
  });

  it("is acknowledged only after the commit, duplicates included", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const { desk } = jobs;
      const answers: number[] = [];
      desk.heldCommits = [];
      const job = jobs.buyJob();
      for (let n = 0; n < 2; n++) {
        void jobs.intake.accept(job).then(({ status }) => answers.push(status));
      }
      await desk.clock.advance(10_000);
      expect(answers).toEqual([]);
      expect(desk.venue.calls).toEqual([]);
      const held = desk.heldCommits;
      desk.heldCommits = undefined;
      for (const commit of held) commit();
      await desk.clock.settle();
      expect(answers).toEqual([202, 200]);
      expect(desk.store.job(job.id)).toBeDefined();
    });
  });

  it("is turned away from a full lane, unless it closes or protects", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      jobs.desk.venue.script = { fetchInstrument: () => new Promise(() => {}) };
      for (let n = 0; n <= LANE_TASKS_MAX; n++) {
        const answer = await jobs.accept(jobs.buyJob());
        expect(answer.status).toBe(202);
      }
      const full = await jobs.accept(jobs.buyJob());
      expect(full).toMatchObject({ status: 503 });
      expect(full.answer.sentence).toContain("too many commands");
      const sell = { ...jobs.head(), kind: "sell", mint: MINT, percentText: "all" } as const;
      expect((await jobs.accept(sell)).status).toBe(202);
      const panic = await jobs.button({ kind: "panic" }, "menu");
      expect((await jobs.accept(jobs.press(panic))).status).toBe(202);
      expect(jobs.desk.store.job(sell.id)?.state).toBe("done");
    });
  });
});

describe("the digest of a job", () => {
  const base: Job = {
    id: "tg:1:1",
    actor: person,
    createdMs: 1,
    kind: "buy",
    mint: mintOf(1),
    amountText: "0.5",
  };

  it("leaves the deadline out and sees everything else", ({ expect }) => {
    const digest = digestOf(base);
    expect(digestOf({ ...base, deadlineMs: 5 })).toBe(digest);
    expect(digestOf({ ...base, deadlineMs: 6 })).toBe(digest);
    expect(digestOf({ ...base, amountText: "0.50" })).not.toBe(digest);
    expect(digestOf({ ...base, createdMs: 2 })).not.toBe(digest);
    expect(digestOf({ ...base, actor: { ...person, name: "Bo" } })).not.toBe(digest);
    expect(digestOf({ ...base, id: "tg:1:2" })).not.toBe(digest);
  });

  it("does not depend on the order of the keys, at any depth", ({ expect }) => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (stream) => {
        const shuffled = shuffle(base, stream) as Job;
        expect(digestOf(shuffled)).toBe(digestOf(base));
      }),
      { seed: 20_260_104, numRuns: 100 },
    );
  });
});

function shuffle(value: unknown, numbers: Iterator<number>): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(
    ([name, inner]) => [numbers.next().value as number, name, shuffle(inner, numbers)] as const,
  );
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => a - b).map(([, name, inner]) => [name, inner]),
  );
}
