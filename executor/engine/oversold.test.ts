import { describe, it } from "vitest";
import type { PositionRow } from "@raptor/shared/domain/rows.ts";
import { withDesk, ADDRESS, type TestDesk } from "./engine-fixture.ts";
import { bookExternalLoss } from "./external-loss.ts";
import type { FakeChain } from "./fake-chain.ts";
import { forget, sellBeyond, settle } from "./settlement-fixture.ts";
import { chainOf, MINT, openUnsettled, settleAll, startBuy, startSell } from "./trade-fixture.ts";

interface Oversold {
  position: PositionRow;
  /** The sell that the fork took, of which the desk has not heard yet. */
  early: string;
  /** The sell that was booked beyond the position. */
  late: string;
}

/**
 * Two buys and a sell of a quarter; a fork takes the sell and the second buy. The desk hears of the
 * buy first, and all that the wallet holds is sold before it hears of the sell.
 */
async function oversell(desk: TestDesk, chain: FakeChain): Promise<Oversold> {
  const { positionId } = await openUnsettled(desk, chain);
  await settleAll(desk);
  const { early, late } = await sellBeyond(desk, chain, positionId, "500000000");
  return { position: positionOf(desk, positionId), early, late };
}

function positionOf(desk: TestDesk, positionId: string): PositionRow {
  const position = desk.store.position(positionId);
  if (position === undefined) throw new Error(`expected ${positionId}`);
  return position;
}

/** The order whose buy the fork took tries once more by itself; otherwise there is a new one. */
async function buyNext(desk: TestDesk, chain: FakeChain): Promise<PositionRow> {
  const isBuy = ({ side }: { side: string }): boolean => side === "buy";
  if (!chain.undecided.some(isBuy)) await startBuy(desk, "ord_next");
  const bought = chain.undecided.find(isBuy);
  if (bought === undefined) throw new Error("expected a buy");
  chain.land(bought.identity);
  await desk.clock.advance(1_000);
  chain.slot += 10;
  return positionOf(desk, desk.store.fillsOf(bought.orderId).at(-1)?.positionId ?? "");
}

async function reconcile(desk: TestDesk) {
  const run = desk.engine.reconciler.run("timer");
  await desk.clock.advance(3_000);
  return run;
}

/** What became of positions, and by what. */
function changesOf(desk: TestDesk): [cause: string, quantity: string][] {
  return desk.payloads("PositionChanged").map(({ cause, quantity }) => [cause.kind, quantity]);
}

function outsideOf(desk: TestDesk): string[] {
  return changesOf(desk).flatMap(([cause]) => (cause === "fill" ? [] : [cause]));
}

describe("what was sold beyond a position", () => {
  it("is remembered, and takes what the sell before it gives back", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { position, early } = await oversell(desk, chain);
      expect(position).toMatchObject({ state: "closed", quantity: "0", oversold: "250000000" });
      chain.bury(early);
      await settle(desk, chain, "gone", (identity) => identity === early);
      await desk.clock.advance(3_000);
      const after = positionOf(desk, position.positionId);
      expect(after).toMatchObject({ state: "closed", quantity: "0", oversold: "0" });
      // One buy and one sell at the same price are left of it.
      expect(after).toMatchObject({ costLamports: "0", realisedLamports: "0" });
      expect(chain.tokens.get(MINT)).toBe(0n);
      await settleAll(desk);
      expect((await reconcile(desk)).drift).toEqual([]);
      expect(outsideOf(desk)).toEqual([]);
    });
  });

  it("takes it from the sell of an earlier position of the same tokens as well", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { position, early } = await oversell(desk, chain);
      const next = await buyNext(desk, chain);
      expect(next).toMatchObject({ quantity: "500000000", oversold: "0", state: "open" });
      expect(next.positionId).not.toBe(position.positionId);
      chain.bury(early);
      await settle(desk, chain, "gone", (identity) => identity === early);
      expect(positionOf(desk, next.positionId).quantity).toBe("500000000");
      expect(positionOf(desk, position.positionId).oversold).toBe("0");
      expect(chain.tokens.get(MINT)).toBe(500_000_000n);
    });
  });

  it("came out of the position that was opened since when the wallet says so", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { position, early } = await oversell(desk, chain);
      const next = await buyNext(desk, chain);
      // The bytes of the sell that a fork took are executed again, with the new tokens.
      chain.land(early);
      await settleAll(desk);
      await desk.clock.advance(3_000);
      chain.slot += 10;
      expect((await reconcile(desk)).drift).toEqual([]);
      expect(positionOf(desk, next.positionId)).toMatchObject({
        quantity: "250000000",
        state: "open",
      });
      expect(positionOf(desk, position.positionId).oversold).toBe("0");
      expect(outsideOf(desk)).toEqual(["offset", "offset"]);
      expect(desk.payloads("EntriesHeld")).toEqual([]);
    });
  });

  it("is let go when the wallet shows that other tokens were sold", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { position, early } = await oversell(desk, chain);
      chain.land(early);
      chain.moveOutside(MINT, 250_000_000n, `${ADDRESS}/${MINT}`);
      const next = await buyNext(desk, chain);
      await settleAll(desk);
      await desk.clock.advance(3_000);
      expect((await reconcile(desk)).drift).toEqual([]);
      expect(positionOf(desk, next.positionId).quantity).toBe("500000000");
      expect(positionOf(desk, position.positionId).oversold).toBe("0");
    });
  });
});

describe("a loss that was booked", () => {
  it("is taken back by the sell that it was, whose end then opens the position again", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openUnsettled(desk, chain);
      await settleAll(desk);
      const { quantity, costLamports, positionId } = position;
      await startSell(desk, position);
      const sell = chain.open;
      await desk.transact((tx) =>
        bookExternalLoss(tx, position, { address: ADDRESS, quantity: 9n }),
      );
      chain.land(sell);
      await desk.clock.advance(1_000);
      expect(changesOf(desk)).toEqual([
        ["fill", quantity],
        ["external", "9"],
        ["external", quantity],
        ["fill", "0"],
      ]);
      expect(positionOf(desk, positionId)).toMatchObject({ state: "closed", oversold: "0" });
      forget(chain, sell);
      await settle(desk, chain, "gone", (identity) => identity === sell);
      const back = { state: "open", quantity, costLamports, realisedLamports: "0" };
      expect(positionOf(desk, positionId)).toMatchObject(back);
    });
  });

  it("is taken back by the end of the buy that had brought the tokens", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openUnsettled(desk, chain);
      const { quantity, positionId } = position;
      await desk.transact((tx) =>
        bookExternalLoss(tx, position, { address: ADDRESS, quantity: 0n }),
      );
      forget(chain, chain.effects[0]?.identity ?? "");
      await settle(desk, chain, "gone");
      expect(changesOf(desk)).toEqual([
        ["fill", quantity],
        ["external", "0"],
        ["external", quantity],
        ["fill", "0"],
      ]);
      const ended = { state: "closed", oversold: "0", costLamports: "0", realisedLamports: "0" };
      expect(positionOf(desk, positionId)).toMatchObject(ended);
      expect(desk.store.exitPlan(positionId)?.state).toBe("disarmed");
    });
  });

  it("stays where a position was opened since, and the sell is remembered", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openUnsettled(desk, chain);
      await settleAll(desk);
      await startSell(desk, position);
      const sell = chain.open;
      await desk.transact((tx) =>
        bookExternalLoss(tx, position, { address: ADDRESS, quantity: 0n }),
      );
      const next = await buyNext(desk, chain);
      chain.land(sell);
      await desk.clock.advance(1_000);
      const { positionId, quantity } = position;
      expect(positionOf(desk, positionId)).toMatchObject({ state: "closed", oversold: quantity });
      await settleAll(desk);
      chain.slot += 10;
      expect((await reconcile(desk)).drift).toEqual([]);
      expect(positionOf(desk, positionId).oversold).toBe("0");
      expect(positionOf(desk, next.positionId).quantity).toBe(next.quantity);
    });
  });
});
