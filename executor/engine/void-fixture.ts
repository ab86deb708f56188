import type { TestDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";
import { nonceChainOf } from "./nonce-fixture.ts";
import { startBuy } from "./trade-fixture.ts";

/** Longer than a buy's deadline and the grace after it. */
export const LATE_MS = 120_000;

/** A desk whose every buy stands on a nonce. */
export function voidChainOf(desk: TestDesk, over = {}): Promise<FakeChain> {
  return nonceChainOf(desk, { nonceBuyLamportsMin: 0n, ...over });
}

/**
 * A buy that was recorded, and whose process died before anything left; away for so long.
 * The next process cannot know that nothing left.
 */
export async function leaveUnsent(desk: TestDesk, awayMs = LATE_MS): Promise<void> {
  desk.engine.context.isMirrored = () => Promise.resolve(false);
  await startBuy(desk);
  await desk.clock.advance(1_000);
  desk.kill();
  await desk.clock.advance(awayMs);
}

/** The signature of the newest void that is on its way. */
export function voidOf(chain: FakeChain): string {
  const found = chain.undecided.filter(({ isVoid }) => isVoid).at(-1);
  if (found === undefined) throw new Error("expected a void on its way");
  return found.identity;
}

/** The void lands and is final. */
export async function landVoid(desk: TestDesk, chain: FakeChain): Promise<void> {
  chain.land(voidOf(chain));
  await desk.clock.advance(3_000);
  chain.finalize();
  await desk.clock.advance(3_000);
}
