import { describe, it } from "vitest";
import { withDesk, type TestDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";
import { RECLAIMED_REST_MS } from "./nonce-accounts.ts";
import { nonceChainOf, noncesOf, settledPosition } from "./nonce-fixture.ts";
import { startBuy, startSell, USER } from "./trade-fixture.ts";

/** The first try to reclaim is on its way, the second one is refused. */
async function refuseReclaim(desk: TestDesk, chain: FakeChain): Promise<void> {
  await startSell(desk, await settledPosition(desk, chain));
  chain.land();
  await desk.clock.advance(1_000);
  chain.finalize();
  await desk.clock.advance(6_000);
  desk.venue.script.reclaimNonce = () => ({ outcome: "pending", reason: "still there" });
  const asked = desk.engine.pool.reclaim(USER, "tg:1:77");
  await desk.clock.settle();
  await asked;
  desk.venue.script.reclaimNonce = () => ({ outcome: "refused", reason: "no SOL", alert: false });
  desk.engine.pool.start();
  await desk.clock.advance(16_000);
}

async function boundOfExit(desk: TestDesk, chain: FakeChain): Promise<string | undefined> {
  await startBuy(desk, "ord_two");
  await desk.clock.advance(1_000);
  chain.land();
  await desk.clock.advance(1_000);
  chain.slot += 10;
  const [position] = desk.store.openPositions(USER);
  if (position === undefined) throw new Error("expected a second position");
  await startSell(desk, position, "ord_out");
  await desk.clock.advance(100);
  return desk.store.attemptsOf("ord_out")[0]?.bound.kind;
}

describe("an account whose reclaim was refused after another try had been sent", () => {
  it("carries no exit while that try may still close it", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk, { nonceAccountsMax: 1 });
      await refuseReclaim(desk, chain);
      expect(noncesOf(desk)).toEqual(["ready"]);
      expect(await boundOfExit(desk, chain)).toBe("blockHeight");
    });
  });

  it("carries exits again after that", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk, { nonceAccountsMax: 1 });
      await refuseReclaim(desk, chain);
      await desk.clock.advance(RECLAIMED_REST_MS);
      expect(await boundOfExit(desk, chain)).toBe("nonce");
    });
  });
});
