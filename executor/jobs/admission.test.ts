import { describe, it } from "vitest";
import { USER } from "../engine/engine-fixture.ts";
import { ADMIN, person, withJobDesk } from "./jobs-fixture.ts";

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
