import fc from "fast-check";
import { describe, it } from "vitest";
import type { FillRow, OrderRow, PositionRow } from "@raptor/shared/domain/rows.ts";
import { priceE9Of } from "@raptor/shared/values/money.ts";
import { derivePositionId } from "./ids.ts";
import { applyBuy, applyReversal, applySell } from "./positions.ts";

const SEED = 20_261_122;
const order = {
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
  noticeKey: "o",
  createdMs: 1,
} satisfies OrderRow;

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
    feeLamports: "0",
    rentLamports: "0",
    venueSlot: n,
    seq: n,
    tsMs: n,
    evidence: {},
    state: "recorded",
  };
}
function rowOf(change: ReturnType<typeof applyBuy>): PositionRow {
  const { cause: _c, oversold = "0", ...row } = change;
  return { ...row, oversold, openedMs: 1, changedMs: 1 };
}

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
