import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gunzipSync } from "node:zlib";
import { describe, it } from "vitest";
import { z } from "zod";
import type { EventKind, JournalEvent, NewEvent } from "@raptor/shared/domain/events.ts";
import { withDirectory } from "../store/store-fixture.ts";
import { runIn } from "./cli-fixture.ts";
import { recordDesk, recordMoved, recordVoid, refusedBuy, withRecorded } from "./replay-fixture.ts";
import { replayJournal, type Difference } from "./replay.ts";
import { RULES, type ReplayRules } from "./replay-rules.ts";

const recorded = await recordDesk();

/** The recorded events with fields of one event changed, its hash chain made anew. */
function altered(kind: EventKind, change: Record<string, unknown>, at = 0): JournalEvent[] {
  let seen = 0;
  return recorded.map((event) => {
    if (event.kind !== kind || seen++ !== at) return event;
    return { ...event, payload: { ...event.payload, ...change } } as JournalEvent;
  });
}

async function differences(
  events: readonly (JournalEvent | NewEvent)[],
  rules: Partial<ReplayRules> = {},
): Promise<Difference[]> {
  let found: Difference[] = [];
  await withRecorded(events, (path) => {
    found = replayJournal(path, rules).differences;
  });
  return found;
}

describe("raptor replay of what a desk wrote", () => {
  it("decides everything again and finds nothing that differs", async ({ expect }) => {
    await withRecorded([...recorded, ...refusedBuy()], async (path, directory) => {
      const { decisions, ...report } = replayJournal(path);
      expect(report).toMatchObject({ differences: [], more: 0, brokenBy: null });
      const { "hash chain": links, ...rules } = decisions;
      expect(links).toBe(report.events);
      expect(rules).toEqual({
        "risk inputs": 2,
        "risk check": 2,
        "entry gate": 1,
        "minimum out": 2,
        "price bounds": 1,
        "price check": 2,
        "cost cap": 2,
        position: 2,
        "exit plan": 1,
        "exit trigger": 1,
        "exit order": 1,
      });
      const { code, lines } = await runIn(directory, "replay");
      expect(code).toBe(0);
      expect(lines.at(-1)).toBe("every decision comes out as it did");
    });
  });
});

describe("raptor replay of a buy that was called off", () => {
  it("finds the same cause again, and tells when there was none", async ({ expect }) => {
    const events = await recordVoid();
    expect(await differences(events)).toEqual([]);
    const never = events.map((event) => {
      if (event.kind !== "OrderInitialized") return event;
      return { ...event, payload: { ...event.payload, deadlineMs: null } };
    });
    const told = await differences(never);
    expect(told.map(({ rule, detail }) => `${rule}: ${detail}`)).toContain(
      "void: it was called off, now it would go on",
    );
  });
});

describe("raptor replay of a buy that a fork executed with other amounts", () => {
  it("makes the position of both bookings again", async ({ expect }) => {
    for (const isSold of [false, true]) {
      const events = await recordMoved(isSold);
      const moved = events.filter(({ kind }) => kind === "FillReversed");
      expect(moved).toHaveLength(isSold ? 2 : 1);
      const found = await differences(events);
      expect(found.filter(({ rule }) => rule === "position")).toEqual([]);
    }
  });
});

/** The recorded trades as ones against a pool, with what the venue journals of its price then. */
function direct(change: { ordered?: string; checked?: string; quoteReserve?: string } = {}) {
  const priced = recorded.flatMap((event) => {
    const route = event.kind === "AttemptPrepared" ? event.payload.route : undefined;
    const check = z.object({ priceCheck: z.looseObject({}) }).safeParse(route);
    return check.success ? [check.data.priceCheck] : [];
  });
  const listed = String(priced[0]?.["listedPriceE9"]);
  const { ordered = listed, checked = listed, quoteReserve = "1200000000000000" } = change;
  return recorded.map((event): JournalEvent => {
    if (event.kind === "OrderInitialized" && event.payload.side === "buy") {
      return { ...event, payload: { ...event.payload, entryPriceE9: ordered } };
    }
    if (event.kind !== "AttemptPrepared") return event;
    const { priceCheck: _, ...route } = event.payload.route;
    const isBuy = route["side"] === "buy";
    const buyCheck = { ...priced[0], listedPriceE9: null, expectedPriceE9: checked };
    const pool = { baseReserve: "1000000000000000", quoteReserve };
    const told = isBuy ? { priceCheck: buyCheck } : { poolCheck: { deviationBpsMax: 2_000 } };
    return { ...event, payload: { ...event.payload, route: { ...route, ...pool, ...told } } };
  });
}

describe("raptor replay of trades against a pool", () => {
  it("asks for the price of both again, and finds nothing that differs", async ({ expect }) => {
    await withRecorded(direct(), (path) => {
      const { decisions, differences: found } = replayJournal(path);
      expect(found).toEqual([]);
      expect(decisions).toMatchObject({ "price check": 1, "price bounds": 1, "pool price": 1 });
    });
    const other = await differences(direct(), { isWorthSelling: () => false });
    expect(other.map((one) => one.rule)).toEqual(["pool price"]);
  });

  it.for([
    ["price bounds", { ordered: "1" }],
    ["price check", { ordered: "1", checked: "1" }],
    ["pool price", { quoteReserve: "9900000000000000" }],
  ] as const)("names an altered price by its %s", async ([rule, change], { expect }) => {
    const found = await differences(direct(change));
    expect(found.map((one) => one.rule)).toContain(rule);
  });
});

describe("raptor replay of a buy that set rent aside", () => {
  it("counts that rent in the risk check, as the desk did", async ({ expect }) => {
    const found = recorded.find(({ kind }) => kind === "OrderApproved");
    if (found?.kind !== "OrderApproved") throw new Error("expected an approved buy");
    const { inputs } = found.payload;
    const paid = { ...inputs, nonceRentLamports: "1447680" };
    expect(await differences(altered("OrderApproved", { inputs: paid }))).toEqual([]);
    const tooMuch = { ...inputs, nonceRentLamports: inputs.walletLamports };
    const [first] = await differences(altered("OrderApproved", { inputs: tooMuch }));
    expect(JSON.stringify(first)).toContain("held back for safe exits");
  });
});

describe("raptor replay of a journal that an earlier release wrote", () => {
  it("decides it as that release did", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const packed = new URL("../store/fixtures/journal-schema-1.db.gz", import.meta.url);
      writeFileSync(join(directory, "journal.db"), gunzipSync(readFileSync(packed)));
      const { code, lines } = await runIn(directory, "replay");
      expect(lines).toEqual([
        "137 events, decided again: hash chain 137, risk inputs 3, risk check 3, entry gate 4, " +
          "position 3, exit plan 1, exit trigger 1, exit order 1",
        "every decision comes out as it did",
      ]);
      expect(code).toBe(0);
    });
  });
});

describe("an altered rule", () => {
  const RULES_ALTERED: [rule: string, over: Partial<ReplayRules>][] = [
    ["risk check", { checkEntryRisk: () => ["Trading is halted."] }],
    [
      "risk inputs",
      { gatherRiskInputs: (...of) => ({ ...RULES.gatherRiskInputs(...of), openPositions: 9 }) },
    ],
    ["entry gate", { checkEntryGate: () => ({ status: "canceled", reason: "paused" }) }],
    ["minimum out", { minimumOut: (quoted) => quoted }],
    ["price check", { checkRoutePrice: () => ({ reason: "too dear", alert: false }) }],
    ["price bounds", { priceCheckOf: () => ({ expectedPriceE9: null, deviationBpsMax: 1 }) }],
    ["cost cap", { costCapOf: (inputs) => RULES.costCapOf(inputs) + 1n }],
    ["exit plan", { rebaseRules: () => [] }],
    ["exit trigger", { isCrossed: () => false }],
    ["exit order", { exitQuantity: (...of) => RULES.exitQuantity(...of) / 2n }],
    [
      "position",
      { positionAfter: (...of) => ({ ...RULES.positionAfter(...of), costLamports: "1" }) },
    ],
  ];
  it.for(RULES_ALTERED)("of %s is named where it differs", async ([rule, over], { expect }) => {
    const found = await differences(recorded, over);
    expect(found.map((one) => one.rule)).toContain(rule);
    expect(new Set(found.map((one) => one.rule))).toEqual(new Set([rule]));
  });
});

describe("an altered row", () => {
  it("is named by the hash chain alone", async ({ expect }) => {
    await withRecorded(recorded, async (path, directory) => {
      const seq = recorded.findIndex((event) => event.kind === "OrderApproved") + 1;
      const database = new DatabaseSync(path);
      database.exec("drop trigger journal_never_updated");
      database.exec(
        `update journal set payload = replace(payload, '"openPositions":0', '"openPositions":0 ') ` +
          `where seq = ${seq}`,
      );
      database.close();
      const { code, lines } = await runIn(directory, "replay");
      expect(code).toBe(1);
      expect(lines[0]).toBe(
        `DIFFERENT at event ${seq} (OrderApproved), hash chain: ` +
          "this event or the one before it was altered",
      );
    });
  });

  const approved = recorded.find((event) => event.kind === "OrderApproved");
  const inputs = approved?.kind === "OrderApproved" ? approved.payload.inputs : undefined;
  const ROWS: [rule: string, kind: EventKind, change: Record<string, unknown>, at?: number][] = [
    ["risk inputs", "OrderApproved", { inputs: { ...inputs, spentTodayLamports: "7" } }],
    ["risk check", "OrderApproved", { inputs: { ...inputs, priceImpactBps: 9_999 } }],
    ["risk check", "OrderDenied", { reasons: ["No."] }],
    ["minimum out", "AttemptPrepared", { quantityOutMin: "1" }],
    ["cost cap", "AttemptPrepared", { costCapLamports: "1" }],
    ["cost cap", "AttemptPrepared", { costCapLamports: "1" }, 1],
    ["exit trigger", "ExitTriggered", { priceE9: "900000000000000" }],
    ["exit trigger", "ExitTriggered", { triggerPriceE9: "1" }],
    ["position", "FillRecorded", { notionalLamports: "1" }],
  ];
  it.for(ROWS)(
    "whose chain was made anew is named by its %s (%s)",
    async ([rule, kind, change, at], { expect }) => {
      const [first] = await differences(altered(kind, change, at));
      expect(first?.rule).toBe(rule);
      expect(first?.detail).toMatch(/the journal says|now/);
    },
  );

  it("of a refused price is named by the price check", async ({ expect }) => {
    const found = await differences([...recorded, ...refusedBuy("Not sent: no reason.")]);
    expect(found.map((one) => one.rule)).toEqual(["price check"]);
  });

  it("of a position that no fill explains is named", async ({ expect }) => {
    const without = recorded.filter((event) => event.kind !== "PositionChanged");
    const found = await differences(without.slice(0, -1));
    expect(found.some((one) => one.rule === "position")).toBe(true);
  });
});
