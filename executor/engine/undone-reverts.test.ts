import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { describe, it } from "vitest";
import { USER, withDesk, type TestDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";
import { nonceChainOf, settledPosition, statesOf } from "./nonce-fixture.ts";
import { chainOf, openPosition, orderRow, startSell } from "./trade-fixture.ts";

async function until(desk: TestDesk, stepMs: number, isDone: () => boolean): Promise<void> {
  for (let waits = 0; !isDone() && waits < 100; waits++) await desk.clock.advance(stepMs);
}

/** The first try reverts, and no lane lets the next one out. */
async function revertFirst(desk: TestDesk, chain: FakeChain): Promise<string> {
  const first = chain.open;
  chain.onSubmit = () => ({ outcome: "rejected", reason: "refused", evidence: {} });
  chain.revert(first);
  await until(desk, 100, () => statesOf(desk, "ord_sell").length > 1);
  return first;
}

describe("a sell whose revert a fork has taken back", () => {
  it("is booked when the first try has landed after all, and nothing more is signed", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      await startSell(desk, await settledPosition(desk, chain));
      const first = await revertFirst(desk, chain);
      expect(chain.fork()?.identity).toBe(first);
      chain.land(first);
      await desk.clock.advance(3_000);
      const tries = statesOf(desk, "ord_sell").length;
      await desk.clock.advance(20_000);
      expect(statesOf(desk, "ord_sell")).toHaveLength(tries);
      expect(desk.payloads("AttemptFound")).toMatchObject([{ attemptId: "ord_sell:1" }]);
      expect(orderRow(desk, "ord_sell").status).toBe("filled");
    });
  });

  it("sells half of a position once, on a blockhash too", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await startSell(desk, await openPosition(desk, chain), "ord_sell", 5_000);
      const first = await revertFirst(desk, chain);
      chain.fork();
      chain.land(first);
      chain.slot += 5;
      chain.onSubmit = () => ({ outcome: "accepted", lanes: ["node-1"], evidence: {} });
      for (let waits = 0; waits < 100; waits++) {
        if (chain.undecided.length === 1) chain.land();
        await desk.clock.advance(100);
      }
      const effects = chain.effects.filter(({ orderId }) => orderId === "ord_sell");
      expect(effects).toMatchObject([{ quantityIn: 250_000_000n }]);
    });
  });

  it("is not called sold elsewhere when its only try has emptied the wallet", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      await startSell(desk, await settledPosition(desk, chain));
      const first = chain.open;
      chain.revert(first);
      await until(desk, 20, () => statesOf(desk, "ord_sell")[0] === "failed");
      chain.fork();
      chain.land(first);
      chain.slot += 5;
      await desk.clock.advance(20_000);
      expect(statesOf(desk, "ord_sell")).toEqual(["filled"]);
      expect(orderRow(desk, "ord_sell").status).toBe("filled");
      expect(desk.store.user(USER)?.heldReason).toBe("");
    });
  });
});

describe("a sell that reverts again and again", () => {
  it("does not wait for nodes that say nothing of its older tries", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      const position = await settledPosition(desk, chain);
      desk.venue.script.fetchAttempt = async (attempt) => {
        if (attempt.state !== "failed") return chain.report(attempt.identity);
        await desk.clock.sleep(5_000);
        throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE", {});
      };
      await startSell(desk, position);
      const startedMs = desk.clock.monotonicMs();
      while (statesOf(desk, "ord_sell").length < 5) {
        for (const { identity } of chain.undecided) chain.revert(identity);
        await desk.clock.advance(50);
      }
      expect(desk.clock.monotonicMs() - startedMs).toBeLessThan(12_000);
    });
  });

  it("asks nothing about those that are final", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      const position = await settledPosition(desk, chain);
      let asked = 0;
      desk.venue.script.fetchAttempt = (attempt) => {
        if (attempt.state === "failed") asked += 1;
        return chain.report(attempt.identity);
      };
      await startSell(desk, position);
      while (statesOf(desk, "ord_sell").length < 4) {
        for (const { identity } of chain.undecided) chain.revert(identity);
        chain.finalize();
        await desk.clock.advance(50);
      }
      expect(asked).toBe(0);
    });
  });
});
