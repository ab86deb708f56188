import fc from "fast-check";
import { describe, it } from "vitest";
import type { Job } from "@raptor/shared/wire/job.ts";
import { MINT, mintOf, USER } from "../engine/engine-fixture.ts";
import { digestOf } from "./intake.ts";
import { ADMIN, person, withJobDesk } from "./jobs-fixture.ts";
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

describe("a pressed button", () => {
  it("works once, whatever update brings it", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const data = await jobs.buyButton();
      const first = await jobs.accept(jobs.press(data));
      expect(first).toMatchObject({ status: 202, answer: { toast: "Buying for 0.5 SOL…" } });
      const second = jobs.press(data);
      const refused = await jobs.accept(second);
      expect(refused.answer).toMatchObject({ status: "refused", toastIsAlert: true });
      expect(refused.answer.toast).toContain("Already used");
      expect(jobs.desk.store.job(second.id)?.outcome).toBe("ticket-used");
      expect(jobs.desk.eventsOf("TicketClaimed")).toHaveLength(1);
      expect(jobs.desk.eventsOf("OrderInitialized")).toHaveLength(1);
    });
  });

  it("is claimed by one of two presses that arrive in the same commit", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const data = await jobs.buyButton();
      const presses = [jobs.press(data), jobs.press(data)];
      const answers = Promise.all(presses.map((press) => jobs.intake.accept(press)));
      await jobs.desk.clock.settle();
      expect((await answers).map(({ answer }) => answer.status)).toEqual(["accepted", "refused"]);
      expect(jobs.desk.eventsOf("TicketClaimed")).toHaveLength(1);
    });
  });

  it("does nothing when it is expired, of somebody else, forged or unknown", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const data = await jobs.buyButton();
      const bo = { ...person, userId: 8, chatId: 8 };
      const foreign = jobs.press(data, { actor: bo });
      expect((await jobs.accept(foreign)).answer.toast).toContain("not made here");
      const forged = jobs.press(data, { op: "u" });
      expect((await jobs.accept(forged)).answer.toast).toContain("not made here");
      const misshapen = jobs.press(data, { arg: "!!" });
      expect((await jobs.accept(misshapen)).answer.toast).toContain("not made here");
      await jobs.desk.clock.advance(60_001);
      const expired = jobs.press(data);
      expect((await jobs.accept(expired)).answer.toast).toContain("has expired");
      const outcomes = [foreign, forged, misshapen, expired].map(
        ({ id }) => jobs.desk.store.job(id)?.outcome,
      );
      expect(outcomes).toEqual([
        "forged-button",
        "forged-button",
        "forged-button",
        "ticket-expired",
      ]);
      expect(jobs.desk.eventsOf("TicketClaimed")).toEqual([]);
      expect(jobs.desk.eventsOf("OrderInitialized")).toEqual([]);
    });
  });

  it("is owned by the person it was issued to, even with a right tag", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const issue = (chatId: number) =>
        jobs.desk.transact((tx) =>
          jobs.desk.engine.tickets.issue(tx, USER, chatId, {
            text: "",
            entities: [],
            rows: [[{ text: "x", action: { kind: "panic" }, lifetime: "menu" }]],
          }),
        );
      const [button] = (await issue(8)).keyboard[0] ?? [];
      if (button === undefined || !("callbackData" in button)) throw new Error("expected a button");
      const press = jobs.press(button.callbackData, { actor: { ...person, userId: 8, chatId: 8 } });
      expect((await jobs.accept(press)).answer.toast).toContain("belongs to somebody else");
      expect(jobs.desk.store.job(press.id)?.outcome).toBe("ticket-foreign");
    });
  });
});

describe("a switch", () => {
  it("takes effect in the very commit that accepts it", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const halt = {
        ...jobs.head("ui:00000000-0000-0000-0000-000000000001"),
        actor: { kind: "admin" },
        kind: "setTradingState",
        state: "halted",
        reason: "test",
      } as const;
      const halted = jobs.intake.accept(halt);
      const bought = jobs.intake.accept(jobs.buyJob());
      await jobs.desk.clock.settle();
      expect((await halted).answer.sentence).toContain("Trading is now halted");
      expect((await bought).status).toBe(202);
      expect(jobs.desk.eventsOf("AttemptPrepared")).toEqual([]);
      expect(jobs.desk.store.control()).toMatchObject({ tradingState: "halted", by: "admin" });
    });
  });

  it("of the kill kind is for admins", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const kill = { kind: "setTradingState", state: "halted", reason: "" } as const;
      const refused = await jobs.accept({ ...jobs.head(), ...kill });
      expect(refused.answer.sentence).toContain("Only an admin");
      const cron = { kind: "cron", name: "x" } as const;
      const fromCron = await jobs.accept({ ...jobs.head("qs:1"), ...kill, actor: cron });
      expect(fromCron.answer.status).toBe("refused");
      expect(jobs.desk.store.control().tradingState).toBe("active");
      const actor = { ...person, userId: ADMIN, chatId: ADMIN };
      expect((await jobs.accept({ ...jobs.head(), ...kill, actor })).status).toBe(202);
      expect(jobs.desk.store.control()).toMatchObject({
        tradingState: "halted",
        by: `telegram:${ADMIN}`,
      });
    });
  });

  it("pauses, resumes and releases what reconciliation held, but not during panic", async ({
    expect,
  }) => {
    await withJobDesk(async (jobs) => {
      const { desk } = jobs;
      await jobs.accept({ ...jobs.head(), kind: "pause" });
      expect(desk.store.user(USER)?.paused).toBe(true);
      await desk.transact((tx) => {
        const payload = { userId: USER, reason: "look" };
        tx.append({ stream: `user:${USER}`, kind: "EntriesHeld", payload });
      });
      await jobs.accept({ ...jobs.head(), kind: "resume" });
      expect(desk.store.user(USER)).toMatchObject({ paused: false, heldReason: "" });
      await desk.transact((tx) => {
        const payload = { userId: USER, panicId: "pan_x" };
        tx.append({ stream: `user:${USER}`, kind: "PanicOpened", payload });
      });
      const refused = await jobs.accept({ ...jobs.head(), kind: "resume" });
      expect(refused.answer.sentence).toContain("Panic is still selling");
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
