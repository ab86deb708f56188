import { describe, it } from "vitest";
import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import { SETTINGS, USER, WALLET_ID, withDesk, type TestDesk } from "./engine-fixture.ts";
import { initializeOrder } from "./orders.ts";
import { gatherRiskInputs } from "./risk-inputs.ts";
import { buyOf, chainOf, openPosition, orderRow } from "./trade-fixture.ts";

const quote = {
  route: {
    quantityIn: 1n,
    quantityOut: 1n,
    quantityOutMin: 1n,
    priceImpactBps: 12,
    label: "pool",
    evidence: {},
    handle: null,
  },
  report: { lamports: 777n, tokens: new Map<string, bigint>(), slot: 1 },
};

type Buy = Partial<EventPayloads["OrderInitialized"]>;

/** Initializes buys of these instruments in one transaction: all at the same millisecond. */
function initialize(desk: TestDesk, buys: Record<string, Buy>): Promise<void> {
  return desk.transact((tx) => {
    for (const [orderId, over] of Object.entries(buys)) {
      initializeOrder(tx, buyOf(desk, orderId, over));
    }
  });
}

function inputsOf(desk: TestDesk, orderId: string) {
  const nowMs = desk.clock.nowMs();
  return gatherRiskInputs(desk.store, orderRow(desk, orderId), quote, SETTINGS, nowMs);
}

describe("what the risk check is given", () => {
  it("counts the buys initialized before this one and never the later ones", async ({ expect }) => {
    await withDesk(async (desk) => {
      await initialize(desk, {
        ord_c: { instrument: "C.SOLANA", notionalLamports: "1" },
        ord_b: { instrument: "B.SOLANA", notionalLamports: "10" },
        ord_a: { instrument: "A.SOLANA", notionalLamports: "100" },
      });
      const seen = ["ord_c", "ord_b", "ord_a"].map((orderId) => {
        const { openPositions, spentTodayLamports } = inputsOf(desk, orderId);
        return [openPositions, spentTodayLamports];
      });
      expect(seen).toEqual([
        [0, "0"],
        [1, "1"],
        [2, "11"],
      ]);
    });
  });

  it("counts a token once, and not the one that this order is for", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain, "ord_held", { instrument: "A.SOLANA" });
      await initialize(desk, {
        ord_more: { instrument: "A.SOLANA" },
        ord_other: { instrument: "B.SOLANA" },
      });
      expect(inputsOf(desk, "ord_more").openPositions).toBe(0);
      expect(inputsOf(desk, "ord_other").openPositions).toBe(1);
    });
  });

  it("leaves out buys that ended without a fill, and other people's", async ({ expect }) => {
    await withDesk(async (desk) => {
      const stranger = { userId: 8, chatId: 8, name: "Bo" };
      await desk.transact((tx) =>
        tx.append({ stream: "user:8", kind: "UserRegistered", payload: stranger }),
      );
      await initialize(desk, {
        ord_closed: { instrument: "A.SOLANA" },
        ord_theirs: { instrument: "B.SOLANA", userId: 8, walletId: "wal_8" },
        ord_mine: { instrument: "C.SOLANA" },
      });
      await desk.transact((tx) => {
        const payload = { orderId: "ord_closed", status: "expired" as const, reason: "late" };
        tx.append({ stream: "order:ord_closed", kind: "OrderClosed", payload });
      });
      const inputs = inputsOf(desk, "ord_mine");
      expect(inputs).toMatchObject({ openPositions: 0, spentTodayLamports: "0", lastBuyMs: null });
    });
  });

  it("counts 24 hours back, and remembers when the same token was bought last", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const boughtMs = desk.clock.nowMs();
      await openPosition(desk, chain, "ord_then");
      await desk.clock.advance(24 * 3_600_000 - 1_000);
      await initialize(desk, { ord_now: {} });
      expect(inputsOf(desk, "ord_now")).toMatchObject({
        spentTodayLamports: "500000000",
        lastBuyMs: boughtMs,
      });
      await desk.clock.advance(1);
      expect(inputsOf(desk, "ord_now").spentTodayLamports).toBe("0");
    });
  });

  it("passes on switches, wallet, impact and the person's word", async ({ expect }) => {
    await withDesk(async (desk) => {
      await desk.transact((tx) => {
        tx.append({
          stream: `user:${USER}`,
          kind: "UserPausedChanged",
          payload: { userId: USER, paused: true, jobId: "tg:1:1" },
        });
        tx.append({
          stream: "control",
          kind: "TradingStateChanged",
          payload: { state: "reducing", reason: "test", by: "admin", jobId: "ui:1" },
        });
      });
      await initialize(desk, { ord_x: { guardOverride: true, walletId: WALLET_ID } });
      expect(inputsOf(desk, "ord_x")).toMatchObject({
        userPaused: true,
        tradingState: "reducing",
        walletLamports: "777",
        priceImpactBps: 12,
        guardOverride: true,
        limits: SETTINGS.limits,
      });
    });
  });
});
