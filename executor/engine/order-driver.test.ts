import { describe, it } from "vitest";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { withDesk } from "./engine-fixture.ts";
import { accepted, rejected, unknown } from "./fake-chain.ts";
import { chainOf, HALF_SOL, orderRow, startBuy, USER, whilePreparing } from "./trade-fixture.ts";

describe("an entry", () => {
  it("goes from approval over one attempt to fill, position, exits and receipt", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await startBuy(desk);
      expect(orderRow(desk, "ord_buy").status).toBe("submitted");
      chain.land();
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_buy").status).toBe("filled");
      expect(desk.kinds().slice(3)).toEqual([
        "OrderInitialized",
        "OrderApproved",
        "AttemptPrepared",
        "AttemptSubmitted",
        "FillRecorded",
        "PositionChanged",
        "ExitPlanArmed",
      ]);
      const [position] = desk.store.openPositions(USER);
      expect(position).toMatchObject({ quantity: "500000000", costLamports: HALF_SOL.toString() });
      expect(desk.store.outbox("order:ord_buy")?.content.text).toContain("Bought");
    });
  });

  it("submits nothing before its attempt is committed", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const seen: (string | undefined)[] = [];
      chain.onSubmit = (attempt) => {
        seen.push(desk.store.attempt(attempt.attemptId)?.state);
        return accepted();
      };
      whilePreparing(desk, chain, () => void (desk.heldCommits = []));
      await startBuy(desk);
      expect(desk.venue.calls).toContain("prepare");
      expect(desk.venue.submitted).toEqual([]);
      const held = desk.heldCommits ?? [];
      desk.heldCommits = undefined;
      for (const commit of held) commit();
      await desk.clock.settle();
      expect(seen).toEqual(["prepared"]);
    });
  });

  it("says 'bought' only after the fill is committed", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await startBuy(desk);
      expect(desk.store.outbox("order:ord_buy")?.content.text).not.toContain("Bought");
      chain.land();
      desk.heldCommits = [];
      await desk.clock.advance(1_000);
      expect(desk.store.outbox("order:ord_buy")?.content.text).not.toContain("Bought");
      const held = desk.heldCommits;
      desk.heldCommits = undefined;
      for (const commit of held) commit();
      await desk.clock.settle();
      expect(desk.store.outbox("order:ord_buy")?.content.text).toContain("Bought");
    });
  });

  it("is denied by the risk check, with what the check saw", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      chain.priceImpactBps = 2_000;
      await startBuy(desk);
      expect(orderRow(desk, "ord_buy")).toMatchObject({ status: "denied" });
      expect(orderRow(desk, "ord_buy").reason).toContain("move the price by 20 %");
      expect(desk.store.denialInputs("ord_buy")?.priceImpactBps).toBe(2_000);
      expect(desk.eventsOf("AttemptPrepared")).toEqual([]);
    });
  });

  it("is not tried again while the first try is not decided, deadline or not", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      chain.onSubmit = () => unknown();
      await startBuy(desk);
      await desk.clock.advance(120_000);
      desk.engine.driver.start("ord_buy");
      await desk.clock.settle();
      expect(desk.eventsOf("AttemptPrepared")).toHaveLength(1);
      expect(orderRow(desk, "ord_buy").status).toBe("submitted");
      expect(desk.store.outbox("order:ord_buy")?.content.text).toContain("not decided yet");
      chain.land();
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_buy").status).toBe("filled");
    });
  });

  it("is tried again after a proof of death, within its deadline", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await startBuy(desk);
      chain.bury();
      await desk.clock.advance(1_000);
      const attempts = desk.store.attemptsOf("ord_buy");
      expect(attempts.map(({ state }) => state)).toEqual(["dead", "submitted"]);
      expect(attempts[0]?.evidence).toMatchObject({ height: "passed" });
      expect(new Set(attempts.map(({ exclusionGroup }) => exclusionGroup)).size).toBe(2);
      chain.land();
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_buy").status).toBe("filled");
      expect(desk.eventsOf("OrderApproved")).toHaveLength(1);
    });
  });

  it("expires when the proof of death comes after its deadline", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await startBuy(desk);
      await desk.clock.advance(30_001);
      chain.bury();
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_buy")).toMatchObject({ status: "expired" });
      expect(desk.eventsOf("AttemptPrepared")).toHaveLength(1);
    });
  });

  it("expires after three dead tries", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await startBuy(desk);
      for (let n = 0; n < 3; n++) {
        chain.bury();
        await desk.clock.advance(1_000);
      }
      expect(orderRow(desk, "ord_buy")).toMatchObject({ status: "expired" });
      expect(desk.eventsOf("AttemptDead")).toHaveLength(3);
      expect(desk.eventsOf("AttemptPrepared")).toHaveLength(3);
    });
  });

  it("is given up, not denied, when a later try no longer passes the risk check", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await startBuy(desk);
      chain.bury();
      chain.lamports = 1_000n;
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_buy")).toMatchObject({ status: "canceled" });
      expect(orderRow(desk, "ord_buy").reason).toContain("The wallet holds 0.000001 SOL");
    });
  });

  it("ends without a second try when its transaction was reverted", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await startBuy(desk);
      chain.revert();
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_buy")).toMatchObject({
        status: "rejected",
        reason: "custom 6001",
      });
      await desk.clock.advance(60_000);
      expect(desk.eventsOf("AttemptPrepared")).toHaveLength(1);
    });
  });

  it("ends when the venue refuses its bytes, although its own drive still runs", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      chain.onSubmit = () => rejected();
      await startBuy(desk);
      expect(orderRow(desk, "ord_buy")).toMatchObject({
        status: "rejected",
        reason: "bad signature",
      });
      expect(desk.eventsOf("AttemptPrepared")).toHaveLength(1);
    });
  });

  it("ends when its transaction is refused before signing; an attack is shouted", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      desk.venue.script = {
        ...chain.script(),
        prepare: () => ({ outcome: "refused", reason: "drains the wallet", alert: true }),
      };
      await startBuy(desk);
      expect(orderRow(desk, "ord_buy").status).toBe("rejected");
      expect(orderRow(desk, "ord_buy").reason).toContain("drains the wallet");
      expect(desk.shouts.join()).toContain("drains the wallet");
      expect(desk.counts.get("alerts_total unsafe-transaction")).toBe(1);
      expect(desk.eventsOf("AttemptPrepared")).toEqual([]);
    });
  });

  it("waits for a venue that is away and buys when it is back", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { fetchRoute } = chain.script();
      let failures = 2;
      desk.venue.script = {
        ...chain.script(),
        fetchRoute: (request) => {
          if (failures-- > 0) throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE");
          return fetchRoute(request);
        },
      };
      await startBuy(desk);
      await desk.clock.advance(249);
      expect(desk.venue.routes).toHaveLength(1);
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_buy").status).toBe("submitted");
    });
  });

  it("gives up after four failures of the venue, and at once without a route", async ({
    expect,
  }) => {
    for (const [code, calls] of [
      ["RAPTOR_VENUE__UNAVAILABLE", 4],
      ["RAPTOR_VENUE__NO_ROUTE", 1],
    ] as const) {
      await withDesk(async (desk) => {
        const chain = chainOf(desk);
        desk.venue.script = {
          ...chain.script(),
          fetchRoute: () => {
            throw new RaptorError(code);
          },
        };
        await startBuy(desk);
        await desk.clock.advance(10_000);
        expect(orderRow(desk, "ord_buy").status).toBe("rejected");
        expect(desk.venue.routes).toHaveLength(calls);
      });
    }
  });

  it("gets no attempt while another one holds its slot", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await startBuy(desk, "ord_first");
      await startBuy(desk, "ord_second");
      expect(orderRow(desk, "ord_second")).toMatchObject({
        status: "canceled",
        reason: "Another order of this token is not decided yet.",
      });
      expect(desk.store.unresolvedAttempts()).toHaveLength(1);
      chain.land();
      await desk.clock.advance(1_000);
      expect(chain.effects).toHaveLength(1);
    });
  });

  it("ends the process when the signer is gone, and is found again by the next one", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      desk.venue.script = {
        ...chain.script(),
        prepare: () => {
          throw new RaptorError("RAPTOR_SIGNER__GONE");
        },
      };
      await startBuy(desk);
      expect(desk.fatal.splice(0)).toMatchObject([{ code: "RAPTOR_SIGNER__GONE" }]);
      desk.venue.script = chain.script();
      await desk.crash();
      await desk.clock.settle();
      expect(orderRow(desk, "ord_buy").status).toBe("submitted");
    });
  });
});
