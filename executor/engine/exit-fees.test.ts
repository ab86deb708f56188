import { describe, it } from "vitest";
import { SETTINGS, USER, withDesk, type TestDesk } from "./engine-fixture.ts";
import { chainOf, openPosition, orderRow, startSell } from "./trade-fixture.ts";

const FEE = 5_000n;

/** Every sell lands and is reverted, each for the fee of 5,000 lamports. */
async function alwaysReverting(
  budget: { lamports: bigint; bps: number },
  use: (desk: TestDesk, tries: () => number) => Promise<void>,
): Promise<void> {
  await withDesk(async (desk) => {
    const chain = chainOf(desk);
    await openPosition(desk, chain);
    desk.settings = {
      ...SETTINGS,
      exitFeeBudgetLamports: budget.lamports,
      exitFeeBudgetBps: budget.bps,
    };
    const engine = await desk.crash();
    const [position] = engine.store.openPositions(USER);
    if (position === undefined) throw new Error("expected an open position");
    chain.onSubmit = ({ identity }) => {
      chain.revert(identity);
      return { outcome: "accepted", lanes: ["node-1"], evidence: {} };
    };
    await startSell(desk, position);
    await use(desk, () => desk.eventsOf("AttemptFailed").length);
  });
}

describe("an exit that always reverts", () => {
  it("slows down to a try every ten minutes once it is over its budget, and says so", async ({
    expect,
  }) => {
    await alwaysReverting({ lamports: FEE * 4n, bps: 0 }, async (desk, tries) => {
      await desk.clock.advance(120_000);
      expect(tries()).toBe(5);
      const text = desk.store.outbox("fees:ord_sell")?.content.text;
      expect(text).toContain("cost 0.000025 SOL in fees, more than its budget of 0.00002 SOL");
      expect(desk.shouts.filter((shout) => shout.includes("burnt"))).toHaveLength(1);
      await desk.clock.advance(3_600_000);
      expect(tries()).toBe(11);
      expect(orderRow(desk, "ord_sell").status).toBe("submitted");
      expect(desk.shouts.filter((shout) => shout.includes("burnt"))).toHaveLength(1);
    });
  });

  it("may burn a share of what the position cost, where that is more", async ({ expect }) => {
    // Half a SOL: 1 bps are 50,000 lamports, ten tries.
    await alwaysReverting({ lamports: FEE, bps: 1 }, async (desk, tries) => {
      await desk.clock.advance(180_000);
      expect(tries()).toBe(11);
      await desk.clock.advance(300_000);
      expect(tries()).toBe(11);
    });
  });

  it("waits no longer and no shorter over restarts", async ({ expect }) => {
    await alwaysReverting({ lamports: FEE * 4n, bps: 0 }, async (desk, tries) => {
      await desk.clock.advance(120_000);
      for (let at = 0; at < 8; at++) {
        await desk.crash();
        await desk.clock.advance(50_000);
      }
      expect(tries()).toBe(5);
      await desk.clock.advance(110_000);
      expect(tries()).toBe(6);
    });
  });
});
