import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { describe, it } from "vitest";
import { INSTRUMENT, MINT, USER, withDesk, type TestDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";
import { nonceChainOf, problemsOf, settledPosition } from "./nonce-fixture.ts";
import { expectSound, panicDoneText, pressPanic } from "./panic-fixture.ts";
import { chainOf, openPosition, orderRow, startBuy } from "./trade-fixture.ts";

const MINUTE_MS = 60_000;

/** Neither a pool nor a service takes the token of this mint, while `isDead`. */
interface Market {
  isDead: boolean;
}

/** A position in a token that nobody takes any more. */
async function withDeadToken(
  use: (desk: TestDesk, chain: FakeChain, market: Market, positionId: string) => Promise<void>,
): Promise<void> {
  await withDesk(async (desk) => {
    const chain = chainOf(desk);
    const { positionId } = await openPosition(desk, chain);
    const market = { isDead: true };
    const script = chain.script();
    desk.venue.script = {
      ...script,
      fetchRoute: (request) => {
        const isDead = market.isDead && request.mint === MINT;
        if (isDead) throw new RaptorError("RAPTOR_VENUE__NO_ROUTE", {});
        return script.fetchRoute(request);
      },
    };
    await use(desk, chain, market, positionId);
    expectSound(desk);
  });
}

describe("a panic of which only a token is left that nobody takes", () => {
  it("ends after two minutes, says what is stuck and what to do, and leaves its exits armed", async ({
    expect,
  }) => {
    await withDeadToken(async (desk, _chain, _market, positionId) => {
      await pressPanic(desk);
      await desk.clock.advance(2 * MINUTE_MS - 1_000);
      expect(desk.payloads("PanicClosed")).toEqual([]);
      await desk.clock.advance(15_000);
      expect(desk.payloads("PanicClosed")).toMatchObject([{ left: [positionId] }]);
      expect(desk.store.user(USER)).toMatchObject({ panicId: null, paused: true });
      expect(desk.store.openOrders()).toEqual([]);
      expect(desk.store.exitPlan(positionId)?.state).toBe("armed");
      const told = panicDoneText(desk);
      expect(told).toContain("Panic is done, but for what cannot be sold now.");
      expect(told).toContain("You still hold TOK: no pool and no service has taken it");
      expect(told).toContain("Their exits stay armed");
      expect(told).toContain("/resume");
    });
  });

  it("leaves an exit that fires afterwards trying until somebody takes it", async ({ expect }) => {
    await withDeadToken(async (desk, chain, market, positionId) => {
      await pressPanic(desk);
      await desk.clock.advance(3 * MINUTE_MS);
      chain.price = 500_000n;
      desk.engine.feed.emit(chain.price * 1_000_000_000n, INSTRUMENT);
      await desk.clock.advance(10 * MINUTE_MS);
      const [sell, ...others] = desk.store.openOrders();
      expect([sell?.source.kind, others]).toEqual(["exit", []]);
      const stuck = desk.store.outbox(`stuck:${sell?.orderId}:120000`);
      expect(stuck?.content.text).toContain("no route");
      market.isDead = false;
      await desk.clock.advance(10_000);
      chain.land();
      await desk.clock.advance(2_000);
      expect(desk.store.position(positionId)?.state).toBe("closed");
    });
  });

  it("lets its person buy again after /resume", async ({ expect }) => {
    await withDeadToken(async (desk, chain) => {
      await pressPanic(desk);
      await desk.clock.advance(3 * MINUTE_MS);
      const resumed = { userId: USER, paused: false, jobId: "tg:1:2", createdMs: 0 };
      await desk.transact((tx) =>
        tx.append({ stream: `user:${USER}`, kind: "UserPausedChanged", payload: resumed }),
      );
      await startBuy(desk, "ord_next", { instrument: "MintB.SOLANA" });
      chain.land();
      await desk.clock.advance(2_000);
      expect(orderRow(desk, "ord_next").status).toBe("filled");
    });
  });

  it("goes on where there was a route in between, or a sell may still land", async ({ expect }) => {
    await withDeadToken(async (desk, chain, market) => {
      await pressPanic(desk);
      await desk.clock.advance(MINUTE_MS + 30_000);
      market.isDead = false;
      await desk.clock.advance(12_000);
      expect(chain.undecided).toHaveLength(1);
      market.isDead = true;
      await desk.clock.advance(2 * MINUTE_MS);
      expect(desk.payloads("PanicClosed")).toEqual([]);
      chain.revert();
      await desk.clock.advance(MINUTE_MS);
      expect(desk.payloads("PanicClosed")).toEqual([]);
      await desk.clock.advance(2 * MINUTE_MS);
      expect(desk.payloads("PanicClosed")).toHaveLength(1);
    });
  });

  it("waits for a copy of its sell that may land, however long no other one has a route", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      await settledPosition(desk, chain);
      await pressPanic(desk);
      expect(chain.undecided).toHaveLength(1);
      desk.venue.script = {
        ...desk.venue.script,
        fetchRoute: () => {
          throw new RaptorError("RAPTOR_VENUE__NO_ROUTE", {});
        },
      };
      await desk.clock.advance(10 * MINUTE_MS);
      expect(desk.payloads("PanicClosed")).toEqual([]);
      expect(problemsOf(desk, chain)).toEqual([]);
    });
  });

  it("sells what can be sold first, and names what is left for which reason", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const dead = await openPosition(desk, chain);
      const dust = await openPosition(desk, chain, "ord_b", { instrument: "MintB.SOLANA" });
      const fine = await openPosition(desk, chain, "ord_c", { instrument: "MintC.SOLANA" });
      const script = chain.script();
      desk.venue.script = {
        ...script,
        fetchRoute: async (request) => {
          if (request.mint === MINT) throw new RaptorError("RAPTOR_VENUE__NO_ROUTE", {});
          const route = await script.fetchRoute(request);
          return request.mint === "MintB" ? { ...route, quantityOut: 1n } : route;
        },
      };
      await pressPanic(desk);
      await desk.clock.advance(3 * MINUTE_MS);
      expect(desk.payloads("PanicClosed")).toEqual([]);
      chain.land();
      await desk.clock.advance(20_000);
      expect(desk.store.position(fine.positionId)?.state).toBe("closed");
      const left = [dead.positionId, dust.positionId].toSorted();
      expect(desk.payloads("PanicClosed")[0]?.left?.toSorted()).toEqual(left);
      expect(panicDoneText(desk)).toContain("would bring less than the network takes");
      expect(panicDoneText(desk)).toContain("no pool and no service");
    });
  });

  it("may be pressed again, and sells it when it trades again", async ({ expect }) => {
    await withDeadToken(async (desk, chain, market, positionId) => {
      await pressPanic(desk);
      await desk.clock.advance(3 * MINUTE_MS);
      market.isDead = false;
      await pressPanic(desk, "tg:1:9");
      chain.land();
      await desk.clock.advance(2_000);
      expect(desk.store.position(positionId)?.state).toBe("closed");
      expect(desk.payloads("PanicClosed")).toHaveLength(2);
    });
  });
});

describe("a panic whose token was asked for only now and then", () => {
  it("goes on over an outage: before it and after it nobody took the token, between nobody said", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      let code: "NO_ROUTE" | "UNAVAILABLE" = "NO_ROUTE";
      desk.venue.script = {
        ...chain.script(),
        fetchRoute: () => {
          throw new RaptorError(`RAPTOR_VENUE__${code}`, {});
        },
      };
      await pressPanic(desk);
      code = "UNAVAILABLE";
      await desk.clock.advance(125_000);
      code = "NO_ROUTE";
      await desk.clock.advance(11_000);
      expect(desk.payloads("PanicClosed")).toEqual([]);
      await desk.clock.advance(130_000);
      expect(desk.payloads("PanicClosed")).toHaveLength(1);
    });
  });

  it("goes on after minutes in which nothing was asked at all", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      desk.venue.script = {
        ...chain.script(),
        fetchRoute: () => {
          throw new RaptorError("RAPTOR_VENUE__NO_ROUTE", {});
        },
      };
      await pressPanic(desk);
      desk.blockhashHold = "Blockhashes are held.";
      await desk.clock.advance(300_000);
      desk.blockhashHold = undefined;
      await desk.clock.advance(11_000);
      expect(desk.payloads("PanicClosed")).toEqual([]);
    });
  });

  it("goes on where the newest answer is no answer, however long nobody took it before", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      await openPosition(desk, chain, "ord_b", { instrument: "MintB.SOLANA" });
      const script = chain.script();
      let code: "NO_ROUTE" | "UNAVAILABLE" = "NO_ROUTE";
      desk.venue.script = {
        ...script,
        fetchRoute: (request) => {
          if (request.mint !== MINT) return script.fetchRoute(request);
          throw new RaptorError(`RAPTOR_VENUE__${code}`, {});
        },
      };
      await pressPanic(desk);
      await desk.clock.advance(130_000);
      code = "UNAVAILABLE";
      await desk.clock.advance(600_000);
      chain.land();
      await desk.clock.advance(3_000);
      expect(desk.payloads("PanicClosed")).toEqual([]);
    });
  });
});

describe("a panic of a dead token, whose service limits us now and then", () => {
  it("ends all the same", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      let asked = 0;
      desk.venue.script = {
        ...chain.script(),
        fetchRoute: () => {
          asked += 1;
          const code = asked % 8 === 0 ? "RATE_LIMITED" : "NO_ROUTE";
          throw new RaptorError(`RAPTOR_VENUE__${code}`, {});
        },
      };
      await pressPanic(desk);
      await desk.clock.advance(10 * MINUTE_MS);
      expect(desk.payloads("PanicClosed")).toHaveLength(1);
    });
  });
});
