import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { describe, it } from "vitest";
import { withDesk, type TestDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";
import { nonceChainOf, settledPosition, statesOf } from "./nonce-fixture.ts";
import { orderRow, startSell } from "./trade-fixture.ts";

/** A sell whose first try has reverted, on a nonce, and whose next ones no lane lets out. */
async function withRevert(
  use: (desk: TestDesk, chain: FakeChain, first: string) => Promise<void>,
): Promise<void> {
  await withDesk(async (desk) => {
    const chain = await nonceChainOf(desk);
    const position = await settledPosition(desk, chain);
    await startSell(desk, position);
    const first = chain.open;
    chain.onSubmit = () => ({ outcome: "rejected", reason: "refused", evidence: {} });
    chain.revert(first);
    for (let waits = 0; statesOf(desk, "ord_sell").length < 2 && waits < 50; waits++) {
      await desk.clock.advance(100);
    }
    await use(desk, chain, first);
  });
}

function triesOf(desk: TestDesk): number {
  return desk.store.attemptsOf("ord_sell").length;
}

describe("a sell whose revert on a nonce a fork has taken back", () => {
  it("is booked when the first try has landed after all, and nothing more is signed", async ({
    expect,
  }) => {
    await withRevert(async (desk, chain, first) => {
      expect(chain.fork()?.identity).toBe(first);
      chain.land(first);
      await desk.clock.advance(3_000);
      const tries = triesOf(desk);
      await desk.clock.advance(20_000);
      expect(triesOf(desk)).toBe(tries);
      expect(desk.payloads("AttemptFound")).toMatchObject([{ attemptId: "ord_sell:1" }]);
      expect(orderRow(desk, "ord_sell").status).toBe("filled");
    });
  });

  it("goes on where nobody can say what became of it", async ({ expect }) => {
    await withRevert(async (desk, chain) => {
      desk.venue.script.fetchAttempt = () => {
        throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE", {});
      };
      const tries = triesOf(desk);
      chain.onSubmit = () => ({ outcome: "rejected", reason: "refused", evidence: {} });
      await desk.clock.advance(30_000);
      expect(triesOf(desk)).toBeGreaterThan(tries);
      expect(desk.payloads("AttemptFound")).toEqual([]);
    });
  });
});
