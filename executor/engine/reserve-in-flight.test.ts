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
});
