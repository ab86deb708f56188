import { describe, it } from "vitest";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { ADDRESS, WALLET_ID, withDesk, type TestDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";
import { bookFound } from "./found-attempt.ts";
import { initializeSell } from "./orders.ts";
import { chainOf, MINT, openPosition, openUnsettled, startBuy, USER } from "./trade-fixture.ts";

async function reconcile(desk: TestDesk, trigger = "schedule") {
  const run = desk.engine.reconciler.run(trigger);
  await desk.clock.advance(2_500);
  return run;
}

function historyOf(desk: TestDesk): Record<string, unknown> {
  const saw = desk.payloads("ReconcileCompleted").at(-1)?.saw as {
    wallets: { history?: Record<string, unknown> }[];
  };
  return saw.wallets[0]?.history ?? {};
}

/** The nodes prove a death that is none, and show afterwards that the bytes did land. */
async function callDead(desk: TestDesk, chain: FakeChain): Promise<string> {
  await startBuy(desk);
  const identity = chain.open;
  const proof = { height: "passed", providers: {} };
  desk.venue.script = {
    ...chain.script(),
    fetchAttempt: () => ({ state: "dead", proof }),
    fetchRoute: () => {
      throw new RaptorError("RAPTOR_VENUE__NO_ROUTE");
    },
  };
  await desk.clock.advance(1_500);
  desk.venue.script = chain.script();
  chain.land(identity);
  chain.slot += 10;
  return identity;
}

describe("a wallet's history", () => {
  it("is recorded with balances, positions, orders and attempts as they were seen", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const { positionId } = await openPosition(desk, chain);
      const stranger = chain.moveOutside("Gift", 5n, ADDRESS);
      await startBuy(desk, "ord_next", { instrument: "Other.SOLANA" });
      await reconcile(desk);
      const saw = desk.payloads("ReconcileCompleted").at(-1)?.saw;
      expect(saw).toMatchObject({
        wallets: [
          {
            wallet: ADDRESS,
            ledger: {
              positions: [{ positionId, mint: MINT, quantity: "500000000" }],
              orders: [{ orderId: "ord_next", side: "buy", status: "submitted" }],
              attempts: [{ attemptId: "ord_next:1", state: "submitted" }],
            },
            history: {
              nodes: [
                { provider: "node-1", count: 2, isWhole: true },
                { provider: "node-2", count: 2, isWhole: true },
              ],
              booked: 1,
              found: [],
              foreign: { count: 1, newest: [stranger] },
            },
          },
        ],
      });
    });
  });

  it("leaves a cursor that only whole answers of all nodes move", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      const views = chain.history(ADDRESS);
      const asked: unknown[] = [];
      desk.venue.script = {
        ...chain.script(),
        fetchHistory: (...given: unknown[]) => {
          asked.push(given[1]);
          return views.map((view, at) => (at === 0 ? view : { ...view, entries: null }));
        },
      };
      await reconcile(desk);
      expect(desk.store.historyCursor(WALLET_ID)).toBeUndefined();
      desk.venue.script = chain.script();
      await reconcile(desk);
      const slot = views[0]?.entries?.[0]?.slot;
      expect(desk.store.historyCursor(WALLET_ID)).toMatchObject({ slot });
      await desk.crash();
      desk.venue.script = chain.script();
      expect(desk.store.historyCursor(WALLET_ID)).toMatchObject({ slot });
    });
  });

  it("is read by the timer every five minutes and by the schedule every time", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      const reads = (): number => desk.venue.calls.filter((name) => name === "fetchHistory").length;
      await reconcile(desk, "timer");
      await desk.clock.advance(60_000);
      await reconcile(desk, "timer");
      expect(reads()).toBe(1);
      await reconcile(desk, "schedule");
      expect(reads()).toBe(2);
      await desk.clock.advance(300_000);
      await reconcile(desk, "timer");
      expect(reads()).toBe(3);
    });
  });

  it("books what was called dead and has landed, in one transaction and aloud", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const identity = await callDead(desk, chain);
      expect(desk.store.attempt("ord_buy:1")?.state).toBe("dead");
      const ended: string[] = [];
      desk.engine.tracker.onResolved((orderId) => ended.push(orderId));
      await reconcile(desk);
      expect(desk.store.attempt("ord_buy:1")?.state).toBe("filled");
      expect(desk.store.order("ord_buy")?.status).toBe("filled");
      expect(desk.store.openPositions(USER)).toMatchObject([{ quantity: "500000000" }]);
      expect(desk.store.armedExitPlans()).toHaveLength(1);
      expect(desk.payloads("AttemptFound")).toMatchObject([{ was: "dead" }]);
      expect(historyOf(desk)).toMatchObject({ found: ["ord_buy:1"], foreign: { count: 0 } });
      const told = desk.store.outbox("found:ord_buy:1")?.content.text;
      expect(told).toContain("It is booked now");
      expect(told).toContain(identity);
      expect(desk.shouts.join()).toContain("was called dead and has landed");
      expect(ended).toEqual(["ord_buy"]);
    });
  });

  it("finds it also when one node's history hides it", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const identity = await callDead(desk, chain);
      chain.hidden.set("node-1", new Set([identity]));
      await reconcile(desk);
      expect(desk.store.attempt("ord_buy:1")?.state).toBe("filled");
    });
  });

  it("books it once, also when somebody else books it while the venue is asked", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await callDead(desk, chain);
      const stale = desk.store.attempt("ord_buy:1");
      if (stale === undefined) throw new Error("expected an attempt");
      await reconcile(desk);
      const again = bookFound(desk.engine.context, stale);
      await desk.clock.settle();
      expect(await again).toBeUndefined();
      expect(desk.payloads("FillRecorded")).toHaveLength(1);
    });
  });

  it("books nothing on a history alone: the nodes must bear it out", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await callDead(desk, chain);
      const evidence = { words: {} };
      desk.venue.script = {
        ...chain.script(),
        fetchAttempt: () => ({ state: "seen", evidence }),
      };
      await reconcile(desk);
      expect(desk.store.attempt("ord_buy:1")?.state).toBe("dead");
      expect(historyOf(desk)).toMatchObject({ disputed: ["ord_buy:1"] });
      expect(desk.eventsOf("AttemptFound")).toEqual([]);
    });
  });

  it("is searched before a loss is booked: an own sale is not somebody else's", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await reconcile(desk, "timer");
      await desk.transact((tx) =>
        initializeSell(tx, {
          orderId: "ord_sell",
          position,
          quantityBps: 10_000,
          slippageBpsMax: 1_200,
          source: { kind: "job", jobId: "tg:1:900" },
          noticeKey: "order:ord_sell",
        }),
      );
      desk.engine.driver.start("ord_sell");
      await desk.clock.settle();
      const identity = chain.open;
      await desk.transact((tx) => {
        const stream = "order:ord_sell";
        const proof = { height: "passed" };
        tx.append({ stream, kind: "AttemptDead", payload: { attemptId: "ord_sell:1", proof } });
        const closed = { orderId: "ord_sell", status: "expired", reason: "test" } as const;
        tx.append({ stream, kind: "OrderClosed", payload: closed });
      });
      chain.land(identity);
      chain.slot += 10;
      expect((await reconcile(desk, "timer")).drift).toEqual([]);
      expect(desk.store.position(position.positionId)).toMatchObject({ state: "closed" });
      expect(desk.payloads("FillRecorded").map(({ side }) => side)).toEqual(["buy", "sell"]);
      expect(desk.store.user(USER)?.heldReason).toBe("");
    });
  });

  it("names the stranger's transactions that took tokens away", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      chain.moveOutside("Gift", 5n, ADDRESS);
      const sale = chain.moveOutside(MINT, -400_000_000n, ADDRESS);
      const dust = chain.moveOutside(MINT, -1n, `${ADDRESS}/${MINT}`);
      chain.slot += 10;
      const { drift } = await reconcile(desk, "watch");
      expect(drift).toMatchObject([
        { class: "external", movedBy: [dust, sale] },
        { class: "orphan", mint: "Gift" },
      ]);
      const [held] = desk.eventsOf("EntriesHeld");
      const notice = desk.store.outbox(`drift:${USER}:${held?.seq}`)?.content;
      expect(notice?.entities).toContainEqual(
        expect.objectContaining({ type: "text_link", url: `https://explorer.test/${sale}` }),
      );
    });
  });

  it("counts an attempt that is followed, and does not book it twice", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await startBuy(desk);
      chain.land();
      const run = desk.engine.reconciler.run("boot");
      await desk.clock.settle();
      await run;
      await desk.clock.advance(2_000);
      expect(desk.payloads("FillRecorded")).toHaveLength(1);
      expect(desk.eventsOf("AttemptFound")).toEqual([]);
    });
  });

  it("does not call the set-up of a nonce account a stranger's", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openUnsettled(desk, chain);
      const account = `nonce:${ADDRESS}:0`;
      await desk.transact((tx) => {
        const accounts = [{ account, nonceIndex: 0 }];
        const payload = { walletId: WALLET_ID, userId: USER, accounts, rentLamports: "1" };
        tx.append({ stream: `wallet:${WALLET_ID}`, kind: "NonceAccountsWanted", payload });
      });
      chain.moveOutside("Gift", 0n, ADDRESS);
      chain.outside[0]?.accounts.push(account);
      await reconcile(desk);
      expect(historyOf(desk)).toMatchObject({ setups: 1, foreign: { count: 0, newest: [] } });
    });
  });
});
