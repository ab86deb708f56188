import { FINAL_ORDER_STATUSES } from "@raptor/shared/domain/order.ts";
import { describe, it } from "vitest";
import { withDesk } from "./engine-fixture.ts";
import { nonceChainOf, NONCE_SETTINGS, settledPosition, statesOf } from "./nonce-fixture.ts";
import { openPosition, orderRow, startSell } from "./trade-fixture.ts";

describe("a sell whose refused try left its nonce to another position's sell", () => {
  it("goes on when that one's copies have reverted for good", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk, { nonceAccountsMax: 1 });
      const first = await settledPosition(desk, chain);
      const second = await openPosition(desk, chain, "ord_b", { instrument: "MintB.SOLANA" });
      chain.onSubmit = ({ orderId }) =>
        orderId === "ord_first"
          ? { outcome: "rejected", reason: "refused by every node", evidence: {} }
          : { outcome: "accepted", lanes: ["node-1"], evidence: {} };
      await startSell(desk, first, "ord_first");
      expect(statesOf(desk, "ord_first")).toEqual(["rejected"]);
      await startSell(desk, second, "ord_second");
      const [refused] = desk.store.attemptsOf("ord_first");
      const [taken] = desk.store.attemptsOf("ord_second");
      expect(taken?.exclusionGroup).toBe(refused?.exclusionGroup);
      await desk.clock.advance(NONCE_SETTINGS.exitReplaceMs + 1_000);
      expect(desk.store.attemptsOf("ord_second")).toHaveLength(2);
      expect(desk.store.unresolvedInSlot(refused?.slot ?? "")).toBeUndefined();
      chain.revert(taken?.identity ?? "");
      chain.finalize();
      await desk.clock.advance(2_000);
      expect(statesOf(desk, "ord_second").slice(0, 2)).toEqual(["failed", "dead"]);
      for (const orderId of ["ord_first", "ord_second"]) {
        expect(FINAL_ORDER_STATUSES).not.toContain(orderRow(desk, orderId).status);
      }
    });
  });
});
