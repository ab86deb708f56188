import { describe, it } from "vitest";
import { MINT, mintOf, USER } from "../engine/engine-fixture.ts";
import { delivered, navigation, say, showTokenCard } from "./chat-fixture.ts";
import { withJobDesk, type JobDesk } from "./jobs-fixture.ts";

/** Opens the question for an amount as message 6. */
async function ask(jobs: JobDesk, messageId = 6): Promise<void> {
  const press = jobs.press(await navigation(jobs, "customBuy"));
  await say(jobs, press);
  await delivered(jobs, `job:${press.id}`, messageId);
}

function answer(jobs: JobDesk, text: string, replyToMessageId?: number): Promise<string> {
  const reply = replyToMessageId === undefined ? {} : { replyToMessageId };
  return say(jobs, { ...jobs.head(), kind: "say", text, ...reply });
}

describe("a custom amount", () => {
  it("is asked for on a token card and buys that token when it is answered", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await showTokenCard(jobs);
      const ask = jobs.press(await navigation(jobs, "customBuy"));
      expect(await say(jobs, ask)).toContain("TOK");
      await delivered(jobs, `job:${ask.id}`, 6);
      await say(jobs, { ...jobs.head(), kind: "say", text: "0.35" });
      expect(jobs.desk.payloads("OrderInitialized")).toMatchObject([
        { instrument: `${MINT}.SOLANA`, notionalLamports: "350000000" },
      ]);
    });
  });

  it("is not expected without a prompt, or after a minute", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const answer = () => say(jobs, { ...jobs.head(), kind: "say", text: "0.35" });
      expect(await answer()).toContain("Nothing was done");
      await showTokenCard(jobs);
      const ask = jobs.press(await navigation(jobs, "customBuy"));
      await say(jobs, ask);
      await delivered(jobs, `job:${ask.id}`, 6);
      await jobs.desk.clock.advance(60_001);
      expect(await answer()).toContain("Nothing was done");
      expect(jobs.desk.eventsOf("OrderInitialized")).toEqual([]);
    });
  });

  it("buys once, however often it is answered", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await showTokenCard(jobs);
      await ask(jobs);
      await answer(jobs, "0.35");
      expect(await answer(jobs, "0.35")).toContain("answered already");
      expect(await answer(jobs, "0.4", 6)).toContain("answered already");
      expect(jobs.desk.eventsOf("OrderInitialized")).toHaveLength(1);
    });
  });

  it("that cannot be used leaves the question open", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await showTokenCard(jobs);
      await ask(jobs);
      for (const text of ["0", "-1", "lots", "1e309", "0.0000000001"]) {
        const told = await answer(jobs, text, 6);
        expect(told).toContain("Nothing was bought");
        expect(told).toContain("Send another number");
      }
      await answer(jobs, "0.2", 6);
      expect(jobs.desk.payloads("OrderInitialized")).toMatchObject([
        { notionalLamports: "200000000" },
      ]);
    });
  });

  it("as a reply buys the token that was asked about there", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await showTokenCard(jobs);
      await ask(jobs, 6);
      const other = { ...jobs.head(), kind: "showToken", mint: mintOf(4) } as const;
      await say(jobs, other);
      await delivered(jobs, `job:${other.id}`, 5);
      await ask(jobs, 7);
      await answer(jobs, "0.1", 6);
      await answer(jobs, "0.2");
      expect(jobs.desk.payloads("OrderInitialized")).toMatchObject([
        { instrument: `${MINT}.SOLANA`, notionalLamports: "100000000" },
        { instrument: `${mintOf(4)}.SOLANA`, notionalLamports: "200000000" },
      ]);
    });
  });

  it("as a reply to anything else buys nothing", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await showTokenCard(jobs);
      await ask(jobs);
      expect(await answer(jobs, "0.35", 5)).toContain("Nothing was done");
      expect(await answer(jobs, "0.35", 99)).toContain("Nothing was done");
      expect(jobs.desk.eventsOf("OrderInitialized")).toEqual([]);
    });
  });

  it("is not waited for after a cancel", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await showTokenCard(jobs);
      await ask(jobs);
      expect(await answer(jobs, "/cancel")).toContain("Nothing was bought");
      expect(await answer(jobs, "0.35")).toContain("answered already");
      expect(jobs.desk.eventsOf("OrderInitialized")).toEqual([]);
      expect(await answer(jobs, "/cancel")).toContain("Nothing to cancel");
      await jobs.desk.clock.advance(60_001);
      expect(await answer(jobs, "/cancel")).toContain("Nothing to cancel");
    });
  });

  it("buys once when its job runs again after a crash", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await showTokenCard(jobs);
      await ask(jobs);
      const job = { ...jobs.head(), kind: "say", text: "0.35" } as const;
      await jobs.desk.transact((tx) => {
        const payload = { ticket: `prompt:${USER}:6`, jobId: job.id, userId: USER };
        tx.append({ stream: `job:${job.id}`, kind: "TicketClaimed", payload });
      });
      await say(jobs, job);
      expect(jobs.desk.eventsOf("OrderInitialized")).toHaveLength(1);
    });
  });
});
