import type { Venue } from "../ports/venue.ts";
import type { TestDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";
import { openUnsettled, startSell } from "./trade-fixture.ts";

type Settled = Awaited<ReturnType<Venue["fetchSettlement"]>>["state"];

/** Watches fills for one round; the chain says `state` of every one of `identities`, else pending. */
export async function settle(
  desk: TestDesk,
  chain: FakeChain,
  state: Settled,
  isMeant = (_identity: string) => true,
  venueSlot?: number,
): Promise<void> {
  desk.venue.script = {
    ...chain.script(),
    fetchSettlement: (identity) => ({
      state: isMeant(identity) ? state : "pending",
      evidence: { identity },
      ...(venueSlot === undefined ? {} : { venueSlot }),
    }),
  };
  desk.engine.settlement.start();
  await desk.clock.settle();
  const stopped = desk.engine.settlement.stop();
  await desk.clock.settle();
  await stopped;
}

/** The network forgets a transaction: its effect is undone and it may land again. */
export function forget(chain: FakeChain, identity: string): void {
  const found = chain.transactions.get(identity);
  if (found === undefined) throw new Error(`expected ${identity}`);
  found.fate = "pending";
  const held = chain.tokens.get(found.mint) ?? 0n;
  const change = found.side === "buy" ? -found.quantityOut : found.quantityIn;
  chain.tokens.set(found.mint, held + change);
}

/**
 * Another buy and a sell of a quarter; a fork takes both. The desk hears of the buy alone, and
 * `quantity`, all that the wallet holds, is sold before it hears of that sell.
 */
export async function sellBeyond(
  desk: TestDesk,
  chain: FakeChain,
  positionId: string,
  quantity: string,
): Promise<{ early: string; late: string }> {
  const both = await openUnsettled(desk, chain, "ord_more");
  await startSell(desk, both, "ord_part", 2_500);
  const early = chain.open;
  chain.land();
  await desk.clock.advance(1_000);
  const second = chain.effects[1]?.identity ?? "";
  for (const identity of [early, second]) forget(chain, identity);
  chain.bury(second);
  await settle(desk, chain, "gone", (identity) => identity === second);
  await desk.clock.advance(3_000);
  await desk.crash();
  const seen = desk.store.position(positionId);
  if (seen === undefined) throw new Error(`expected ${positionId}`);
  await startSell(desk, { ...seen, quantity }, "ord_rest");
  const late = chain.undecided.at(-1)?.identity ?? "";
  chain.land(late);
  await desk.clock.advance(1_000);
  return { early, late };
}
