import { describe, it } from "vitest";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { withDesk } from "./engine-fixture.ts";
import { accepted, rejected, unknown } from "./fake-chain.ts";
import {
  chainOf,
  openPosition,
  orderRow,
  setTrading,
  startBuy,
  startSell,
} from "./trade-fixture.ts";

describe("the tracker of attempts", () => {
  it("sends the same bytes again every two seconds and never others", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      chain.onSubmit = () => unknown();
      await startBuy(desk);
      await desk.clock.advance(20_000);
      const payloads = desk.venue.submitted.map(({ payload }) => payload);
      expect(payloads.length).toBeGreaterThan(8);
      expect(payloads.length).toBeLessThan(12);
      expect(new Set(payloads)).toEqual(new Set([`bytes of ${chain.open}`]));
      expect(desk.eventsOf("AttemptSubmitted")).toHaveLength(1);
    });
  });

  it("does not send an entry again after a kill, but goes on asking", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await startBuy(desk);
      await setTrading(desk, "halted");
      await desk.clock.advance(20_000);
      expect(desk.venue.submitted).toHaveLength(1);
      chain.land();
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_buy").status).toBe("filled");
    });
  });

  it("sends an exit again after a kill", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await setTrading(desk, "halted");
      await startSell(desk, position);
      const before = desk.venue.submitted.length;
      await desk.clock.advance(10_000);
      expect(desk.venue.submitted.length).toBeGreaterThan(before + 3);
    });
  });

  it("asks at once when the venue has news", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await startBuy(desk);
      const { open } = chain;
      chain.land();
      desk.venue.announce(open);
      await desk.clock.settle();
      expect(orderRow(desk, "ord_buy").status).toBe("filled");
      expect(desk.venue.watchers.get(open)?.size).toBe(0);
    });
  });

  it("keeps an attempt open when the venue cannot be asked", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      desk.venue.script = {
        ...chain.script(),
        fetchAttempt: () => {
          throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE");
        },
      };
      await startBuy(desk);
      await desk.clock.advance(60_000);
      expect(desk.store.unresolvedAttempts()).toHaveLength(1);
      expect(desk.store.attempt("ord_buy:1")?.state).toBe("unknown");
      desk.venue.script = chain.script();
      chain.land();
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_buy").status).toBe("filled");
    });
  });

  it("takes a venue that fails while it is sent to for one that may have the bytes", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      chain.onSubmit = () => {
        throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE");
      };
      await startBuy(desk);
      await desk.clock.advance(10_000);
      expect(desk.store.attempt("ord_buy:1")?.state).toBe("unknown");
      expect(desk.eventsOf("AttemptPrepared")).toHaveLength(1);
      chain.land();
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_buy").status).toBe("filled");
    });
  });

  it("does not take a refusal of bytes that were sent before for their end", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      let sends = 0;
      chain.onSubmit = () => (++sends === 1 ? unknown() : rejected());
      await startSell(desk, position);
      await desk.clock.advance(30_000);
      expect(sends).toBeGreaterThan(5);
      expect(desk.eventsOf("AttemptRejected")).toEqual([]);
      expect(desk.store.attemptsOf("ord_sell")).toHaveLength(1);
      chain.land();
      await desk.clock.advance(1_000);
      expect(chain.effects.filter(({ side }) => side === "sell")).toHaveLength(1);
      expect(orderRow(desk, "ord_sell").status).toBe("filled");
    });
  });

  it("says 'not decided' once after 15 seconds without news", async ({ expect }) => {
    await withDesk(async (desk) => {
      chainOf(desk);
      await startBuy(desk);
      await desk.clock.advance(14_000);
      expect(desk.eventsOf("AttemptUnknown")).toEqual([]);
      await desk.clock.advance(30_000);
      expect(desk.eventsOf("AttemptUnknown")).toHaveLength(1);
      expect(desk.store.outbox("order:ord_buy")?.content.text).toContain("not decided yet");
    });
  });

  it("shows what the venue has seen before it is decided", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      let isSeen = true;
      desk.venue.script = {
        ...chain.script(),
        fetchAttempt: (attempt) =>
          isSeen ? { state: "seen", evidence: { slot: 1 } } : chain.report(attempt.identity),
      };
      await startBuy(desk);
      await desk.clock.advance(30_000);
      expect(desk.eventsOf("AttemptAccepted")).toHaveLength(1);
      expect(orderRow(desk, "ord_buy").status).toBe("accepted");
      isSeen = false;
      chain.bury();
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_buy").status).toBe("expired");
    });
  });

  it("asks for at most as many attempts at once as it was told", async ({ expect }) => {
    await withDesk(async (desk) => {
      desk.settings = { ...desk.settings, recoveryConcurrency: 2 };
      const chain = chainOf(desk);
      await desk.crash();
      for (const n of [1, 2, 3, 4, 5]) {
        const instrument = `Mint${n}.SOLANA`;
        await startBuy(desk, `ord_${n}`, { instrument });
      }
      let asking = 0;
      let most = 0;
      desk.venue.script = {
        ...chain.script(),
        fetchAttempt: async (attempt) => {
          asking += 1;
          most = Math.max(most, asking);
          await desk.clock.sleep(10);
          asking -= 1;
          return chain.report(attempt.identity);
        },
      };
      await desk.clock.advance(5_000);
      expect(most).toBe(2);
    });
  });

  it("stops without touching an attempt any more", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      chain.onSubmit = accepted;
      await startBuy(desk);
      const stopped = desk.engine.tracker.stop();
      await desk.clock.settle();
      await stopped;
      const calls = desk.venue.calls.length;
      await desk.clock.advance(60_000);
      expect(desk.venue.calls).toHaveLength(calls);
      expect(desk.store.unresolvedAttempts()).toHaveLength(1);
    });
  });
});
