import { describe, it } from "vitest";
import type { ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import { INSTRUMENT, USER } from "../engine/engine-fixture.ts";
import { ENTRY_LAMPORTS, setPreset } from "../engine/exit-rules-fixture.ts";
import { chainOf, openPosition } from "../engine/trade-fixture.ts";
import { say } from "./chat-fixture.ts";
import { withJobDesk } from "./jobs-fixture.ts";
import { Chat } from "./pressed-chat-fixture.ts";

const E9 = 1_000_000_000n;
const SPECS: ExitSpec[] = [
  { kind: "takeProfit", gainBps: 5_000, shareBps: 2_500 },
  { kind: "takeProfit", gainBps: 10_000, shareBps: 2_500 },
  { kind: "stopLoss", lossBps: 3_000 },
];

async function withPosition(use: (chat: Chat) => Promise<void>): Promise<void> {
  await withJobDesk(async (jobs) => {
    await setPreset(jobs.desk, SPECS);
    await openPosition(jobs.desk, chainOf(jobs.desk));
    jobs.desk.engine.feed.emit(ENTRY_LAMPORTS * E9, INSTRUMENT);
    const chat = new Chat(jobs);
    await chat.show("positions");
    await use(chat);
  });
}

function kinds(chat: Chat): string[] {
  const [position] = chat.jobs.desk.store.openPositions(USER);
  const plan = chat.jobs.desk.store.exitPlan(position?.positionId ?? "");
  return plan?.rules.map(({ kind }) => kind) ?? [];
}

describe("the button that takes a rule away", () => {
  it("takes the rule away that stands on it, also after another one has fired", async ({
    expect,
  }) => {
    await withPosition(async (chat) => {
      const chain = chainOf(chat.jobs.desk);
      await chat.press("Exits");
      expect(
        chat
          .labels()
          .slice(0, 3)
          .map((text) => text.replaceAll("\u00a0", " ")),
      ).toEqual(["✖ TP +50 %: 25 %", "✖ TP +100 %: 25 %", "✖ SL -30 %"]);
      // The first level fires and lands; the screen with its buttons stands there as before.
      chain.tokens.set(INSTRUMENT.split(".")[0] ?? "", 500_000_000n);
      chat.jobs.desk.engine.feed.emit((ENTRY_LAMPORTS * E9 * 3n) / 2n, INSTRUMENT);
      await chat.jobs.desk.clock.settle();
      chain.land();
      await chat.jobs.desk.clock.advance(1_000);
      expect(kinds(chat)).toEqual(["takeProfit", "stopLoss"]);
      // "TP +100 %" is pressed.
      const preview = await chat.press("✖ TP +100");
      expect(preview).toContain("Stop loss -30");
      expect(preview).not.toContain("Take profit +100");
    });
  });
});

describe("a typed rule", () => {
  const set = (chat: Chat, rules: string[]) => {
    const [position] = chat.jobs.desk.store.openPositions(USER);
    const head = { ...chat.jobs.head(), actor: { kind: "admin" as const } };
    const wish = { positionId: position?.positionId ?? "" };
    return { ...head, kind: "setExits" as const, ...wish, rulesText: rules.join("\n") };
  };

  it("with a decimal comma is refused, or means what it says", async ({ expect }) => {
    await withPosition(async (chat) => {
      const job = set(chat, ["trail 12,5", "sl 30"]);
      await say(chat.jobs, job);
      const { store } = chat.jobs.desk;
      const [position] = store.openPositions(USER);
      const trail = store
        .exitPlan(position?.positionId ?? "")
        ?.rules.find(({ kind }) => kind === "trailingStop");
      expect(trail === undefined || (trail as { dropBps?: number }).dropBps === 1_250).toBe(true);
    });
  });

  it("with a decimal comma is not shown as another rule", async ({ expect }) => {
    await withPosition(async (chat) => {
      await chat.press("Exits");
      await chat.press("Add or change");
      const preview = await chat.type("tp 250,5");
      expect(preview).not.toContain("sells 5 %");
    });
  });
});

describe("a time limit of new positions", () => {
  it("is told as it was typed", async ({ expect }) => {
    await withPosition(async (chat) => {
      await chat.show("settings");
      await chat.press("Add or change");
      const preview = await chat.type("time 119m");
      expect(preview).not.toContain("1 h after it was armed");
    });
  });
});
