import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import { describe, expect, it } from "vitest";
import type { AttemptReport } from "../ports/venue.ts";
import { markRestored } from "../store/recovery-mark.ts";
import { WALLET_ID, withDesk, type TestDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";
import { freeNonceOf } from "./nonce-accounts.ts";
import { nonceChainOf, NONCE_SETTINGS, settledPosition, statesOf } from "./nonce-fixture.ts";
import { isSlotFree, orderRow, startSell } from "./trade-fixture.ts";

/** The venue shows that `spender` has used up the nonce of every attempt that did not land. */
function showSpender(desk: TestDesk, chain: FakeChain, spender: string): void {
  desk.venue.script.fetchAttempt = (attempt): AttemptReport => {
    const report = chain.report(attempt.identity);
    return report.state === "pending" ? { state: "dead", proof: { spender } } : report;
  };
}

describe("an exit whose nonce was used up by a copy that a restored journal lacks", () => {
  it("frees its position for the next exit and is not tried again", async () => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      const position = await settledPosition(desk, chain);
      await startSell(desk, position, "ord_sell", 5_000);
      expect(statesOf(desk, "ord_sell")).toEqual(["submitted"]);
      const headSeq = desk.store.headSeq();
      desk.kill();
      await desk.clock.advance(1_000);
      const mark = { from: "postgres", headSeq, headHash: "a".repeat(64) } as const;
      markRestored(desk.nextPath, { ...mark, atMs: desk.clock.nowMs() });
      showSpender(desk, chain, "sig-of-the-lost-copy");
      await desk.boot();
      await desk.clock.advance(1_000);
      expect(statesOf(desk, "ord_sell")).toEqual(["dead"]);
      expect(orderRow(desk, "ord_sell").status).toBe("canceled");
      expect(isSlotFree(desk, position.positionId)).toBe(true);
    });
  });
});

describe("an exit whose nonce was used up by a copy that the journal knows", () => {
  it("waits for what becomes of that copy", async () => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      const position = await settledPosition(desk, chain);
      await startSell(desk, position);
      await desk.clock.advance(NONCE_SETTINGS.exitReplaceMs + 1_000);
      const [, copy] = desk.store.attemptsOf("ord_sell");
      showSpender(desk, chain, copy?.identity ?? "none");
      await desk.clock.advance(10_000);
      expect(statesOf(desk, "ord_sell")).not.toContain("dead");
    });
  });
});

describe("a sell of everything that reverted on a block which a fork took back", () => {
  const sellAgain = async (desk: TestDesk, chain: FakeChain): Promise<readonly AttemptRow[]> => {
    const position = await settledPosition(desk, chain);
    await startSell(desk, position);
    chain.revert();
    for (let waits = 0; statesOf(desk, "ord_sell")[0] !== "failed" && waits < 50; waits++) {
      await desk.clock.advance(100);
    }
    // Before the next try is made: the nonce stands where it stood, for good.
    expect(chain.fork()?.fate).toBe("pending");
    await desk.clock.advance(10_000);
    return desk.store.attemptsOf("ord_sell");
  };

  it("leaves its nonce to whoever finds no other one", async () => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk, { nonceBuyLamportsMin: 0n });
      const [first, second] = await sellAgain(desk, chain);
      expect([first?.bound.kind, second?.bound.kind]).toEqual(["nonce", "nonce"]);
      expect(second?.exclusionGroup).not.toBe(first?.exclusionGroup);
      chain.land(second?.identity ?? "");
      await desk.clock.advance(1_000);
      chain.finalize();
      await desk.clock.advance(10_000);
      // The other one was used last, and comes first all the same.
      const next = freeNonceOf(desk.store, WALLET_ID, desk.clock.nowMs(), new Set());
      expect(second?.bound).toMatchObject({ account: next?.account });
    });
  });

  it("goes on with a blockhash where the wallet has no other nonce", async () => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk, { nonceAccountsMax: 1 });
      const [first, second] = await sellAgain(desk, chain);
      expect([first?.state, second?.state]).toEqual(["failed", "submitted"]);
      expect(second?.bound.kind).toBe("blockHeight");
      chain.land(second?.identity ?? "");
      await desk.clock.advance(5_000);
      expect(orderRow(desk, "ord_sell").status).toBe("filled");
    });
  });
});
