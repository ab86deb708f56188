import fc from "fast-check";
import { describe, it } from "vitest";
import type { FillRow, OrderRow, PositionRow } from "@raptor/shared/domain/rows.ts";
import { priceE9Of } from "@raptor/shared/values/money.ts";
import { derivePositionId } from "./ids.ts";
import { applyAdoption, applyBuy, applyExternal, applySell, soldCostOf } from "./positions.ts";
import { applyReversal } from "./reversed-fills.ts";

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
    soldCostLamports: null,
    venueSlot: n,
    seq: n,
    tsMs: n,
    evidence: {},
    state: "recorded",
  };
}

function rowOf(change: ReturnType<typeof applyBuy>): PositionRow {
  const { cause: _cause, oversold = "0", ...row } = change;
  return { ...row, oversold, lost: null, openedMs: 1, changedMs: 1 };
}

/** Runs a story; what fills make of the quantity is added up, and may be less than nothing. */
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
      quantity += BigInt(fill.quantity) * (fill.side === "buy" ? -1n : 1n);
      continue;
    }
    // A sell may be told of before the end of one that a fork took: it sells beyond the position.
    if (step.kind === "sell" && held === undefined) continue;
    const fill = fillOf(step.kind, step.quantity, step.notional, n);
    // Every other fill is one of an earlier release, which did not name it.
    const soldCostLamports =
      step.kind === "sell" && held !== undefined && n % 2 === 0
        ? soldCostOf(held, fill).toString()
        : null;
    fills.push({ ...fill, soldCostLamports });
    if (step.kind === "buy") {
      held = rowOf(applyBuy(order, held, fill));
      paid += step.notional;
      quantity += step.quantity;
    } else if (held !== undefined) {
      held = rowOf(applySell(held, fill));
      received += step.notional;
      quantity -= step.quantity;
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
        expect(BigInt(held.quantity) - BigInt(held.oversold)).toBe(quantity);
        expect(BigInt(held.quantity)).toBeGreaterThanOrEqual(0n);
        expect(BigInt(held.oversold)).toBeGreaterThanOrEqual(0n);
        expect(BigInt(held.costLamports)).toBeGreaterThanOrEqual(0n);
        expect(BigInt(held.entryPriceE9)).toBeGreaterThanOrEqual(0n);
        expect(held.state).toBe(held.quantity === "0" ? "closed" : "open");
        if (held.quantity === "0") expect(held.costLamports).toBe("0");
        const profitLessCost = BigInt(held.realisedLamports) - BigInt(held.costLamports);
        expect(profitLessCost).toBe(received - paid);
      }),
      { seed: SEED, numRuns: 2_000 },
    );
  });

  it("keeps the price of what was paid beside tokens of an unknown cost", ({ expect }) => {
    const { userId, walletId, venue, instrument, symbol, decimals, tokenProgram } = order;
    const token = { userId, walletId, venue, instrument, symbol, decimals, tokenProgram };
    const base = { ...token, positionId: derivePositionId("adopted") };
    const added = { quantity: 1_000_000n, costLamports: 0n, jobId: "tg:1:2" };
    const found = rowOf(applyAdoption(base, undefined, added));
    expect(found.entryPriceE9).toBe("0");
    const first = fillOf("buy", 100n, 1_000n, 1);
    const once = rowOf(applyBuy(order, found, first));
    const paidE9 = priceE9Of(1_000n, 100n, 6).toString();
    expect(once).toMatchObject({ costLamports: "1000", entryPriceE9: paidE9 });
    const more = fillOf("buy", 1_000_100n, 20_002_000n, 2);
    // As when a fork takes the sell back of such tokens after the same were bought.
    const again = rowOf(applyAdoption(base, rowOf(applyBuy(order, undefined, first)), added));
    expect(again.entryPriceE9).toBe(paidE9);
    const twice = rowOf(applyBuy(order, once, more));
    expect(twice.entryPriceE9).toBe(priceE9Of(15n, 1n, 6).toString());
    const joined = rowOf(applyAdoption(base, once, { ...added, costLamports: 10_000_000n }));
    expect(joined.entryPriceE9).toBe(paidE9);
    expect(rowOf(applyReversal(twice, { ...more, seq: 2 })).entryPriceE9).toBe(twice.entryPriceE9);
    expect(rowOf(applyReversal(once, first)).entryPriceE9).toBe(paidE9);
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

  it("sells at most what it holds, and remembers what was sold beyond", ({ expect }) => {
    const bought = rowOf(applyBuy(order, undefined, fillOf("buy", 100n, 1_000n, 1)));
    const sold = applySell(bought, fillOf("sell", 101n, 900n, 2));
    expect(sold).toMatchObject({ quantity: "0", costLamports: "0", realisedLamports: "-100" });
    expect(sold).toMatchObject({ oversold: "1", state: "closed" });
  });

  it("gives what was sold beyond it back first, and says nothing of it afterwards", ({
    expect,
  }) => {
    const bought = rowOf(applyBuy(order, undefined, fillOf("buy", 100n, 1_000n, 1)));
    const first = fillOf("sell", 40n, 500n, 2);
    const both = rowOf(applySell(rowOf(applySell(bought, first)), fillOf("sell", 90n, 900n, 3)));
    expect(both).toMatchObject({ quantity: "0", oversold: "30", state: "closed" });
    const back = applyReversal(both, first);
    expect(back).toMatchObject({ quantity: "10", state: "open" });
    expect(back).not.toHaveProperty("oversold");
    // As after the one sell that counts: 900 for 900 of what cost 1,000.
    expect(BigInt(back.realisedLamports) - BigInt(back.costLamports)).toBe(-100n);
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

describe("a buy that a fork takes back after a part was sold", () => {
  it("leaves an entry price that is the price of the buy that stays", ({ expect }) => {
    const price = fc.bigInt({ min: 100n, max: 1_000n });
    const units = fc.bigInt({ min: 1_000_000n, max: 1_000_000_000n });
    fc.assert(
      fc.property(
        units,
        price,
        units,
        price,
        fc.integer({ min: 1, max: 99 }),
        (q1, p1, q2, p2, share) => {
          const one = rowOf(applyBuy(order, undefined, fillOf("buy", q1, q1 * p1, 1)));
          const first = fillOf("buy", q1, q1 * p1, 1);
          const second = fillOf("buy", q2, q2 * p2, 2);
          const both = rowOf(applyBuy(order, one, second));
          // What is sold leaves enough that the second buy can be taken back as a whole.
          const sold = (q1 * BigInt(share)) / 100n;
          const sell = fillOf("sell", sold, sold * p2, 3);
          const left = rowOf(applySell(both, sell));
          const back = applyReversal(left, second, undefined, [sell, first]);
          const truth = priceE9Of(q1 * p1, q1, 6);
          const found = BigInt(back.entryPriceE9);
          expect(
            found * 100n >= truth * 98n && found * 100n <= truth * 102n,
            `${found} for ${truth}`,
          ).toBe(true);
        },
      ),
      { seed: SEED, numRuns: 2_000 },
    );
  });
});
