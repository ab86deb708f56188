import { formatDecimal } from "@raptor/shared/values/decimal.ts";
import { SOL_DECIMALS } from "@raptor/shared/values/money.ts";
import { describe, it } from "vitest";
import { withDesk, type TestDesk } from "./engine-fixture.ts";
import { applyAdoption } from "./positions.ts";
import { forget, settle } from "./settlement-fixture.ts";
import {
  chainOf,
  MINT,
  openPosition,
  openUnsettled,
  startBuy,
  startSell,
} from "./trade-fixture.ts";

function receiptOf(desk: TestDesk, orderId: string): string {
  return desk.store.outbox(`order:${orderId}`)?.content.text ?? "no message";
}

function sol(lamports: bigint): string {
  return formatDecimal(lamports, SOL_DECIMALS);
}

describe("the profit on a receipt", () => {
  it("is the ledger's, also where a dearer buy landed while the sell was under way", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await startSell(desk, position);
      const sell = chain.open;
      chain.price = 3_000_000n;
      await startBuy(desk, "ord_more", { notionalLamports: "1500000000" });
      const buy = chain.undecided.find(({ side }) => side === "buy")?.identity ?? "";
      chain.land(buy);
      await desk.clock.advance(1_000);
      chain.land(sell);
      await desk.clock.advance(1_000);
      const realised = BigInt(desk.store.position(position.positionId)?.realisedLamports ?? "0");
      expect(realised).toBeLessThan(0n);
      expect(receiptOf(desk, "ord_sell")).toContain(`PnL -${sol(-realised)} SOL`);
    });
  });

  it("counts tokens of an unknown cost as the ledger does", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { positionId } = await openPosition(desk, chain);
      const held = desk.store.position(positionId);
      if (held === undefined) throw new Error("expected the position");
      chain.moveOutside(MINT, 500_000_000n, "elsewhere");
      const added = { quantity: 500_000_000n, costLamports: 0n, jobId: "tg:1:5" };
      await desk.transact((tx) =>
        tx.append({
          stream: `position:${positionId}`,
          kind: "PositionChanged",
          payload: applyAdoption(held, held, added),
        }),
      );
      const both = desk.store.position(positionId);
      if (both === undefined) throw new Error("expected the position");
      chain.slot += 10;
      await startSell(desk, both);
      chain.land();
      await desk.clock.advance(1_000);
      const realised = BigInt(desk.store.position(positionId)?.realisedLamports ?? "0");
      expect(realised).toBeGreaterThan(0n);
      expect(receiptOf(desk, "ord_sell")).toContain(`PnL +${sol(realised)} SOL`);
    });
  });
});

describe("a sell that a fork takes back", () => {
  it("leaves no profit where nothing was sold, whatever was bought since", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await startSell(desk, position, "ord_half", 5_000);
      const sell = chain.open;
      chain.land();
      await desk.clock.advance(1_000);
      chain.price = 3_000_000n;
      await openUnsettled(desk, chain, "ord_more", { notionalLamports: "1500000000" });
      forget(chain, sell);
      await settle(desk, chain, "gone", (identity) => identity === sell);
      const after = desk.store.position(position.positionId);
      expect(after).toMatchObject({
        realisedLamports: "0",
        costLamports: "2000000000",
        entryPriceE9: "2000000000000000",
      });
    });
  });
});
