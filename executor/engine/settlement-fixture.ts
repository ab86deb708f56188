import type { Venue } from "../ports/venue.ts";
import type { TestDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";

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
