import { describe, it } from "vitest";
import type { ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import { INSTRUMENT, USER } from "../engine/engine-fixture.ts";
import { ENTRY_LAMPORTS, setPreset } from "../engine/exit-rules-fixture.ts";
import { chainOf, openPosition, startSell } from "../engine/trade-fixture.ts";
import { settingsScreen } from "../screens/exits.ts";
import { say } from "./chat-fixture.ts";
import { withJobDesk } from "./jobs-fixture.ts";
import { Chat } from "./pressed-chat-fixture.ts";

const E9 = 1_000_000_000n;
const SPECS: ExitSpec[] = [
  { kind: "takeProfit", gainBps: 5_000, shareBps: 2_500 },
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

describe("the exits of a position", () => {
  it("are told in words, with prices and the moon bag", async ({ expect }) => {
    await withPosition(async (chat) => {
      const text = await chat.press("Exits");
      expect(text).toContain("Take profit +50\u00a0%: sells 25 % of what was bought at 0.0015 SOL");
      expect(text).toContain("Stop loss -30\u00a0%: sells all at 0.0007 SOL or below");
      expect(text).toContain("Moon bag: the ladder never sells the last 375 TOK");
    });
  });

  it("are changed by a typed rule only after the whole plan was shown", async ({ expect }) => {
    await withPosition(async (chat) => {
      await chat.press("Exits");
      await chat.press("Add or change");
      const preview = await chat.type("trail 20 from 50");
      expect(preview).toContain("Exits of TOK after this change");
      expect(preview).toContain("from +50 % (0.0015 SOL) on");
      expect(kinds(chat)).toEqual(["takeProfit", "stopLoss"]);
      await chat.press("Arm these rules");
      expect(kinds(chat)).toEqual(["takeProfit", "stopLoss", "trailingStop"]);
    });
  });

  it("refuse what cannot be, and say what is wrong and what stays", async ({ expect }) => {
    await withPosition(async (chat) => {
      await chat.press("Exits");
      await chat.press("Add or change");
      expect(await chat.type("tp fifty")).toContain("Write tp 50 25");
      expect(await chat.type("tp 100 80")).toContain("105 % of what was bought; at most 100 %");
      expect(await chat.type("sl +10")).toContain("would sell at once");
      expect(kinds(chat)).toEqual(["takeProfit", "stopLoss"]);
      expect(await chat.type("/cancel")).toContain("stay as they are");
      expect(await chat.type("tp 90 5")).toContain("I do not know what this is for");
    });
  });

  it("lose a stop only after a warning", async ({ expect }) => {
    await withPosition(async (chat) => {
      await chat.press("Exits");
      expect(await chat.press("✖ SL")).toContain("No stop would be left");
      expect(kinds(chat)).toContain("stopLoss");
      await chat.press("Yes, without a stop");
      expect(kinds(chat)).toEqual(["takeProfit"]);
    });
  });

  it("are not changed by a preview that a fired rule has overtaken", async ({ expect }) => {
    await withPosition(async (chat) => {
      const chain = chainOf(chat.jobs.desk);
      await chat.press("Exits");
      await chat.press("Trail");
      chain.tokens.set(INSTRUMENT.split(".")[0] ?? "", 500_000_000n);
      chat.jobs.desk.engine.feed.emit((ENTRY_LAMPORTS * E9 * 3n) / 2n, INSTRUMENT);
      await chat.jobs.desk.clock.settle();
      chain.land();
      await chat.jobs.desk.clock.advance(1_000);
      expect(await chat.press("Arm these rules")).toContain("have changed since this was shown");
      expect(kinds(chat)).toEqual(["stopLoss"]);
    });
  });

  it("take a market cap with the supply and the price of SOL of now", async ({ expect }) => {
    await withPosition(async (chat) => {
      await chat.press("Exits");
      await chat.press("Add or change");
      expect(await chat.type("mc 400m 50")).toContain("$400.00M or more");
      await chat.press("Arm these rules");
      const [position] = chat.jobs.desk.store.openPositions(USER);
      const plan = chat.jobs.desk.store.exitPlan(position?.positionId ?? "");
      expect(plan?.rules.at(-1)).toMatchObject({ capUsd: "400000000", quantityBps: 5_000 });
    });
  });
});

describe("a price of SOL that is next to nothing", () => {
  it("is not known, and ends no process", async ({ expect }) => {
    await withPosition(async (chat) => {
      const { venue } = chat.jobs.desk;
      const { fetchInstrument } = chainOf(chat.jobs.desk).script();
      venue.script = {
        ...venue.script,
        fetchInstrument: async (mint) => ({ ...(await fetchInstrument(mint)), solUsd: 1e-7 }),
      };
      await chat.press("Exits");
      await chat.press("Add or change");
      expect(await chat.type("mc 400m 50")).toContain("price of SOL is not known just now");
    });
  });
});

describe("rules from elsewhere", () => {
  const set = (chat: Chat, rules: string[], positionId?: string) => {
    const [position] = chat.jobs.desk.store.openPositions(USER);
    const head = { ...chat.jobs.head(), actor: { kind: "admin" as const } };
    const wish = { positionId: positionId ?? position?.positionId ?? "" };
    return { ...head, kind: "setExits" as const, ...wish, rulesText: rules.join("\n") };
  };

  it("replace all of a position, and its owner is told", async ({ expect }) => {
    await withPosition(async (chat) => {
      const job = set(chat, ["sl 20", "tp 100 50", "trail 10 from 30"]);
      await say(chat.jobs, job);
      const { store } = chat.jobs.desk;
      expect(store.job(job.id)?.outcome).toBe("exits changed");
      expect(kinds(chat)).toEqual(["takeProfit", "stopLoss", "trailingStop"]);
      expect(store.outbox(`exits:${job.id}`)?.content.text).toContain("The operator changed");
    });
  });

  it("that are wrong change nothing, and the job says why", async ({ expect }) => {
    await withPosition(async (chat) => {
      for (const [rules, why] of [
        [["sl 20", "sl 30"], "two rules of the kind stop loss"],
        [["tp x"], "is not a take profit"],
        [["sl +10"], "would sell at once"],
      ] as const) {
        const job = set(chat, [...rules]);
        await say(chat.jobs, job);
        const outcome = chat.jobs.desk.store.job(job.id)?.outcome;
        expect(outcome).toContain("not changed");
        expect(outcome).toContain(why);
      }
      const lost = set(chat, ["sl 20"], "pos_aaaaaaaaaaaaaaaa");
      await say(chat.jobs, lost);
      expect(chat.jobs.desk.store.job(lost.id)?.outcome).toContain("no such position");
      expect(kinds(chat)).toEqual(["takeProfit", "stopLoss"]);
    });
  });

  it("are the operator's alone", async ({ expect }) => {
    await withPosition(async (chat) => {
      const job = { ...set(chat, []), actor: chat.jobs.head().actor };
      expect((await chat.jobs.accept(job)).answer.status).toBe("refused");
      expect(kinds(chat)).toHaveLength(2);
    });
  });
});

describe("the settings", () => {
  it("hold the rules of new positions and leave open ones alone", async ({ expect }) => {
    await withPosition(async (chat) => {
      expect(await chat.show("settings")).toContain("Take profit +50\u00a0%: sells 25 %");
      expect(await chat.press("Ladder")).toContain("Exits of new positions after this change");
      await chat.press("Arm these rules");
      const specs = chat.jobs.desk.store.exitPreset(USER)?.specs.map(({ kind }) => kind);
      expect(specs).toEqual(["takeProfit", "takeProfit", "takeProfit", "stopLoss", "breakeven"]);
      expect(kinds(chat)).toEqual(["takeProfit", "stopLoss"]);
    });
  });

  it("take no absolute price, because no token is known yet", async ({ expect }) => {
    await withPosition(async (chat) => {
      await chat.show("settings");
      await chat.press("Add or change");
      expect(await chat.type("limit 0.5 10")).toContain("belongs to one token");
    });
  });
});

describe("the protection of a person's orders", () => {
  it("is the desk's until a button says otherwise, and goes with every route from then on", async ({
    expect,
  }) => {
    await withPosition(async (chat) => {
      const { desk } = chat.jobs;
      expect(await chat.show("settings")).toContain("MEV protection (the desk's choice)");
      expect(chat.labels()).toContain("• 🛡 Desk's choice");
      expect(desk.venue.routes.some((route) => "protect" in route)).toBe(false);
      expect(await chat.press("🛡 Buys and sells")).toContain("a sell that is late goes everywhere");
      expect(chat.labels()).toContain("• 🛡 Buys and sells");
      expect(desk.payloads("MevProtectChosen")).toMatchObject([{ userId: USER, protect: "all" }]);
      const [position] = desk.store.openPositions(USER);
      if (position === undefined) throw new Error("expected a position");
      await startSell(desk, position);
      expect(desk.venue.routes.at(-1)?.protect).toBe("all");
      await chat.press("🛡 Desk's choice");
      expect(desk.store.mevChoice(USER)?.protect).toBe("default");
      await chat.press("🛡 Off");
      expect(desk.store.mevChoice(USER)?.protect).toBe("off");
    });
  });

  it("goes with an exit that fires from what is at hand", async ({ expect }) => {
    await withPosition(async (chat) => {
      const { desk } = chat.jobs;
      await chat.show("settings");
      await chat.press("🛡 Buys and sells");
      const asked: unknown[] = [];
      desk.venue.script = {
        ...desk.venue.script,
        holdingAtHand: () => ({ lamports: E9, quantity: 10n ** 18n, slot: 1 }),
        routeAtHand: (request) => void asked.push(request.protect),
      };
      desk.engine.feed.emit(ENTRY_LAMPORTS * E9 * 2n, INSTRUMENT);
      await desk.clock.settle();
      expect(asked).toEqual(["all"]);
    });
  });

  it("is warned of where the desk has no lane that keeps orders", ({ expect }) => {
    const protect = { choice: "all", standard: "off", isPossible: false } as const;
    const model = { specs: SPECS, isStandard: true, presets: [], protect, nowMs: 0 };
    expect(settingsScreen(model).text).toContain("protected buys are refused, sells go everywhere");
    const unused = settingsScreen({ ...model, protect: { ...protect, choice: "default" } });
    expect(unused.rows.flat().filter(({ text }) => text.includes("🛡"))).toEqual([]);
  });
});
