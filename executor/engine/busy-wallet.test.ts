import { describe, it } from "vitest";
import type { PrepareOutcome } from "../ports/venue.ts";
import { SETTINGS, type TestDesk, withDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";
import { chainOf, openPosition, orderRow, startBuy, startSell } from "./trade-fixture.ts";

const REASON = "other transactions move this wallet all the time";
const BUSY: PrepareOutcome = {
  outcome: "refused",
  reason: REASON,
  alert: false,
  isWalletBusy: true,
};

/** The next trials cannot be judged; those after them can. */
function keepBusy(desk: TestDesk, chain: FakeChain, times: number): void {
  const script = chain.script();
  let left = times;
  desk.venue.script = {
    ...script,
    prepare: (...asked) => (left-- > 0 ? BUSY : script.prepare(...asked)),
  };
}

function sellSlippages(desk: TestDesk): number[] {
  return desk.venue.routes.filter(({ side }) => side === "sell").map((one) => one.slippageBps);
}

describe("a sell that cannot be tried because the wallet moves", () => {
  it("is tried again every second and allows no more slippage for it", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      keepBusy(desk, chain, 4);
      await startSell(desk, position);
      await desk.clock.advance(3_999);
      expect(chain.undecided).toEqual([]);
      await desk.clock.advance(1);
      expect(chain.undecided).toHaveLength(1);
      const [first] = SETTINGS.exitSlippageRampBps;
      expect(sellSlippages(desk)).toEqual([first, first, first, first, first]);
    });
  });

  it("allows more, and soon, after a refusal that speaks of the swap", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      const script = chain.script();
      const plain: PrepareOutcome = { outcome: "refused", reason: "it fails", alert: false };
      const answers = [BUSY, BUSY, BUSY, BUSY, BUSY, plain];
      desk.venue.script = {
        ...script,
        prepare: (...asked) => answers.shift() ?? script.prepare(...asked),
      };
      await startSell(desk, position);
      await desk.clock.advance(5_250);
      expect(chain.undecided).toHaveLength(1);
      const [first, second] = SETTINGS.exitSlippageRampBps;
      expect(sellSlippages(desk).slice(-3)).toEqual([first, first, second]);
    });
  });

  it("is told to its person and to the operators when that lasts", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      keepBusy(desk, chain, 1_000);
      await startSell(desk, position);
      for (const [ms, key] of [
        [5_000, "stuck:ord_sell:5000"],
        [25_000, "stuck:ord_sell:30000"],
        [90_000, "stuck:ord_sell:120000"],
      ] as const) {
        expect(desk.store.outbox(key)).toBeUndefined();
        await desk.clock.advance(ms);
        const told = desk.store.outbox(key)?.content.text;
        expect(told).toContain(REASON);
        expect(told).toContain("You still hold the tokens. It goes on trying");
      }
      expect(desk.shouts.filter((text) => text.includes(REASON))).toHaveLength(3);
      expect(orderRow(desk, "ord_sell").status).toBe("initialized");
    });
  });
});

describe("a buy that cannot be tried because the wallet moves", () => {
  it("goes out once the wallet stands still", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      keepBusy(desk, chain, 2);
      await startBuy(desk);
      await desk.clock.advance(1_000);
      expect(chain.undecided).toHaveLength(1);
    });
  });

  it("ends with the reason after a few tries, and nothing was sent", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      keepBusy(desk, chain, 1_000);
      await startBuy(desk);
      await desk.clock.advance(10_000);
      const order = orderRow(desk, "ord_buy");
      expect(order.status).toBe("rejected");
      expect(order.reason).toContain(`Not sent: ${REASON}`);
      expect(desk.venue.submitted).toEqual([]);
    });
  });
});
