import { describe, it } from "vitest";
import { markRestored } from "../store/recovery-mark.ts";
import { withDesk, type TestDesk } from "./engine-fixture.ts";
import { statesOf } from "./nonce-fixture.ts";
import { chainOf, MINT, openPosition, orderRow, startSell } from "./trade-fixture.ts";

/** Dies, and is put back from a copy of `headSeq`. */
async function restore(desk: TestDesk, meanwhile: () => void): Promise<void> {
  const headSeq = desk.store.headSeq();
  desk.kill();
  meanwhile();
  await desk.clock.advance(1_000);
  const mark = { from: "postgres", headSeq, headHash: "a".repeat(64) } as const;
  markRestored(desk.nextPath, { ...mark, atMs: desk.clock.nowMs() });
  await desk.boot();
}

describe("a sell of a part that was under way when its copy was made", () => {
  it("does not sell again when its later try is missing in the copy", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await startSell(desk, position, "ord_sell", 5_000);
      const first = chain.open;
      // The lost journal went on: the first try died, a second one sold half.
      await restore(desk, () => {
        chain.bury(first);
        chain.tokens.set(MINT, BigInt(position.quantity) / 2n);
      });
      await desk.clock.advance(5_000);
      expect(statesOf(desk, "ord_sell")).toEqual(["dead"]);
      expect(orderRow(desk, "ord_sell").status).toBe("canceled");
      expect(orderRow(desk, "ord_sell").reason).toContain("put back from a copy");
      expect(chain.undecided).toEqual([]);
    });
  });

  it("is booked when the try that the copy knows has landed", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await startSell(desk, position, "ord_sell", 5_000);
      await restore(desk, () => chain.land());
      await desk.clock.advance(5_000);
      expect(statesOf(desk, "ord_sell")).toEqual(["filled"]);
    });
  });

  it("leaves orders that begin after it as they are", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await restore(desk, () => {});
      await startSell(desk, position, "ord_sell", 5_000);
      chain.bury();
      await desk.clock.advance(5_000);
      expect(statesOf(desk, "ord_sell")[0]).toBe("dead");
      expect(desk.store.attemptsOf("ord_sell")).toHaveLength(2);
    });
  });
});
