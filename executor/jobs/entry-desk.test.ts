import { describe, it } from "vitest";
import { USER } from "../engine/engine-fixture.ts";
import { chainOf } from "../engine/trade-fixture.ts";
import { delivered, navigation, say, showTokenCard } from "./chat-fixture.ts";
import { parseEntryText } from "./entry-desk.ts";
import { withJobDesk, type JobDesk } from "./jobs-fixture.ts";

/** Asks on a token card, answers, and gives the preview's text. */
async function preview(jobs: JobDesk, text: string): Promise<string> {
  chainOf(jobs.desk);
  await showTokenCard(jobs);
  const ask = jobs.press(await navigation(jobs, "limitBuy"));
  await say(jobs, ask);
  await delivered(jobs, `job:${ask.id}`, 6);
  const answer = { ...jobs.head(), kind: "say" as const, text };
  const shown = await say(jobs, answer);
  await delivered(jobs, `job:${answer.id}`, 7);
  return shown;
}

async function pressFirst(jobs: JobDesk, key: string, messageId: number): Promise<string> {
  const [button] = jobs.desk.store.outbox(key)?.content.keyboard.flat() ?? [];
  if (button === undefined || !("callbackData" in button)) throw new Error("expected a button");
  await say(jobs, jobs.press(button.callbackData, { messageId }));
  return jobs.desk.store.outbox(`msg:${USER}:${messageId}`)?.content.text ?? "";
}

function previewKey(jobs: JobDesk): string {
  const jobId = jobs.desk.payloads("JobAccepted").findLast(({ kind }) => kind === "say")?.jobId;
  return `job:${jobId}`;
}

describe("a limit buy", () => {
  it("is armed after its preview and called off by its button", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      expect(await preview(jobs, "0.0005 0.2 4h")).toContain("0.0005 SOL or below");
      expect(jobs.desk.payloads("EntryArmed")).toEqual([]);
      const list = await pressFirst(jobs, previewKey(jobs), 7);
      expect(list).toContain("TOK: 0.2 SOL at 0.0005 SOL or below · 4 h left");
      expect(jobs.desk.payloads("EntryArmed")).toMatchObject([
        { triggerPriceE9: "500000000000000", notionalLamports: "200000000" },
      ]);
      await delivered(jobs, `msg:${USER}:7`, 7);
      expect(await pressFirst(jobs, `msg:${USER}:7`, 7)).toContain("None is waiting");
      expect(jobs.desk.payloads("EntryDisarmed")).toHaveLength(1);
    });
  });

  it("is asked for with the price of now, and an example that waits below it", async ({
    expect,
  }) => {
    await withJobDesk(async (jobs) => {
      chainOf(jobs.desk);
      await showTokenCard(jobs);
      const asked = await say(jobs, jobs.press(await navigation(jobs, "limitBuy")));
      const [, now] = /^Price now: ([\d.]+) SOL a token$/m.exec(asked) ?? [];
      const [, example] = /^([\d.]+) 0\.2 4h$/m.exec(asked) ?? [];
      expect(Number(now)).toBeGreaterThan(0);
      expect(Number(example) / Number(now)).toBeCloseTo(0.9, 2);
    });
  });

  it("that would buy at once or is too large is refused with what to do", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const text = await preview(jobs, "1 500 4h");
      expect(text).toContain("No limit buy");
      expect(text).toContain("The price is there already: paste the token and press Buy.");
      expect(text).toContain("One buy may cost 2 SOL at most.");
      expect(text).toContain("Nothing was armed, bought or spent.");
    });
  });

  it.for(["", "1", "1 1", "x 1 4h", "1 x 4h", "1 1 4", "1 1 4h 5", "1 1 31d", "1e9 1 4h"])(
    "typed as %s is not understood",
    (text, { expect }) => {
      expect(typeof parseEntryText(text)).toBe("string");
    },
  );
});
