import { describe, it } from "vitest";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { withDesk } from "./engine-fixture.ts";
import { rejected, unknown } from "./fake-chain.ts";
import {
  chainOf,
  isSlotFree,
  MINT,
  openPosition,
  orderRow,
  setTrading,
  startSell,
  USER,
} from "./trade-fixture.ts";

describe("a sell", () => {
  it("closes the position and disarms its exits when it landed", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      chain.price = 1_500_000n;
      await startSell(desk, position);
      chain.land();
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_sell").status).toBe("filled");
      expect(desk.store.position(position.positionId)).toMatchObject({
        state: "closed",
        quantity: "0",
        realisedLamports: "250000000",
      });
      expect(desk.store.exitPlan(position.positionId)?.state).toBe("disarmed");
      expect(chain.tokens.get(MINT)).toBe(0n);
    });
  });

  it("outlives kill switch, pause, hold and panic", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await setTrading(desk, "halted");
      desk.hold = "unread";
      await desk.transact((tx) => desk.engine.panic.open(tx, USER, "tg:1:5"));
      await startSell(desk, position);
      expect(chain.undecided).toHaveLength(1);
    });
  });

  it("asks for the part it was made for", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await startSell(desk, position, "ord_sell", 2_500);
      expect(desk.venue.routes.at(-1)?.quantityIn).toBe(125_000_000n);
      chain.land();
      await desk.clock.advance(1_000);
      expect(desk.store.position(position.positionId)).toMatchObject({
        state: "open",
        quantity: "375000000",
        costLamports: "375000000",
      });
      expect(desk.store.exitPlan(position.positionId)?.state).toBe("armed");
    });
  });

  it("never asks for more than the chain holds", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      chain.tokens.set(MINT, 400_000_000n);
      await startSell(desk, position);
      expect(desk.venue.routes.at(-1)?.quantityIn).toBe(400_000_000n);
    });
  });

  it("ends when two reads in a row find nothing to sell; the ledger follows the chain", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      chain.tokens.set(MINT, 0n);
      await startSell(desk, position);
      expect(orderRow(desk, "ord_sell").status).toBe("initialized");
      await desk.clock.advance(250);
      expect(orderRow(desk, "ord_sell")).toMatchObject({
        status: "canceled",
        reason: "The wallet holds none of this token any more.",
      });
      expect(desk.store.position(position.positionId)?.state).toBe("closed");
      expect(desk.store.exitPlan(position.positionId)?.state).toBe("disarmed");
      expect(desk.store.user(USER)?.heldReason).toContain("less than the ledger said");
      expect(desk.doubts).toBe(1);
    });
  });

  it("sells after one wrong empty read", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      const held = chain.tokens.get(MINT) ?? 0n;
      chain.tokens.set(MINT, 0n);
      await startSell(desk, position);
      chain.tokens.set(MINT, held);
      await desk.clock.advance(250);
      expect(chain.undecided).toHaveLength(1);
      expect(desk.doubts).toBe(0);
    });
  });

  it("waits for a node that does not know the buy yet", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      const held = chain.tokens.get(MINT) ?? 0n;
      chain.tokens.set(MINT, 0n);
      chain.slot = desk.store.fillsOf("ord_buy")[0]?.venueSlot ?? 0;
      await startSell(desk, position);
      await desk.clock.advance(5_000);
      expect(orderRow(desk, "ord_sell").status).toBe("initialized");
      expect(desk.store.position(position.positionId)?.state).toBe("open");
      chain.slot += 1;
      chain.tokens.set(MINT, held);
      await desk.clock.advance(5_000);
      expect(chain.undecided).toHaveLength(1);
    });
  });

  it("is canceled when its position was closed meanwhile", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await desk.transact((tx) => {
        const { openedMs: _o, changedMs: _c, ...row } = position;
        const cause = { kind: "external" as const, detail: "test" };
        const payload = { ...row, quantity: "0", state: "closed" as const, cause };
        tx.append({ stream: `position:${row.positionId}`, kind: "PositionChanged", payload });
      });
      await startSell(desk, position);
      expect(orderRow(desk, "ord_sell")).toMatchObject({
        status: "canceled",
        reason: "Nothing is left to sell.",
      });
    });
  });

  it("is tried again after every proven end, wider each time, for ever", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await startSell(desk, position);
      const ends = [() => chain.bury(), () => chain.revert(), () => chain.bury()];
      for (let n = 0; n < 12; n++) {
        ends[n % 3]?.();
        await desk.clock.advance(20_000);
        expect(orderRow(desk, "ord_sell").status).toBe("submitted");
      }
      const attempts = desk.store.attemptsOf("ord_sell");
      expect(attempts).toHaveLength(13);
      const slippages = desk.venue.routes.slice(1).map(({ slippageBps }) => slippageBps);
      expect(slippages.slice(0, 4)).toEqual([300, 600, 1_200, 1_200]);
      chain.land();
      await desk.clock.advance(1_000);
      expect(desk.store.position(position.positionId)?.state).toBe("closed");
      expect(chain.effects).toHaveLength(2);
    });
  });

  it("pauses longer after each refusal of the venue instead of burning fees", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      chain.onSubmit = () => rejected("refused");
      await startSell(desk, position);
      const counts: number[] = [];
      for (const ms of [249, 1, 499, 1, 999, 1]) {
        await desk.clock.advance(ms);
        counts.push(desk.store.attemptsOf("ord_sell").length);
      }
      expect(counts).toEqual([1, 2, 2, 3, 3, 4]);
      await desk.clock.advance(60_000);
      const soFar = desk.store.attemptsOf("ord_sell").length;
      await desk.clock.advance(60_000);
      expect(desk.store.attemptsOf("ord_sell")).toHaveLength(soFar + 6);
      expect(orderRow(desk, "ord_sell").status).toBe("submitted");
      expect(isSlotFree(desk, position.positionId)).toBe(true);
    });
  });

  it("alerts once at 5, 30 and 120 seconds while it does not get through", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      desk.venue.script = {
        ...chain.script(),
        fetchRoute: () => {
          throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE");
        },
      };
      const stuck = (): number => desk.counts.get("alerts_total stuck-exit") ?? 0;
      await startSell(desk, position);
      const seen: number[] = [];
      for (const ms of [3_000, 7_000, 18_000, 12_000, 70_000, 30_000, 600_000]) {
        await desk.clock.advance(ms);
        seen.push(stuck());
      }
      expect(seen).toEqual([0, 1, 1, 2, 2, 3, 3]);
      const text = desk.store.outbox("stuck:ord_sell:5000")?.content.text;
      expect(text).toContain("does not get through");
      expect(text).toContain("The venue cannot be reached");
      expect(desk.shouts).toHaveLength(3);
    });
  });

  it("alerts also when every try reaches the venue and is reverted", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      chain.onSubmit = (attempt) => {
        chain.revert(attempt.identity);
        return unknown();
      };
      await startSell(desk, position);
      await desk.clock.advance(40_000);
      expect(desk.counts.get("alerts_total stuck-exit")).toBe(2);
      expect(desk.store.outbox("stuck:ord_sell:5000")?.content.text).toContain("custom 6001");
    });
  });

  it("asks for a wider price after a transaction that its own check refused", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      const { prepare } = chain.script();
      let refusals = 1;
      desk.venue.script = {
        ...chain.script(),
        prepare: (...asked) =>
          refusals-- > 0
            ? { outcome: "refused", reason: "slippage", alert: false }
            : prepare(...asked),
      };
      await startSell(desk, position);
      await desk.clock.advance(1_000);
      expect(desk.venue.routes.slice(1).map(({ slippageBps }) => slippageBps)).toEqual([300, 600]);
      expect(chain.undecided).toHaveLength(1);
    });
  });

  it("leaves no order stuck when the venue refuses while its own drive still runs", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      let refusals = 3;
      chain.onSubmit = () => (refusals-- > 0 ? rejected() : unknown());
      await startSell(desk, position);
      await desk.clock.advance(10_000);
      const states = desk.store.attemptsOf("ord_sell").map(({ state }) => state);
      expect(states.slice(0, 3)).toEqual(["rejected", "rejected", "rejected"]);
      expect(states).toHaveLength(4);
      chain.land();
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_sell").status).toBe("filled");
    });
  });
});
