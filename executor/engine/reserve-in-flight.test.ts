import { describe, it } from "vitest";
import { mintOf, SETTINGS, withDesk } from "./engine-fixture.ts";
import { chainOf, orderRow, startBuy } from "./trade-fixture.ts";

describe("two buys of one wallet at once", () => {
  it("leave the reserve for fees and rent untouched", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      chain.lamports = 1_000_020_000n;
      await startBuy(desk, "ord_a", { instrument: `${mintOf(8)}.SOLANA` });
      await startBuy(desk, "ord_b", { instrument: `${mintOf(9)}.SOLANA` });
      for (const { identity } of chain.undecided) chain.land(identity);
      await desk.clock.advance(1_000);
      const statuses = [orderRow(desk, "ord_a").status, orderRow(desk, "ord_b").status];
      expect({ statuses, left: chain.lamports >= BigInt(SETTINGS.limits.reserveLamports) }).toEqual(
        {
          statuses: ["filled", "denied"],
          left: true,
        },
      );
    });
  });

  it("leave it untouched when the first lands after the second has read the wallet", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      chain.lamports = 1_000_020_000n;
      await startBuy(desk, "ord_a", { instrument: `${mintOf(8)}.SOLANA` });
      const { fetchRoute } = chain.script();
      const routed = Promise.withResolvers<void>();
      desk.venue.script = {
        ...chain.script(),
        fetchRoute: async (request) => {
          await routed.promise;
          return fetchRoute(request);
        },
      };
      await startBuy(desk, "ord_b", { instrument: `${mintOf(9)}.SOLANA` });
      chain.slot += 10;
      chain.land();
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_a").status).toBe("filled");
      routed.resolve();
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_b").status).toBe("denied");
    });
  });

  it("count no more once the balance shows them, however old the list of tokens is", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      chain.lamports = 2_000_000_000n;
      await startBuy(desk, "ord_a", { instrument: `${mintOf(8)}.SOLANA` });
      chain.land();
      await desk.clock.advance(1_000);
      const lamportsSlot = desk.store.fillsOf("ord_a")[0]?.venueSlot ?? 0;
      // What is left is the price of the next one and its reserve, once and not twice.
      const seen = {
        lamports: 600_000_000n,
        tokens: new Map(),
        slot: lamportsSlot - 5,
        lamportsSlot,
      };
      desk.venue.script = { ...chain.script(), fetchWallet: () => seen };
      await startBuy(desk, "ord_b", { instrument: `${mintOf(9)}.SOLANA` });
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_b").status).not.toBe("denied");
    });
  });

  for (const isLanded of [false, true]) {
    const when = isLanded ? "has landed since the wallet was read" : "is under way";
    it(`leave what the first costs beyond its price, when it ${when}`, async ({ expect }) => {
      await withDesk(async (desk) => {
        const chain = chainOf(desk);
        // As much as both and the reserve, without the fee of the first.
        chain.lamports = 1_020_000_000n;
        await startBuy(desk, "ord_a", { instrument: `${mintOf(8)}.SOLANA` });
        const seen = { lamports: chain.lamports, tokens: new Map(), slot: chain.slot - 1 };
        if (isLanded) {
          chain.land();
          await desk.clock.advance(1_000);
          expect(orderRow(desk, "ord_a").status).toBe("filled");
        }
        desk.venue.script = { ...chain.script(), fetchWallet: () => seen };
        await startBuy(desk, "ord_b", { instrument: `${mintOf(9)}.SOLANA` });
        await desk.clock.advance(1_000);
        expect(orderRow(desk, "ord_b")).toMatchObject({
          status: "denied",
          reason: expect.stringContaining("0.500005 SOL more are in flight for other buys"),
        });
      });
    });
  }
});
