import { describe, it } from "vitest";
import type { JournalEvent, NewEvent } from "@raptor/shared/domain/events.ts";
import type { RowChange } from "./row-change.ts";
import { foldEvent } from "./fold.ts";
import { columnsOf, sqlName, TABLE_NAMES } from "./tables.ts";

const HEAD = { seq: 9, tsMs: 1_000, version: 1, prevHash: "p", hash: "h" };

/** Frozen all the way down, so that a fold which writes into its event throws. */
function journaled(event: NewEvent): JournalEvent {
  return deepFreeze({ ...HEAD, ...event });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const part of Object.values(value)) deepFreeze(part);
    Object.freeze(value);
  }
  return value;
}

function fold(event: NewEvent): readonly RowChange[] {
  return foldEvent(journaled(event));
}

const attemptId = "a1";

describe("folding", () => {
  it("gives the same changes for the same event, and leaves the event alone", ({ expect }) => {
    const event = journaled({
      stream: "position:p1",
      kind: "ExitPlanArmed",
      payload: {
        positionId: "p1",
        userId: 7,
        instrument: "x.SOLANA",
        rules: [{ kind: "stopLoss", triggerBps: -3_000, triggerPriceE9: "7", quantityBps: 10_000 }],
      },
    });
    expect(foldEvent(event)).toEqual(foldEvent(event));
  });

  it("keeps what a person chose when they register again", ({ expect }) => {
    const payload = { userId: 7, chatId: 8, name: "Ann" };
    expect(fold({ stream: "user:7", kind: "UserRegistered", payload })).toEqual([
      {
        op: "upsert",
        table: "users",
        row: { ...payload, paused: false, heldReason: "", panicId: null, pausedMs: 0 },
        keep: ["paused", "heldReason", "panicId", "pausedMs"],
      },
    ]);
  });

  it("keeps the trigger count when a plan is armed again, so that no trigger id is reused", ({
    expect,
  }) => {
    const payload = { positionId: "p1", userId: 7, instrument: "x.SOLANA", rules: [] };
    expect(fold({ stream: "position:p1", kind: "ExitPlanArmed", payload })).toMatchObject([
      { op: "upsert", table: "exit_plans", keep: ["triggers"] },
    ]);
  });

  it("lets late news of an attempt change only an attempt that is unresolved", ({ expect }) => {
    const unresolved = ["prepared", "submitted", "accepted", "partiallyFilled", "unknown"];
    const unknown = fold({
      stream: "order:o1",
      kind: "AttemptUnknown",
      payload: { attemptId, cause: "timeout" },
    });
    expect(unknown).toMatchObject([{ where: { attemptId, state: unresolved }, rows: "any" }]);
    const dead = fold({
      stream: "order:o1",
      kind: "AttemptDead",
      payload: { attemptId, proof: {} },
    });
    expect(dead[0]).toMatchObject({ where: { attemptId, state: unresolved }, rows: "one" });
  });

  it("leaves the order on its way when an attempt ends without a fill", ({ expect }) => {
    const events: NewEvent[] = [
      { stream: "o", kind: "AttemptDead", payload: { attemptId, proof: {} } },
      { stream: "o", kind: "AttemptRejected", payload: { attemptId, reason: "r", evidence: {} } },
      {
        stream: "o",
        kind: "AttemptFailed",
        payload: { attemptId, venueError: "6001", costLamports: "5000", evidence: {} },
      },
    ];
    for (const event of events) {
      expect(fold(event)[1]).toMatchObject({ table: "orders", set: { status: "submitted" } });
    }
  });

  it("changes no table for a decision that is only evidence", ({ expect }) => {
    const inputs = {
      notionalLamports: "1",
      priceImpactBps: 1,
      walletLamports: "1",
      spentTodayLamports: "0",
      openPositions: 0,
      lastBuyMs: null,
      tradingState: "active" as const,
      userPaused: false,
      guardOverride: false,
      nowMs: 1,
      limits: {
        notionalLamportsMax: "1",
        dailyLamportsMax: "1",
        openPositionsMax: 1,
        priceImpactBpsMax: 1,
        duplicateBuyGuardMs: 1,
        reserveLamports: "0",
      },
    };
    const payload = { orderId: "o1", inputs };
    expect(fold({ stream: "order:o1", kind: "OrderApproved", payload })).toEqual([]);
    const denied = { ...payload, reasons: ["too big", "paused"] };
    expect(fold({ stream: "order:o1", kind: "OrderDenied", payload: denied })).toMatchObject([
      { set: { status: "denied", reason: "too big\npaused" } },
      { table: "denials", row: { orderId: "o1", inputs } },
    ]);
  });
});

describe("the tables", () => {
  it("have names that SQL does not confuse", ({ expect }) => {
    for (const table of TABLE_NAMES) {
      const names = columnsOf(table).map(([name]) => sqlName(name));
      expect(new Set(names).size).toBe(names.length);
      for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
    }
    expect(sqlName("entryPriceE9")).toBe("entry_price_e9");
  });
});
