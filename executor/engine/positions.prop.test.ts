import fc from "fast-check";
import { describe, it } from "vitest";
import type { FillRow, OrderRow, PositionRow } from "@raptor/shared/domain/rows.ts";
import { derivePositionId } from "./ids.ts";
import { applyBuy, applyExternal, applyReversal, applySell } from "./positions.ts";

const SEED = 20_260_103;
const order: OrderRow = {
  orderId: "ord_1",
  userId: 7,
  walletId: "wal_1",
  venue: "SOLANA",
  instrument: "M.SOLANA",
  symbol: "TOK",
  decimals: 6,
  tokenProgram: "spl",
  side: "buy",
  source: { kind: "job", jobId: "tg:1:1" },
  status: "accepted",
  reason: null,
  notionalLamports: "1",
  quantity: "0",
  slippageBpsMax: 100,
  positionId: null,
  entryPriceE9: null,
  deadlineMs: null,
  guardOverride: false,
  noticeKey: "order:ord_1",
  createdMs: 1,
};

type Step =
  | { kind: "buy" | "sell"; quantity: bigint; notional: bigint }
  | { kind: "reverse"; which: number };

const amount = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });
const trade = fc.record({
  kind: fc.constantFrom("buy" as const, "sell" as const),
  quantity: fc.oneof(amount, fc.bigInt({ min: 1n, max: 1_000n })),
  notional: fc.oneof(amount, fc.bigInt({ min: 0n, max: 1_000n })),
});
const reversal = fc.record({ kind: fc.constant("reverse" as const), which: fc.nat({ max: 9 }) });

function fillOf(side: "buy" | "sell", quantity: bigint, notional: bigint, n: number): FillRow {
  return {
    fillId: `fill-${n}`,
    attemptId: "ord_1:1",
    orderId: "ord_1",
    userId: 7,
    positionId: derivePositionId("ord_1"),
    instrument: "M.SOLANA",
    side,
    quantity: quantity.toString(),
    notionalLamports: notional.toString(),
    feeLamports: "5000",
    rentLamports: "0",
    venueSlot: n,
    seq: n,
    tsMs: n,
    evidence: {},
    state: "recorded",
  };
}

function rowOf(change: ReturnType<typeof applyBuy>): PositionRow {
  const { cause: _cause, ...row } = change;
  return { ...row, openedMs: 1, changedMs: 1 };
}

/** Runs a story; sells of nothing are skipped, as the engine never makes them. */
function play(steps: readonly Step[]): {
  held: PositionRow | undefined;
  paid: bigint;
  received: bigint;
  quantity: bigint;
} {
  let held: PositionRow | undefined;
  let paid = 0n;
  let received = 0n;
  let quantity = 0n;
  const fills: FillRow[] = [];
  for (const [n, step] of steps.entries()) {
    if (step.kind === "reverse") {
      const [fill] = fills.splice(step.which % Math.max(1, fills.length), 1);
      if (fill === undefined || held === undefined) continue;
      held = rowOf(applyReversal(held, fill));
      if (fill.side === "buy") paid -= BigInt(fill.notionalLamports);
      else received -= BigInt(fill.notionalLamports);
      const change = BigInt(fill.quantity) * (fill.side === "buy" ? -1n : 1n);
      quantity = quantity + change < 0n ? 0n : quantity + change;
      continue;
    }
    if (step.kind === "sell" && (held === undefined || held.state === "closed")) continue;
    const most = step.kind === "sell" && step.quantity > quantity ? quantity : step.quantity;
    const fill = fillOf(step.kind, most, step.notional, n);
    fills.push(fill);
    if (step.kind === "buy") {
      held = rowOf(applyBuy(order, held, fill));
      paid += step.notional;
      quantity += most;
    } else if (held !== undefined) {
      held = rowOf(applySell(held, fill));
      received += step.notional;
      quantity -= most;
    }
  }
  return { held, paid, received, quantity };
}

describe("a position", () => {
  it("keeps quantity, cost and profit consistent through buys, sells and reversals", ({
    expect,
  }) => {
    const steps = fc.array(
      fc.oneof({ weight: 5, arbitrary: trade }, { weight: 1, arbitrary: reversal }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(steps, (story) => {
        const { held, paid, received, quantity } = play(story);
        if (held === undefined) return;
        expect(BigInt(held.quantity)).toBe(quantity);
        expect(BigInt(held.costLamports)).toBeGreaterThanOrEqual(0n);
        expect(BigInt(held.entryPriceE9)).toBeGreaterThanOrEqual(0n);
        expect(held.state).toBe(quantity === 0n ? "closed" : "open");
        if (quantity === 0n) expect(held.costLamports).toBe("0");
        const profitLessCost = BigInt(held.realisedLamports) - BigInt(held.costLamports);
        expect(profitLessCost).toBe(received - paid);
      }),
      { seed: SEED, numRuns: 2_000 },
    );
  });

  it("books the average price and takes cost away in proportion", ({ expect }) => {
    const first = rowOf(applyBuy(order, undefined, fillOf("buy", 100n, 1_000n, 1)));
    const both = rowOf(applyBuy(order, first, fillOf("buy", 100n, 3_000n, 2)));
    expect(both).toMatchObject({ quantity: "200", costLamports: "4000" });
    expect(both.entryPriceE9).toBe((20n * 10n ** 15n).toString());
    const left = applySell(both, fillOf("sell", 50n, 1_500n, 3));
    expect(left).toMatchObject({ quantity: "150", costLamports: "3000", realisedLamports: "500" });
    expect(left).toMatchObject({ entryPriceE9: both.entryPriceE9, state: "open" });
  });

  it("rounds the cost of what is sold up, so that the rest never costs more than it did", ({
    expect,
  }) => {
    const bought = rowOf(applyBuy(order, undefined, fillOf("buy", 3n, 10n, 1)));
    const sold = applySell(bought, fillOf("sell", 1n, 10n, 2));
    expect(sold).toMatchObject({ costLamports: "6", realisedLamports: "6" });
  });

  it("gives cost and profit back when a sell is rolled back", ({ expect }) => {
    const bought = rowOf(applyBuy(order, undefined, fillOf("buy", 100n, 1_000n, 1)));
    const sell = fillOf("sell", 100n, 1_500n, 2);
    const sold = rowOf(applySell(bought, sell));
    expect(sold).toMatchObject({ state: "closed", realisedLamports: "500", costLamports: "0" });
    const back = applyReversal(sold, sell);
    const { quantity, costLamports, realisedLamports, entryPriceE9 } = bought;
    expect(back).toMatchObject({ quantity, costLamports, realisedLamports, entryPriceE9 });
    expect(back.state).toBe("open");
  });

  it("gives the price of the other buy back when one of two buys is rolled back", ({ expect }) => {
    const first = rowOf(applyBuy(order, undefined, fillOf("buy", 100n, 1_000n, 1)));
    const second = fillOf("buy", 100n, 3_000n, 2);
    const back = applyReversal(rowOf(applyBuy(order, first, second)), second);
    const { quantity, costLamports, realisedLamports, entryPriceE9 } = first;
    expect(back).toMatchObject({ quantity, costLamports, realisedLamports, entryPriceE9 });
  });

  it("sells at most what it holds", ({ expect }) => {
    const bought = rowOf(applyBuy(order, undefined, fillOf("buy", 100n, 1_000n, 1)));
    const sold = applySell(bought, fillOf("sell", 101n, 900n, 2));
    expect(sold).toMatchObject({ quantity: "0", costLamports: "0", realisedLamports: "-100" });
  });

  it("follows the chain when tokens left it elsewhere, without inventing a profit", ({
    expect,
  }) => {
    const bought = rowOf(applyBuy(order, undefined, fillOf("buy", 100n, 1_000n, 1)));
    const half = applyExternal(bought, 50n, "seen");
    expect(half).toMatchObject({ quantity: "50", costLamports: "500", realisedLamports: "0" });
    expect(half).toMatchObject({ state: "open", cause: { kind: "external", detail: "seen" } });
    expect(applyExternal(bought, 0n, "seen")).toMatchObject({ costLamports: "0", state: "closed" });
  });
});
