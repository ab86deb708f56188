import { describe, it } from "vitest";
import { withDesk } from "./engine-fixture.ts";
import { nonceChainOf, settledPosition } from "./nonce-fixture.ts";
import { sellBeyond, settle } from "./settlement-fixture.ts";
import { chainOf, MINT, openPosition, openUnsettled, startSell } from "./trade-fixture.ts";

describe("a buy that a fork has made smaller", () => {
  it("is corrected by what stands, and no loss is booked beside it", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { positionId } = await openUnsettled(desk, chain);
      const found = chain.fork();
      if (found === undefined) throw new Error("expected the buy");
      found.quantityOut = 400_000_000n;
      chain.slot += 5;
      chain.land(found.identity);
      chain.slot += 10;
      const run = desk.engine.reconciler.run("timer");
      await desk.clock.advance(3_000);
      expect((await run).drift).toEqual([]);
      await settle(desk, chain, "settled", () => true, found.slot);
      expect(desk.store.position(positionId)?.quantity).toBe("400000000");
      expect(chain.tokens.get(MINT)).toBe(400_000_000n);
      const again = desk.engine.reconciler.run("timer");
      await desk.clock.advance(3_000);
      expect((await again).drift).toEqual([]);
    });
  });
});

describe("a sell whose first try reverted, and whose second one a fork has exchanged for the first", () => {
  it("has one fill at every moment: the second is taken back before the first is booked", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await startSell(desk, position);
      const first = chain.open;
      chain.revert();
      for (let waits = 0; chain.undecided.length === 0 && waits < 50; waits++) {
        await desk.clock.advance(200);
      }
      const second = chain.open;
      chain.land();
      await desk.clock.advance(1_000);
      expect(desk.payloads("FillRecorded").at(-1)?.attemptId).toBe("ord_sell:2");
      expect([chain.fork()?.identity, chain.fork()?.identity]).toEqual([second, first]);
      chain.slot += 5;
      chain.land(first);
      chain.bury(second);
      chain.slot += 10;
      const reconcile = async (): Promise<void> => {
        const run = desk.engine.reconciler.run("schedule");
        await desk.clock.advance(3_000);
        await run;
      };
      await reconcile();
      expect(desk.eventsOf("AttemptFound")).toEqual([]);
      await settle(desk, chain, "gone", (identity) => identity === second);
      await reconcile();
      expect(desk.payloads("AttemptFound")).toMatchObject([{ attemptId: "ord_sell:1" }]);
      const fills = desk.store.fillsOf("ord_sell").map(({ state }) => state);
      expect(fills.filter((state) => state !== "reversed")).toHaveLength(1);
      expect(desk.store.position(position.positionId)).toMatchObject({ state: "closed" });
    });
  });
});

describe("a refused try that has landed on the nonce value of the one after it", () => {
  it("is booked in its place, also while a node cannot say that the other is gone", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk, { nonceAccountsMax: 1 });
      const position = await settledPosition(desk, chain);
      let sent = 0;
      chain.onSubmit = () =>
        sent++ === 0
          ? { outcome: "rejected", reason: "refused by every node", evidence: {} }
          : { outcome: "accepted", lanes: ["node-1"], evidence: {} };
      await startSell(desk, position);
      await desk.clock.advance(2_000);
      const [refused, booked] = desk.store.attemptsOf("ord_sell");
      expect(booked?.exclusionGroup).toBe(refused?.exclusionGroup);
      chain.land(booked?.identity ?? "");
      await desk.clock.advance(2_000);
      chain.fork();
      const letOut = chain.transactions.get(refused?.identity ?? "");
      if (letOut === undefined) throw new Error("expected the refused try");
      letOut.fate = "pending";
      chain.land(refused?.identity ?? "");
      chain.finalize();
      chain.slot += 20;
      desk.venue.script.fetchSettlement = (identity) =>
        identity === booked?.identity
          ? { state: "pending", evidence: {} }
          : chain.settlement(identity);
      const run = desk.engine.reconciler.run("schedule");
      await desk.clock.advance(10_000);
      await run;
      expect(desk.payloads("AttemptFound")).toMatchObject([{ attemptId: "ord_sell:1" }]);
      const fills = desk.store.fillsOf("ord_sell").map(({ state }) => state);
      expect(fills).toEqual(["reversed", "settled"]);
    });
  });
});

describe("what is read after a sell was taken back", () => {
  it("says that all is as before, where nothing else has sold of it", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await startSell(desk, position, "ord_part", 4_000);
      const sell = chain.open;
      chain.land();
      await desk.clock.advance(1_000);
      await settle(desk, chain, "gone", (identity) => identity === sell);
      const text = desk.store.outbox(`reversed:fill-${sell}`)?.content.text;
      expect(text).toContain("the tokens and SOL are as before that trade");
    });
  });

  it("says how many a later sell has taken, and how many are back", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { positionId } = await openPosition(desk, chain);
      const { early } = await sellBeyond(desk, chain, positionId, "500000000");
      const owed = BigInt(desk.store.position(positionId)?.oversold ?? "0");
      expect(owed).toBeGreaterThan(0n);
      chain.bury(early);
      await settle(desk, chain, "gone", (identity) => identity === early);
      const text = desk.store.outbox(`reversed:fill-${early}`)?.content.text;
      expect(text).toContain("TOK were sold by a later sell, whose SOL you keep");
      expect(text).toContain("The SOL of this sell was not paid");
      expect(text).not.toContain("as before that trade");
    });
  });
});
