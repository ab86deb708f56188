import { describe, it } from "vitest";
import type { View } from "@raptor/shared/domain/rows.ts";
import { USER } from "../engine/engine-fixture.ts";
import { delivered, navigation, say } from "./chat-fixture.ts";
import { person, withJobDesk, type JobDesk } from "./jobs-fixture.ts";

const stranger = { kind: "telegram" as const, userId: 8, chatId: 8, name: "Bob" };

async function buy(jobs: JobDesk): Promise<string> {
  await say(jobs, jobs.buyJob());
  jobs.chain.land();
  await jobs.desk.clock.advance(1_000);
  const orderId = jobs.desk.payloads("FillRecorded").at(-1)?.orderId;
  if (orderId === undefined) throw new Error("expected a fill");
  return orderId;
}

function why(jobs: JobDesk, about: string, actor: typeof person | typeof stranger = person) {
  return say(jobs, { ...jobs.head(), actor, kind: "why", about });
}

/** Presses a button with this label below the message that stands under a key. */
async function pressBelow(jobs: JobDesk, key: string, label: string): Promise<View | undefined> {
  await delivered(jobs, key, 9);
  const buttons = jobs.desk.store.outbox(key)?.content.keyboard.flat() ?? [];
  const found = buttons.find((button) => button.text.includes(label));
  if (found === undefined || !("callbackData" in found)) throw new Error(`no button ${label}`);
  const job = jobs.press(found.callbackData, { messageId: 9 });
  await say(jobs, job);
  const { store } = jobs.desk;
  return (store.outbox("msg:7:9") ?? store.outbox(`job:${job.id}`))?.view;
}

describe("/why", () => {
  it("tells the story of an order, from its job to its fill", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const orderId = await buy(jobs);
      const text = await why(jobs, orderId);
      expect(text).toContain("Why? · 2023-11-14");
      expect(text).toContain("a buy job of person 7 was accepted");
      expect(text).toContain("the risk check let it pass");
      expect(jobs.desk.store.storyOf(orderId).map((event) => event.kind)).toContain("FillRecorded");
    });
  });

  it("alone lists the last trades, each a button to its story", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      expect(await why(jobs, "")).toContain("Nothing was bought or sold yet.");
      const orderId = await buy(jobs);
      const job = { ...jobs.head(), kind: "why" as const, about: "" };
      expect(await say(jobs, job)).toContain("Bought");
      const view = await pressBelow(jobs, `job:${job.id}`, "1. Bought");
      expect(view).toEqual({ kind: "why", id: orderId, page: 0 });
    });
  });

  it("turns its pages in the same message", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const orderId = await buy(jobs);
      const job = { ...jobs.head(), kind: "why" as const, about: orderId };
      await say(jobs, job);
      const view = await pressBelow(jobs, `job:${job.id}`, "▶");
      expect(view).toEqual({ kind: "why", id: orderId, page: 1 });
    });
  });

  it("is asked by the receipt in a new message and by a position", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const orderId = await buy(jobs);
      const view = await pressBelow(jobs, `order:${orderId}`, "Why?");
      expect(view).toEqual({ kind: "why", id: orderId, page: 0 });
      expect(jobs.desk.store.outbox("msg:7:9")).toBeUndefined();
      const positions = {
        ...jobs.head(),
        kind: "showScreen" as const,
        screen: "positions" as const,
      };
      await say(jobs, positions);
      const positionId = jobs.desk.store.openPositions(USER)[0]?.positionId;
      const other = await pressBelow(jobs, `job:${positions.id}`, "Why?");
      expect(other).toEqual({ kind: "why", id: positionId, page: 0 });
    });
  });

  it("tells nobody a story of somebody else", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const orderId = await buy(jobs);
      const [jobId] = jobs.desk.payloads("JobAccepted").map((job) => job.jobId);
      const [fillId] = jobs.desk.payloads("FillRecorded").map((fill) => fill.fillId);
      const positionId = jobs.desk.store.openPositions(USER)[0]?.positionId;
      for (const id of [orderId, jobId, fillId, positionId, "nothing", "order:x"]) {
        const text = await why(jobs, id ?? "", stranger);
        expect(text).toContain("Nothing of yours is known by this id");
      }
      expect(await why(jobs, "", stranger)).toContain("Nothing was bought or sold yet.");
    });
  });

  it("shows the list where a button's message is not known any more", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const data = await navigation(jobs, "why");
      const job = jobs.press(data, { messageId: 77 });
      await say(jobs, job);
      expect(jobs.desk.store.outbox("msg:7:77")?.view).toEqual({ kind: "trades", fillIds: [] });
    });
  });
});
