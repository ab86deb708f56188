import { describe, it } from "vitest";
import { withDesk, type TestDesk } from "./engine-fixture.ts";
import { nonceChainOf, settledPosition, statesOf } from "./nonce-fixture.ts";
import { INSTRUMENT, orderRow, startBuy, startSell, USER } from "./trade-fixture.ts";

async function panic(desk: TestDesk): Promise<void> {
  await desk.transact((tx) => desk.engine.panic.open(tx, USER, "tg:1:77"));
  void desk.engine.panic.advance(USER);
  await desk.clock.settle();
}

function panicOrderIds(desk: TestDesk): string[] {
  return desk
    .payloads("OrderInitialized")
    .filter(({ source }) => source.kind === "panic")
    .map(({ orderId }) => orderId);
}

/** A pending sell of a part, joined by the panic's sell of everything. */
async function takenOver(desk: TestDesk, quantityBps = 5_000) {
  const chain = await nonceChainOf(desk);
  const position = await settledPosition(desk, chain);
  await startSell(desk, position, "ord_sell", quantityBps);
  await panic(desk);
  const [panicId, ...others] = panicOrderIds(desk);
  if (panicId === undefined || others.length > 0) throw new Error("expected one panic sell");
  const [own, joined] = chain.undecided.map(({ identity }) => identity);
  return { chain, position, panicId, own, joined };
}

describe("a panic beside a pending sell", () => {
  it("joins its nonce value with a dearer sell of everything", async ({ expect }) => {
    await withDesk(async (desk) => {
      const { chain, panicId, position } = await takenOver(desk);
      const [sell] = desk.store.attemptsOf("ord_sell");
      const [joined] = desk.store.attemptsOf(panicId);
      expect(joined?.exclusionGroup).toBe(sell?.exclusionGroup);
      const [first, second] = chain.undecided;
      expect(second?.quantityIn).toBe(BigInt(position.quantity));
      expect(second?.tipLamports).toBeGreaterThan(first?.tipLamports ?? 0n);
      const text = desk.store.outbox("order:ord_sell")?.content.text;
      expect(text).toContain("a dearer copy is under way");
    });
  });

  it("replaces it once its own sell is final, and not before", async ({ expect }) => {
    await withDesk(async (desk) => {
      const { chain, panicId, joined, position } = await takenOver(desk);
      chain.land(joined);
      await desk.clock.advance(2_000);
      expect(orderRow(desk, panicId).status).toBe("filled");
      expect(orderRow(desk, "ord_sell").status).toBe("submitted");
      expect(desk.store.user(USER)?.panicId).not.toBeNull();
      chain.finalize();
      await desk.clock.advance(6_000);
      expect(orderRow(desk, "ord_sell")).toMatchObject({
        status: "canceled",
        reason: `Replaced by the panic sell of the same position, order ${panicId}.`,
      });
      expect(statesOf(desk, "ord_sell")).toEqual(["dead"]);
      expect(desk.store.position(position.positionId)?.state).toBe("closed");
      expect(desk.store.user(USER)?.panicId).toBeNull();
      expect(chain.effects.filter(({ side }) => side === "sell")).toHaveLength(1);
    });
  });

  it("books the older sell to its own order when that lands, and sells the rest", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const { chain, panicId, own, position } = await takenOver(desk);
      chain.land(own);
      await desk.clock.advance(2_000);
      expect(orderRow(desk, "ord_sell").status).toBe("filled");
      expect(statesOf(desk, panicId)).toEqual(["submitted"]);
      chain.finalize();
      chain.slot += 10;
      await desk.clock.advance(8_000);
      expect(statesOf(desk, panicId).slice(0, 2)).toEqual(["dead", "submitted"]);
      expect(chain.transactions.get(chain.undecided.at(-1)?.identity ?? "")?.quantityIn).toBe(
        BigInt(position.quantity) / 2n,
      );
      chain.land(chain.undecided.at(-1)?.identity);
      await desk.clock.advance(2_000);
      chain.finalize();
      await desk.clock.advance(6_000);
      expect(desk.store.position(position.positionId)?.state).toBe("closed");
      expect(desk.store.user(USER)?.panicId).toBeNull();
    });
  });

  it("ends as replaced when the older sell left nothing to sell", async ({ expect }) => {
    await withDesk(async (desk) => {
      const { chain, panicId, own } = await takenOver(desk, 10_000);
      chain.land(own);
      chain.finalize();
      await desk.clock.advance(8_000);
      expect(orderRow(desk, "ord_sell").status).toBe("filled");
      expect(orderRow(desk, panicId).status).toBe("canceled");
      expect(orderRow(desk, panicId).reason).toContain("Replaced by a sell by hand");
      expect(desk.store.user(USER)?.panicId).toBeNull();
    });
  });

  it("goes on alone after a final revert, over a death of the process", async ({ expect }) => {
    await withDesk(async (desk) => {
      const { chain, panicId, own } = await takenOver(desk);
      await desk.crash();
      desk.engine.settlement.start();
      chain.revert(own);
      chain.finalize();
      await desk.clock.advance(4_000);
      expect(statesOf(desk, "ord_sell")).toEqual(["failed"]);
      expect(orderRow(desk, "ord_sell").status).toBe("canceled");
      expect(statesOf(desk, panicId)).toEqual(["dead", "submitted"]);
    });
  });

  it("does not join a sell that the network has seen already", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      const position = await settledPosition(desk, chain);
      await startSell(desk, position);
      const { fetchAttempt } = chain.script();
      desk.venue.script.fetchAttempt = (attempt) =>
        attempt.orderId === "ord_sell"
          ? { state: "seen", evidence: { node: "node-1" } }
          : fetchAttempt(attempt);
      await desk.clock.advance(2_000);
      await panic(desk);
      await desk.clock.advance(20_000);
      expect(chain.undecided).toHaveLength(1);
    });
  });
});

describe("a buy on a nonce", () => {
  it("is not called expired while it may still land, whatever its deadline", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk, { nonceBuyLamportsMin: 0n });
      await startBuy(desk, "ord_setup", { instrument: "other.SOLANA" });
      await desk.clock.advance(1_000);
      chain.land();
      await desk.clock.advance(1_000);
      chain.finalize();
      desk.engine.settlement.start();
      await desk.clock.advance(6_000);
      await startBuy(desk);
      await desk.clock.advance(1_000);
      expect(desk.store.attemptsOf("ord_buy")[0]?.bound.kind).toBe("nonce");
      const sent = desk.venue.submitted.length;
      await desk.clock.advance(120_000);
      desk.engine.driver.start("ord_buy");
      await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_buy").status).toBe("submitted");
      expect(desk.venue.submitted.length).toBeGreaterThan(sent);
      chain.land(desk.store.attemptsOf("ord_buy")[0]?.identity);
      await desk.clock.advance(2_000);
      expect(orderRow(desk, "ord_buy").status).toBe("filled");
      expect(desk.store.openPositions(USER).map(({ instrument }) => instrument)).toContain(
        INSTRUMENT,
      );
    });
  });
});
