import { describe, it } from "vitest";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { ADDRESS, withDesk, type TestDesk } from "./engine-fixture.ts";
import {
  chainOf,
  MINT,
  openPosition,
  openUnsettled,
  startBuy,
  startSell,
  USER,
} from "./trade-fixture.ts";

async function reconcile(desk: TestDesk, trigger = "timer") {
  const run = desk.engine.reconciler.run(trigger);
  await desk.clock.settle();
  return run;
}

function node(provider: string): unknown {
  return { provider, tokens: [[MINT, "500000000"]], others: { count: 0 } };
}

describe("reconciliation", () => {
  it("finds nothing where ledger and chain agree, and records what it saw", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      expect(await reconcile(desk)).toEqual({ isComplete: true, drift: [] });
      expect(desk.payloads("ReconcileCompleted")).toMatchObject([
        {
          trigger: "timer",
          drift: [],
          saw: {
            unread: [],
            wallets: [{ wallet: ADDRESS, views: [node("node-1"), node("node-2")] }],
          },
        },
      ]);
      expect(desk.shouts).toEqual([]);
    });
  });

  it("does not take a wallet that cannot be read for an empty one", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      desk.venue.script = {
        ...chain.script(),
        fetchWallet: () => {
          throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE");
        },
      };
      expect(await reconcile(desk)).toEqual({ isComplete: false, drift: [] });
      expect(desk.store.position(position.positionId)?.quantity).toBe("500000000");
      expect(desk.payloads("ReconcileCompleted")[0]?.saw).toMatchObject({ unread: [ADDRESS] });
      expect(desk.store.user(USER)?.heldReason).toBe("");
    });
  });

  it("follows the chain where tokens are missing, holds entries and says so", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      chain.tokens.set(MINT, 100_000_000n);
      const { drift } = await reconcile(desk);
      expect(drift).toMatchObject([
        { class: "external", ledgerQuantity: "500000000", chainQuantity: "100000000" },
      ]);
      expect(desk.store.position(position.positionId)).toMatchObject({
        state: "open",
        quantity: "100000000",
        costLamports: "100000000",
      });
      expect(desk.store.exitPlan(position.positionId)?.state).toBe("armed");
      expect(desk.store.user(USER)?.heldReason).not.toBe("");
      expect(desk.shouts.join()).toContain("1 difference");
      const [held] = desk.eventsOf("EntriesHeld");
      expect(desk.store.outbox(`drift:${USER}:${held?.seq}`)).toBeDefined();
      expect((await reconcile(desk)).drift).toEqual([]);
      expect(desk.eventsOf("EntriesHeld")).toHaveLength(1);
    });
  });

  it("closes and disarms a position whose tokens are all gone", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      chain.tokens.clear();
      await reconcile(desk);
      expect(desk.store.position(position.positionId)?.state).toBe("closed");
      expect(desk.store.exitPlan(position.positionId)?.state).toBe("disarmed");
      expect(desk.payloads("ExitPlanDisarmed")[0]?.reason).toBe("sold outside Raptor");
    });
  });

  it("reports more tokens than the ledger knows as something to adopt", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      chain.tokens.set(MINT, 600_000_000n);
      const { drift } = await reconcile(desk);
      expect(drift).toMatchObject([{ class: "adopt", chainQuantity: "600000000" }]);
      expect(desk.store.position(position.positionId)?.quantity).toBe("500000000");
      expect(desk.store.user(USER)?.heldReason).toBe("");
    });
  });

  it("reports tokens of nobody as an orphan, and wrapped SOL not at all", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      chain.tokens.set(MINT, 5n);
      chain.tokens.set("So11111111111111111111111111111111111111112", 7n);
      chain.tokens.set("EmptyMint", 0n);
      const { drift } = await reconcile(desk);
      expect(drift).toMatchObject([{ class: "orphan", mint: MINT, ledgerQuantity: "0" }]);
    });
  });

  it("does not judge a token while an order of it is under way", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await startSell(desk, position);
      chain.land();
      expect((await reconcile(desk)).drift).toEqual([]);
      await desk.clock.advance(1_000);
      chain.slot += 10;
      await startBuy(desk, "ord_again");
      chain.land();
      expect((await reconcile(desk)).drift).toEqual([]);
    });
  });

  it("leaves tokens alone that a fork may have taken with their buy, until that is final", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { positionId, quantity } = await openUnsettled(desk, chain);
      chain.tokens.clear();
      expect((await reconcile(desk)).drift).toEqual([]);
      expect(desk.store.position(positionId)?.quantity).toBe(quantity);
    });
  });

  it("does not judge a fill by a balance that was read before it", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      chain.tokens.clear();
      chain.slot = desk.store.fillsOf("ord_buy")[0]?.venueSlot ?? 0;
      expect((await reconcile(desk)).drift).toEqual([]);
      chain.slot += 1;
      expect((await reconcile(desk)).drift).toHaveLength(1);
    });
  });

  it("does not call tokens an orphan that were sold while it read the wallet", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      const stale = await chain.script().fetchWallet(ADDRESS);
      let release = (): void => {};
      const gate = new Promise<void>((resolve) => (release = resolve));
      desk.venue.script = { ...chain.script(), fetchWallet: () => gate.then(() => stale) };
      const run = desk.engine.reconciler.run("timer");
      desk.venue.script = chain.script();
      await startSell(desk, position);
      chain.land();
      await desk.clock.advance(1_000);
      release();
      await desk.clock.settle();
      expect((await run).drift).toEqual([]);
    });
  });

  it("alerts the admins about differences found at start, and the operators", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      chain.tokens.set(MINT, 5n);
      await reconcile(desk, "boot");
      const text = desk.store.outbox(`boot:1:${USER}`)?.content.text;
      expect(text).toContain("Start-up found differences");
      expect(text).toContain("ledger 0, chain 5 (orphan)");
      expect(desk.shouts.join()).toContain("(boot)");
    });
  });

  it("runs once for two callers", async ({ expect }) => {
    await withDesk(async (desk) => {
      chainOf(desk);
      const first = desk.engine.reconciler.run("timer");
      const second = desk.engine.reconciler.run("schedule");
      await desk.clock.settle();
      expect(await first).toBe(await second);
      expect(desk.eventsOf("ReconcileCompleted")).toHaveLength(1);
    });
  });
});

describe("a hold of entries", () => {
  it("stops buys until the person releases it", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      chain.tokens.clear();
      await reconcile(desk);
      await startBuy(desk, "ord_held");
      expect(desk.store.order("ord_held")?.status).toBe("canceled");
      const payload = { userId: USER, reason: "read" };
      await desk.transact((tx) =>
        tx.append({ stream: `user:${USER}`, kind: "EntriesReleased", payload }),
      );
      await startBuy(desk, "ord_free");
      expect(desk.store.order("ord_free")?.status).toBe("submitted");
    });
  });
});
