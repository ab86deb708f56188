import { describe, it } from "vitest";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { withDesk, type TestDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";
import type { VenueScript } from "./fake-venue.ts";
import { chainOf, INSTRUMENT, MINT, openPosition, startSell } from "./trade-fixture.ts";

const E9 = 1_000_000_000n;
const PROFIT = 2_000_000n * E9;
/** Questions to the outside; with everything at hand none of them is asked before the send. */
const QUESTIONS = ["fetchWallet", "fetchRoute", "fetchWalletViews", "fetchInstrument"];

async function cross(desk: TestDesk): Promise<void> {
  desk.engine.feed.emit(PROFIT, INSTRUMENT);
  await desk.clock.settle();
}

/** A position whose exit needs nobody, but for what `over` changes. */
async function warmPosition(desk: TestDesk, chain: FakeChain, over: VenueScript = {}) {
  const position = await openPosition(desk, chain);
  desk.venue.script = { ...chain.warmScript(), ...over };
  desk.venue.calls.length = 0;
  return position;
}

function kindsOf(desk: TestDesk): string[] {
  const kinds = ["ExitTriggered", "OrderInitialized", "AttemptPrepared", "AttemptSubmitted"];
  return desk
    .kinds()
    .filter((kind) => kinds.includes(kind))
    .slice(3);
}

describe("an exit with everything at hand", () => {
  it("is journaled as one step, with nothing asked before it is sent", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await warmPosition(desk, chain);
      const seen: string[][] = [];
      chain.onSubmit = () => {
        seen.push(kindsOf(desk), [...desk.venue.calls]);
        return { outcome: "accepted", lanes: ["node-1"], evidence: {} };
      };
      await cross(desk);
      const [kinds, calls] = seen;
      expect(kinds).toEqual(["ExitTriggered", "OrderInitialized", "AttemptPrepared"]);
      expect(calls?.filter((name) => QUESTIONS.includes(name))).toEqual([]);
      expect(desk.payloads("AttemptPrepared").at(-1)).toMatchObject({ n: 1 });
      chain.land();
      await desk.clock.advance(1_000);
      expect(desk.store.position(position.positionId)?.state).toBe("closed");
      expect(chain.effects).toHaveLength(2);
    });
  });

  it("leaves the process only after its commit, and fires anew after a crash before", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await warmPosition(desk, chain);
      const sent = desk.venue.submitted.length;
      desk.heldCommits = [];
      await cross(desk);
      expect(desk.venue.calls).toContain("prepare");
      expect(desk.venue.submitted).toHaveLength(sent);
      await desk.crash();
      expect(desk.payloads("ExitTriggered")).toEqual([]);
      await cross(desk);
      expect(desk.payloads("ExitTriggered")).toHaveLength(1);
      expect(desk.venue.submitted).toHaveLength(sent + 1);
    });
  });
});

describe("an exit that no lane takes yet", () => {
  it("is told to its person although nothing has left", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const held = { outcome: "held" as const, cause: "jito: left out: it rests" };
      await warmPosition(desk, chain, { submit: () => held });
      await cross(desk);
      const { orderId = "" } = desk.payloads("ExitTriggered")[0] ?? {};
      expect(desk.store.attemptsOf(orderId)[0]?.submittedMs).toBeNull();
      expect(desk.store.outbox(`order:${orderId}`)).toBeDefined();
    });
  });
});

describe("an exit where something is missing", () => {
  const cases: [string, (chain: FakeChain) => VenueScript][] = [
    ["no balance", () => ({ holdingAtHand: () => undefined })],
    [
      "too small a balance",
      () => ({ holdingAtHand: () => ({ lamports: 1n, quantity: 1n, slot: 9 }) }),
    ],
    ["no pool", () => ({ routeAtHand: () => undefined })],
  ];
  it.for(cases)("goes the way that asks: %s", async ([, over], { expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await warmPosition(desk, chain, over(chain));
      await cross(desk);
      expect(desk.venue.calls).toContain("fetchRoute");
      expect(desk.payloads("ExitTriggered")).toHaveLength(1);
      expect(desk.venue.submitted.at(-1)?.orderId).toBe(desk.payloads("ExitTriggered")[0]?.orderId);
    });
  });

  it("goes the way that asks when its transaction is refused or cannot be made", async ({
    expect,
  }) => {
    for (const answer of ["refused", "unavailable"]) {
      await withDesk(async (desk) => {
        const chain = chainOf(desk);
        const { prepare } = chain.script();
        let tries = 0;
        await warmPosition(desk, chain, {
          prepare: (...args) => {
            tries += 1;
            if (tries > 1) return prepare(...args);
            if (answer === "refused") return { outcome: "refused", reason: "no", alert: false };
            throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE", { reason: "no" });
          },
        });
        await cross(desk);
        expect(tries).toBe(2);
        expect(desk.payloads("ExitTriggered")).toHaveLength(1);
        expect(desk.venue.submitted).toHaveLength(2);
      });
    }
  });
});

describe("what changes while an exit is signed", () => {
  it("a sell by hand: the exit is not journaled and its bytes are thrown away", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { prepare } = chain.script();
      const gate = Promise.withResolvers<void>();
      let waits = true;
      const position = await warmPosition(desk, chain, {
        prepare: async (...args) => {
          if (waits) await gate.promise;
          return prepare(...args);
        },
      });
      desk.engine.feed.emit(PROFIT, INSTRUMENT);
      await desk.clock.settle();
      waits = false;
      await startSell(desk, position);
      gate.resolve();
      await desk.clock.settle();
      expect(desk.payloads("ExitTriggered")).toEqual([]);
      const sells = desk.venue.submitted.filter(({ orderId }) => orderId !== "ord_buy");
      expect(sells.map(({ orderId }) => orderId)).toEqual(["ord_sell"]);
    });
  });

  it("tokens that left the wallet: what is sold is what was decided then", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { prepare } = chain.script();
      const gate = Promise.withResolvers<void>();
      let waits = true;
      await warmPosition(desk, chain, {
        prepare: async (...args) => {
          if (waits) await gate.promise;
          return prepare(...args);
        },
      });
      desk.engine.feed.emit(PROFIT, INSTRUMENT);
      await desk.clock.settle();
      chain.tokens.set(MINT, 100_000_000n);
      const run = desk.engine.reconciler.run("timer");
      await desk.clock.advance(2_000);
      await run;
      waits = false;
      gate.resolve();
      await desk.clock.settle();
      const order = desk.payloads("OrderInitialized").at(-1);
      expect(order).toMatchObject({ side: "sell", quantity: "100000000" });
      expect(desk.venue.routes.at(-1)?.quantityIn).toBe(100_000_000n);
      expect(desk.venue.submitted.at(-1)?.orderId).toBe(order?.orderId);
    });
  });
});
