import { it } from "vitest";
import { ADDRESS, withDesk } from "./engine-fixture.ts";
import { bookExternalLoss } from "./external-loss.ts";
import { sellBeyond, settle } from "./settlement-fixture.ts";
import {
  chainOf,
  MINT,
  openPosition,
  openUnsettled,
  settleAll,
  startSell,
} from "./trade-fixture.ts";

it("a booked loss of a part is recalled by the sell that it was", async ({ expect }) => {
  await withDesk(async (desk) => {
    const chain = chainOf(desk);
    const position = await openPosition(desk, chain);
    await startSell(desk, position, "ord_part", 4_000);
    const sell = chain.open;
    await desk.transact((tx) =>
      bookExternalLoss(tx, position, { address: ADDRESS, quantity: 300_000_000n }),
    );
    chain.land(sell);
    await desk.clock.advance(1_000);
    await settleAll(desk);
    chain.slot += 10;
    const ledger = desk.store.position(position.positionId)?.quantity;
    const run = desk.engine.reconciler.run("timer");
    await desk.clock.advance(3_000);
    expect({ ledger, drift: (await run).drift }).toEqual({
      ledger: String(chain.tokens.get(MINT)),
      drift: [],
    });
  });
});

it("a loss of long ago is not called back by a sell beyond the position", async ({ expect }) => {
  await withDesk(async (desk) => {
    const chain = chainOf(desk);
    const first = await openUnsettled(desk, chain);
    await settleAll(desk);
    // 100 of 500 really left.
    chain.moveOutside(MINT, -100_000_000n, `${ADDRESS}/${MINT}`);
    await desk.transact((tx) =>
      bookExternalLoss(tx, first, { address: ADDRESS, quantity: 400_000_000n }),
    );
    await desk.clock.advance(60_000);
    const { early } = await sellBeyond(desk, chain, first.positionId, "400000000");
    chain.bury(early);
    await settle(desk, chain, "gone", (identity) => identity === early);
    await desk.clock.advance(3_000);
    expect(chain.tokens.get(MINT)).toBe(0n);
    await settleAll(desk);
    chain.slot += 10;
    const run = desk.engine.reconciler.run("timer");
    await desk.clock.advance(3_000);
    const { drift } = await run;
    expect({ drift, held: desk.payloads("EntriesHeld") }).toEqual({ drift: [], held: [] });
  });
});
