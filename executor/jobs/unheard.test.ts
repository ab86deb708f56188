import type { Job } from "@raptor/shared/wire/job.ts";
import { describe, it } from "vitest";
import { USER } from "../engine/engine-fixture.ts";
import { ADMIN, person, withJobDesk, type JobDesk } from "./jobs-fixture.ts";

const admin = { ...person, userId: ADMIN, chatId: ADMIN } as const;

/** As the queue brings a job whose direct delivery had no answer: nobody reads what it says. */
async function redeliver(jobs: JobDesk, job: Job): ReturnType<JobDesk["accept"]> {
  const answer = jobs.intake.accept(job, true);
  answer.catch(() => {});
  await jobs.desk.clock.settle();
  return answer;
}

function killBy(jobs: JobDesk): Job {
  const change = { kind: "setTradingState", state: "halted", reason: "x" } as const;
  return { ...jobs.head(), actor: admin, ...change };
}

function told(jobs: JobDesk, key: string): string {
  return jobs.desk.store.outbox(key)?.content.text ?? "";
}

describe("a kill under one key of the API", () => {
  it("is answered with how trading stands now when it is repeated", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const head = { actor: { kind: "admin" } as const, createdMs: 0 };
      const wish = { ...head, kind: "setTradingState", reason: "x" } as const;
      const id = (at: number) => `ui:00000000-0000-4000-8000-00000000000${at}`;
      const kill: Job = { ...wish, id: id(1), state: "halted" };
      expect((await jobs.accept(kill)).status).toBe(202);
      expect((await jobs.accept({ ...wish, id: id(2), state: "active" })).status).toBe(202);
      const { answer } = await jobs.accept(kill);
      expect(answer).toMatchObject({ status: "duplicate", tradingState: "active" });
    });
  });
});

describe("what a command that came back from the queue did", () => {
  it("is told to an admin whose kill waited there for three seconds", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await jobs.accept({ ...jobs.head(), actor: admin, kind: "start" });
      const job = killBy(jobs);
      await jobs.desk.clock.advance(3_000);
      await redeliver(jobs, job);
      expect(told(jobs, `late:${job.id}:${USER}`)).toContain("Trading is now halted");
    });
  });

  it("is told to a person whose pause waited there for three seconds", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await jobs.accept({ ...jobs.head(), kind: "start" });
      const job = { ...jobs.head(), kind: "pause" } as const;
      await jobs.desk.clock.advance(3_000);
      await redeliver(jobs, job);
      expect(told(jobs, `late:${job.id}`)).toContain("Paused");
    });
  });

  it("is told when it was refused and the answer was lost, and its reason stays", async ({
    expect,
  }) => {
    await withJobDesk(async (jobs) => {
      await jobs.accept({ ...jobs.head(), kind: "start" });
      const deadlineMs = jobs.desk.clock.nowMs() - 5_000;
      const first = { ...jobs.buyJob(), deadlineMs };
      expect((await jobs.accept(first)).answer.status).toBe("refused");
      expect((await redeliver(jobs, first)).answer.status).toBe("duplicate");
      expect(told(jobs, `late:${first.id}`)).toContain("nothing was done");
      const second = { ...jobs.buyJob(), deadlineMs };
      await redeliver(jobs, second);
      const reason = told(jobs, `late:${second.id}`);
      await redeliver(jobs, second);
      expect(reason).not.toContain("refused before");
      expect(told(jobs, `late:${second.id}`)).toBe(reason);
    });
  });

  it("is said again to the second direct try of a kill, whose first answer was lost", async ({
    expect,
  }) => {
    await withJobDesk(async (jobs) => {
      const job = killBy(jobs);
      await jobs.accept(job);
      const { answer } = await jobs.accept(job);
      expect(answer).toMatchObject({
        status: "duplicate",
        sentence: "Trading is halted.",
        tradingState: "halted",
      });
    });
  });
});
