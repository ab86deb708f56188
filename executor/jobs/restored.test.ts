import { describe, it } from "vitest";
import { mintOf, USER } from "../engine/engine-fixture.ts";
import { markRestored } from "../store/recovery-mark.ts";
import { say } from "./chat-fixture.ts";
import { withJobDesk, type JobDesk } from "./jobs-fixture.ts";
import { settleRestored } from "./restored.ts";

/** Dies, and is put back from a copy of that moment. */
async function restore(jobs: JobDesk): Promise<void> {
  const { desk } = jobs;
  const headSeq = desk.store.headSeq();
  desk.kill();
  const mark = { from: "backup", headSeq, headHash: "a".repeat(64) } as const;
  markRestored(desk.nextPath, { ...mark, atMs: desk.clock.nowMs() });
}

/** What the start does before it takes anything in. */
async function settle(jobs: JobDesk): Promise<void> {
  const settled = settleRestored(jobs.desk.engine.context);
  await jobs.desk.clock.settle();
  await settled;
}

async function bootRestored(jobs: JobDesk): Promise<void> {
  await restore(jobs);
  await jobs.desk.boot(false);
  await settle(jobs);
}

async function acceptUnfinished(jobs: JobDesk): Promise<string> {
  const never = () => new Promise<never>(() => {});
  jobs.desk.venue.script = { fetchInstrument: never, fetchRoute: never, fetchWallet: never };
  const job = jobs.buyJob();
  await jobs.accept(job);
  return job.id;
}

describe("the first start on a journal that was put back", () => {
  it("asks about what was under way and does not run it", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const jobId = await acceptUnfinished(jobs);
      await bootRestored(jobs);
      const { store } = jobs.desk;
      expect(store.pendingJobs()).toEqual([]);
      expect(store.job(jobId)?.outcome).toBe("not run again: the journal was put back from a copy");
      expect(store.outbox(`asked:${jobId}`)?.content.text).toContain("buy for 0.5 SOL");
      expect(jobs.desk.eventsOf("OrderInitialized")).toEqual([]);
      expect(jobs.desk.payloads("JournalRestored")).toMatchObject([{ from: "backup" }]);
    });
  });

  it("closes orders that were not sent and follows attempts that were", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await say(jobs, jobs.buyJob());
      const [sent] = jobs.desk.store.unresolvedAttempts();
      const prepare = () => new Promise<never>(() => {});
      jobs.desk.venue.script = { ...jobs.chain.script(), prepare };
      await say(jobs, jobs.buyJob({ mint: mintOf(3) }));
      expect(jobs.desk.store.openOrders()).toHaveLength(2);
      await bootRestored(jobs);
      const { store } = jobs.desk;
      expect(store.openOrders().map((order) => order.orderId)).toEqual([sent?.orderId]);
      expect(store.unresolvedAttempts()).toHaveLength(1);
      const closed = jobs.desk.payloads("OrderClosed");
      expect(closed).toMatchObject([{ status: "canceled" }]);
      expect(closed[0]?.reason).toContain("It is not sent again.");
    });
  });

  it("holds everybody's buys, tells everybody, and does so once", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await bootRestored(jobs);
      const { store } = jobs.desk;
      expect(store.user(USER)?.heldReason).toContain("put back from a copy");
      const notice = [...store.outboxDue(jobs.desk.clock.nowMs(), 60_000, 9)];
      const texts = notice.map((row) => row.content.text).join("\n");
      // Whoever is an admin gets both: what concerns the desk and what concerns the person.
      expect(texts).toContain("The desk's records were put back from a copy");
      await settle(jobs);
      expect(jobs.desk.eventsOf("JournalRestored")).toHaveLength(1);
      expect(store.recoveryMark()?.isSettled).toBe(true);
    });
  });

  it("voids every button and every open question", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const data = await jobs.buyButton();
      await restore(jobs);
      await jobs.boot();
      await settle(jobs);
      const { answer } = await jobs.accept(jobs.press(data));
      expect(answer.toast).toContain("expired");
      expect(jobs.desk.eventsOf("OrderInitialized")).toEqual([]);
    });
  });

  it("refuses a trade that was typed before, and obeys one that was typed since", async ({
    expect,
  }) => {
    await withJobDesk(async (jobs) => {
      const early = jobs.buyJob();
      const pause = { ...jobs.head(), kind: "pause" as const };
      await jobs.desk.clock.advance(1_000);
      await restore(jobs);
      await jobs.boot();
      await settle(jobs);
      const refused = await jobs.accept(early);
      expect(refused.answer).toMatchObject({ status: "refused" });
      expect(refused.answer.sentence).toContain("may have been done already");
      expect((await jobs.accept(pause)).answer.status).toBe("accepted");
      expect((await jobs.accept(jobs.buyJob())).answer.status).toBe("accepted");
    });
  });
});

describe("a start on any other journal", () => {
  it("changes nothing", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const before = jobs.desk.store.headSeq();
      await settle(jobs);
      expect(jobs.desk.store.headSeq()).toBe(before);
    });
  });
});
