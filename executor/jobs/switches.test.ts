import { describe, it } from "vitest";
import type { TradingState } from "@raptor/shared/domain/trading-state.ts";
import { USER } from "../engine/engine-fixture.ts";
import { ADMIN, person, withJobDesk, type JobDesk } from "./jobs-fixture.ts";

const admin = { ...person, userId: ADMIN, chatId: ADMIN } as const;

/** A typed word that was sent `agoMs` ago and arrives now. */
function typed(jobs: JobDesk, kind: "pause" | "resume", agoMs: number) {
  const createdMs = jobs.desk.clock.nowMs() - agoMs;
  return jobs.accept({ ...jobs.head(), createdMs, kind });
}

function kill(jobs: JobDesk, state: TradingState, agoMs: number) {
  const createdMs = jobs.desk.clock.nowMs() - agoMs;
  const head = { ...jobs.head(), createdMs, actor: admin };
  return jobs.accept({ ...head, kind: "setTradingState", state, reason: "test" });
}

function killByApi(jobs: JobDesk, state: TradingState) {
  const id = `ui:00000000-0000-4000-8000-${jobs.nextJobId().slice(5).padStart(12, "0")}`;
  const head = { id, actor: { kind: "admin" } as const, createdMs: 0 };
  return jobs.accept({ ...head, kind: "setTradingState", state, reason: "test" });
}

function stateOf(jobs: JobDesk): TradingState {
  return jobs.desk.store.control().tradingState;
}

function isPaused(jobs: JobDesk): boolean | undefined {
  return jobs.desk.store.user(USER)?.paused;
}

function alertOf(jobs: JobDesk, key: string): string | undefined {
  return jobs.desk.store.outbox(key)?.content.text;
}

describe("the kill switch", () => {
  it("is not lifted by a message that is older than thirty seconds", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await kill(jobs, "halted", 0);
      await jobs.desk.clock.advance(120_000);
      const late = await kill(jobs, "active", 60_000);
      expect(late.answer.status).toBe("refused");
      expect(stateOf(jobs)).toBe("halted");
      expect((await kill(jobs, "active", 5_000)).status).toBe(202);
      expect(stateOf(jobs)).toBe("active");
    });
  });

  it("is not lifted by a message that was typed before it", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await kill(jobs, "reducing", 2_000);
      expect((await kill(jobs, "active", 20_000)).answer.sentence).toContain("stays reducing");
      expect(stateOf(jobs)).toBe("reducing");
    });
  });

  it("remembers the newest word for less when an older one arrives after it", async ({
    expect,
  }) => {
    await withJobDesk(async (jobs) => {
      await kill(jobs, "halted", 2_000);
      await kill(jobs, "reducing", 25_000);
      expect((await kill(jobs, "active", 10_000)).answer.status).toBe("refused");
    });
  });

  it("counts a word through the API as given when it was accepted", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await killByApi(jobs, "halted");
      expect((await kill(jobs, "active", 5_000)).answer.status).toBe("refused");
      expect((await killByApi(jobs, "active")).status).toBe(202);
      expect(stateOf(jobs)).toBe("active");
      expect((await kill(jobs, "active", 5_000)).answer.status).toBe("refused");
    });
  });

  it.for(["halted", "reducing"] as const)("takes %s a day late, and says so", async (state, t) => {
    await withJobDesk(async (jobs) => {
      await kill(jobs, state, 86_400_000);
      t.expect(stateOf(jobs)).toBe(state);
      t.expect(alertOf(jobs, `late:tg:1:1:${USER}`)).toContain(`Trading is now ${state}`);
    });
  });

  it("writes no notice where the answer is seen", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await kill(jobs, "halted", 1_000);
      expect(alertOf(jobs, `late:tg:1:1:${USER}`)).toBeUndefined();
    });
  });
});

describe("a pause", () => {
  it("is not undone by a /resume that comes late or was typed before it", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await typed(jobs, "pause", 2_000);
      expect((await typed(jobs, "resume", 20_000)).answer.status).toBe("refused");
      await jobs.desk.clock.advance(60_000);
      const late = await typed(jobs, "resume", 40_000);
      expect(late.answer.sentence).toContain("came late");
      expect(isPaused(jobs)).toBe(true);
      expect(alertOf(jobs, "late:tg:1:3")).toContain("came late");
      await typed(jobs, "resume", 1_000);
      expect(isPaused(jobs)).toBe(false);
    });
  });

  it("is obeyed a day late, and the person is told", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await typed(jobs, "pause", 86_400_000);
      expect(isPaused(jobs)).toBe(true);
      expect(alertOf(jobs, "late:tg:1:1")).toContain("Paused");
    });
  });

  it("outlives a resume button that was shown before it", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const shownMs = jobs.desk.clock.nowMs();
      const old = await jobs.button({ kind: "resume", shownMs });
      await jobs.desk.clock.advance(5_000);
      await typed(jobs, "pause", 0);
      expect((await jobs.accept(jobs.press(old))).answer.status).toBe("refused");
      expect(isPaused(jobs)).toBe(true);
      const fresh = await jobs.button({ kind: "resume", shownMs: jobs.desk.clock.nowMs() });
      expect((await jobs.accept(jobs.press(fresh))).answer.toast).toContain("Resumed");
      expect(isPaused(jobs)).toBe(false);
      expect((await jobs.accept(jobs.press(fresh))).answer.status).toBe("refused");
    });
  });

  it("outlives a resume button that has expired", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await typed(jobs, "pause", 0);
      const button = await jobs.button({ kind: "resume", shownMs: jobs.desk.clock.nowMs() });
      await jobs.desk.clock.advance(61_000);
      expect((await jobs.accept(jobs.press(button))).answer.toast).toContain("expired");
      expect(isPaused(jobs)).toBe(true);
    });
  });

  it("of a panic is not undone by a /resume from before the press", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const panic = await jobs.button({ kind: "panic" }, "menu");
      await jobs.accept(jobs.press(panic, { createdMs: 1 }));
      await jobs.desk.clock.advance(3_000);
      expect(jobs.desk.store.user(USER)?.panicId).toBeNull();
      expect((await typed(jobs, "resume", 10_000)).answer.status).toBe("refused");
      expect(isPaused(jobs)).toBe(true);
      await typed(jobs, "resume", 0);
      expect(isPaused(jobs)).toBe(false);
    });
  });
});
