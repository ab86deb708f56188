import { describe, it } from "vitest";
import type { ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import type { EventKind, JournalEvent, NewEvent } from "@raptor/shared/domain/events.ts";
import { deriveEntryOrderId } from "../engine/ids.ts";
import { withRules } from "../engine/exit-rules-fixture.ts";
import { verifyJournal } from "../store/verify.ts";
import { replayJournal, type Difference } from "./replay.ts";
import { withRecorded } from "./replay-fixture.ts";
import { RULES, type ReplayRules } from "./replay-rules.ts";

const SPECS: ExitSpec[] = [
  { kind: "takeProfit", gainBps: 5_000, shareBps: 2_500 },
  { kind: "takeProfit", gainBps: 10_000, shareBps: 2_500 },
  { kind: "initialsOut", gainBps: 12_000 },
  { kind: "breakeven", gainBps: 4_000 },
  { kind: "trailingStop", dropBps: 2_000, fromGainBps: 3_000 },
];

/** Every kind of decision that exit rules make, as one desk journals it. */
async function recordRules(): Promise<JournalEvent[]> {
  let recorded: JournalEvent[] = [];
  await withRules(SPECS, async (rules) => {
    for (const percent of [145, 150, 200, 220, 260, 205]) {
      await rules.percent(percent);
      await rules.land();
    }
    recorded = rules.desk.events();
  });
  return recorded;
}

const recorded = await recordRules();

async function differences(
  events: readonly (JournalEvent | NewEvent)[],
  over: Partial<ReplayRules> = {},
): Promise<Difference[]> {
  let found: Difference[] = [];
  await withRecorded(events, (path) => {
    found = replayJournal(path, over).differences;
  });
  return found;
}

function altered(kind: EventKind, change: object, which = 0): JournalEvent[] {
  let seen = 0;
  return recorded.map((event) => {
    if (event.kind !== kind || seen++ !== which) return event;
    return { ...event, payload: { ...event.payload, ...change } } as JournalEvent;
  });
}

const ENTRY: NewEvent[] = [
  {
    stream: "entry:ent_one",
    kind: "EntryArmed",
    payload: {
      entryId: "ent_one",
      userId: 7,
      walletId: "wal_test",
      venue: "SOLANA",
      instrument: "MINT.SOLANA",
      symbol: "TOK",
      decimals: 6,
      tokenProgram: "spl",
      triggerPriceE9: "100",
      notionalLamports: "5",
      slippageBpsMax: 100,
      deadlineMs: 9,
      jobId: "ui:1",
    },
  },
  {
    stream: "entry:ent_one",
    kind: "EntryTriggered",
    payload: {
      entryId: "ent_one",
      userId: 7,
      triggerPriceE9: "100",
      priceE9: "100",
      priceAgeMs: 0,
      orderId: deriveEntryOrderId("ent_one"),
    },
  },
];

describe("raptor replay of a limit buy", () => {
  it("asks its price again, and notices a rule that would not fire now", async ({ expect }) => {
    expect(await differences(ENTRY)).toEqual([]);
    const found = await differences(ENTRY, { isEntryReached: () => false });
    expect(found.map((one) => one.rule)).toEqual(["limit buy"]);
  });
});

describe("raptor replay of exit rules", () => {
  it("works every trigger, quantity and mark out again and finds them the same", async ({
    expect,
  }) => {
    const rules = recorded.flatMap((event) =>
      event.kind === "ExitTriggered" || event.kind === "ExitRuleEnded" ? [event.payload.rule] : [],
    );
    expect(rules).toEqual(["breakeven", "takeProfit", "takeProfit", "initialsOut", "trailingStop"]);
    expect(await differences(recorded)).toEqual([]);
    await withRecorded(recorded, (path) => {
      expect(verifyJournal(path)).toMatchObject({ problem: null, violation: null });
    });
  });

  const LAST_MARK = recorded.filter(({ kind }) => kind === "ExitMarksMoved").length - 1;
  const ROWS: [what: string, rule: string, events: JournalEvent[]][] = [
    ["a mark", "exit trigger", altered("ExitMarksMoved", { marks: [] }, LAST_MARK)],
    ["a deciding price", "exit trigger", altered("ExitTriggered", { priceE9: "1" })],
    ["a price that moved the stop", "exit trigger", altered("ExitRuleEnded", { priceE9: "1" })],
    ["a rule's number", "exit trigger", altered("ExitTriggered", { n: 7 })],
  ];
  it.for(ROWS)("notices %s that was altered", async ([, rule, events], { expect }) => {
    expect((await differences(events)).map((one) => one.rule)).toContain(rule);
  });

  it("notices a rule that sells another quantity now", async ({ expect }) => {
    const half: Partial<ReplayRules> = {
      exitQuantity: (...of) => RULES.exitQuantity(...of) / 2n,
    };
    expect((await differences(recorded, half)).map((one) => one.rule)).toContain("exit order");
  });
});
