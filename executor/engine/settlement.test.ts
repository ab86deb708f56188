import { describe, it } from "vitest";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { withDesk } from "./engine-fixture.ts";
import { forget, settle } from "./settlement-fixture.ts";
import { chainOf, MINT, openUnsettled, orderRow, startSell, USER } from "./trade-fixture.ts";

describe("settlement", () => {
  it("marks a fill that is final for good, and asks no more", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openUnsettled(desk, chain);
      await settle(desk, chain, "settled");
      expect(desk.store.unsettledFills()).toEqual([]);
      expect(desk.payloads("FillSettled")[0]?.evidence).toHaveProperty("identity");
    });
  });

  it("leaves a fill alone while it is pending or cannot be asked for", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openUnsettled(desk, chain);
      await settle(desk, chain, "pending");
      expect(desk.store.unsettledFills()).toHaveLength(1);
      await desk.crash();
      desk.venue.script = {
        ...chain.script(),
        fetchSettlement: () => {
          throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE");
        },
      };
      desk.engine.settlement.start();
      await desk.clock.advance(20_000);
      expect(desk.store.unsettledFills()).toHaveLength(1);
      expect(desk.venue.calls.filter((call) => call === "fetchSettlement").length).toBe(6);
    });
  });

  it("takes a buy back that was rolled back, and follows its bytes on", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openUnsettled(desk, chain);
      const identity = chain.effects[0]?.identity ?? "";
      forget(chain, identity);
      await settle(desk, chain, "gone");
      expect(desk.store.position(position.positionId)).toMatchObject({
        state: "closed",
        quantity: "0",
        costLamports: "0",
        realisedLamports: "0",
      });
      expect(desk.store.exitPlan(position.positionId)?.state).toBe("disarmed");
      expect(desk.store.outbox(`reversed:fill-${identity}`)?.content.text).toContain("took back");
      expect(desk.shouts.join()).toContain("rolled back");
      expect(orderRow(desk, "ord_buy").status).toBe("submitted");
      chain.land(identity);
      await desk.clock.advance(3_000);
      expect(orderRow(desk, "ord_buy").status).toBe("filled");
      const { quantity, costLamports, entryPriceE9 } = position;
      expect(desk.store.position(position.positionId)).toMatchObject({
        state: "open",
        quantity,
        costLamports,
        entryPriceE9,
      });
      expect(desk.store.exitPlan(position.positionId)?.state).toBe("armed");
      expect(desk.eventsOf("AttemptPrepared")).toHaveLength(1);
    });
  });

  it("takes a buy back only after the sell of its tokens, which the same fork took", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openUnsettled(desk, chain);
      await startSell(desk, position);
      chain.land();
      await desk.clock.advance(1_000);
      const [bought, sold] = chain.effects.map(({ identity }) => identity);
      forget(chain, sold ?? "");
      forget(chain, bought ?? "");
      // The buy's absence is proven first; until the sell's is, nothing is given back.
      await settle(desk, chain, "gone", (identity) => identity === bought);
      expect(desk.payloads("FillReversed")).toEqual([]);
      await desk.crash();
      await settle(desk, chain, "gone");
      await desk.crash();
      await settle(desk, chain, "gone");
      expect(desk.payloads("FillReversed").map(({ fillId }) => fillId)).toEqual([
        `fill-${sold}`,
        `fill-${bought}`,
      ]);
      const full = position.quantity;
      const quantities = desk.payloads("PositionChanged").map(({ quantity }) => quantity);
      expect(quantities).toEqual([full, "0", full, "0"]);
      expect(desk.store.position(position.positionId)).toMatchObject({
        state: "closed",
        realisedLamports: "0",
      });
    });
  });

  it("books again what a fork executed elsewhere, with the amounts that it had there", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { positionId } = await openUnsettled(desk, chain);
      const [effect] = chain.effects;
      const found = chain.transactions.get(effect?.identity ?? "");
      if (found === undefined) throw new Error("expected the buy to have landed");
      found.slot += 7;
      found.quantityOut -= 5n;
      const { slot, quantityOut } = found;
      await settle(desk, chain, "settled", undefined, slot);
      expect(desk.store.position(positionId)?.quantity).toBe(String(quantityOut));
      expect(desk.store.fillsOf("ord_buy").at(-1)).toMatchObject({
        state: "settled",
        venueSlot: slot,
      });
    });
  });

  it("leaves what a moved buy brought more, when all that it brought before was sold", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openUnsettled(desk, chain);
      const { identity } = chain.effects[0] ?? { identity: "" };
      const found = chain.transactions.get(identity);
      if (found === undefined) throw new Error("expected the buy to have landed");
      await startSell(desk, position);
      chain.land();
      await desk.clock.advance(1_000);
      found.slot += 7;
      found.quantityOut += 5n;
      await settle(desk, chain, "settled", (one) => one === identity, found.slot);
      expect(desk.store.position(position.positionId)).toMatchObject({
        state: "open",
        quantity: "5",
      });
    });
  });

  it("keeps the profit of an earlier sell when the buy is taken back and lands again", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openUnsettled(desk, chain);
      const identity = chain.effects[0]?.identity ?? "";
      chain.price = 1_500_000n;
      await startSell(desk, position, "ord_quarter", 2_500);
      chain.land();
      await desk.clock.advance(1_000);
      // The sell is final: it sold tokens that had come otherwise.
      await settle(desk, chain, "settled", (settled) => settled !== identity);
      await desk.crash();
      forget(chain, identity);
      await settle(desk, chain, "gone", (gone) => gone === identity);
      expect(desk.store.position(position.positionId)?.state).toBe("closed");
      chain.land(identity);
      await desk.clock.advance(3_000);
      const held = desk.store.position(position.positionId);
      const received = 187_500_000n;
      expect(BigInt(held?.realisedLamports ?? 0) - BigInt(held?.costLamports ?? 0)).toBe(
        received - 500_000_000n,
      );
    });
  });

  it("ends an order whose rolled back bytes are proven dead", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openUnsettled(desk, chain);
      await desk.clock.advance(40_000);
      const identity = chain.effects[0]?.identity ?? "";
      forget(chain, identity);
      await settle(desk, chain, "gone");
      chain.bury(identity);
      await desk.clock.advance(3_000);
      expect(orderRow(desk, "ord_buy").status).toBe("expired");
      expect(desk.store.unresolvedAttempts()).toEqual([]);
    });
  });

  it("opens and arms a position again whose sell was rolled back, and sells it anew", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openUnsettled(desk, chain);
      chain.price = 1_500_000n;
      await startSell(desk, position);
      const sale = chain.open;
      chain.land();
      await desk.clock.advance(1_000);
      forget(chain, sale);
      await settle(desk, chain, "gone", (identity) => identity === sale);
      const { quantity, costLamports, entryPriceE9 } = position;
      expect(desk.store.position(position.positionId)).toMatchObject({
        state: "open",
        quantity,
        costLamports,
        entryPriceE9,
        realisedLamports: "0",
      });
      expect(desk.store.exitPlan(position.positionId)?.state).toBe("armed");
      chain.bury(sale);
      await desk.clock.advance(3_000);
      chain.land();
      await desk.clock.advance(3_000);
      expect(orderRow(desk, "ord_sell").status).toBe("filled");
      expect(chain.tokens.get(MINT)).toBe(0n);
      expect(desk.store.openPositions(USER)).toEqual([]);
    });
  });

  it("adds a rolled back sell to the position that was opened since, over crashes", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const first = await openUnsettled(desk, chain);
      await startSell(desk, first);
      const sell = chain.open;
      chain.land();
      await desk.clock.advance(1_000);
      chain.price = 2_000_000n;
      const second = await openUnsettled(desk, chain, "ord_again");
      expect(second.positionId).not.toBe(first.positionId);
      forget(chain, sell);
      await settle(desk, chain, "gone", (identity) => identity === sell);
      const merged = {
        state: "open",
        quantity: "750000000",
        costLamports: "1000000000",
        entryPriceE9: "1333333333333333",
      };
      expect(desk.store.position(second.positionId)).toMatchObject(merged);
      const old = desk.store.position(first.positionId);
      expect(old).toMatchObject({ state: "closed", quantity: "0", realisedLamports: "0" });
      expect(desk.store.exitPlan(first.positionId)?.state).toBe("disarmed");
      expect(desk.store.exitPlan(second.positionId)?.rules[1]?.triggerPriceE9).toBe(
        ((1_333_333_333_333_333n * 7n) / 10n).toString(),
      );
      await desk.crash();
      await settle(desk, chain, "pending");
      expect(desk.store.position(second.positionId)).toMatchObject(merged);
      expect(orderRow(desk, "ord_sell").status).toBe("submitted");
    });
  });

  it("takes such a sell out of the position that holds its tokens when it lands after all", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const first = await openUnsettled(desk, chain);
      await startSell(desk, first);
      const sell = chain.open;
      chain.land();
      await desk.clock.advance(1_000);
      const second = await openUnsettled(desk, chain, "ord_again");
      forget(chain, sell);
      await settle(desk, chain, "gone", (identity) => identity === sell);
      chain.land(sell);
      await desk.clock.advance(3_000);
      expect(orderRow(desk, "ord_sell").status).toBe("filled");
      expect(desk.store.position(second.positionId)).toMatchObject({
        state: "open",
        quantity: "500000000",
        costLamports: "500000000",
      });
      expect(desk.store.position(first.positionId)?.quantity).toBe("0");
      expect(desk.store.exitPlan(second.positionId)?.state).toBe("armed");
    });
  });

  it("ends such a sell without another try when its bytes are proven dead", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const first = await openUnsettled(desk, chain);
      await startSell(desk, first);
      const sell = chain.open;
      chain.land();
      await desk.clock.advance(1_000);
      await openUnsettled(desk, chain, "ord_again");
      forget(chain, sell);
      await settle(desk, chain, "gone", (identity) => identity === sell);
      chain.bury(sell);
      await desk.clock.advance(3_000);
      expect(orderRow(desk, "ord_sell").status).toBe("canceled");
      expect(desk.store.attemptsOf("ord_sell")).toHaveLength(1);
    });
  });
});
