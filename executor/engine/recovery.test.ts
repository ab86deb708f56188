import { describe, it } from "vitest";
import { withDesk, type TestDesk } from "./engine-fixture.ts";
import { unknown } from "./fake-chain.ts";
import {
  chainOf,
  openPosition,
  orderRow,
  setTrading,
  startBuy,
  startSell,
  USER,
} from "./trade-fixture.ts";

/** The venue is handed bytes and the process dies before it hears an answer. */
function hangOnSubmit(desk: TestDesk): void {
  desk.venue.script = { ...desk.venue.script, submit: () => new Promise(() => {}) };
}

describe("after a crash", () => {
  it("books a fill that landed while the process was down, and arms its exits", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await startBuy(desk);
      desk.kill();
      chain.land();
      await desk.boot();
      await desk.clock.settle();
      expect(orderRow(desk, "ord_buy").status).toBe("filled");
      expect(desk.store.armedExitPlans()).toHaveLength(1);
      expect(chain.transactions.size).toBe(1);
      expect(desk.venue.submitted).toHaveLength(1);
    });
  });

  it("asks the venue before it sends anything again", async ({ expect }) => {
    await withDesk(async (desk) => {
      chainOf(desk);
      hangOnSubmit(desk);
      await startBuy(desk);
      desk.kill();
      desk.venue.calls.length = 0;
      await desk.boot();
      await desk.clock.settle();
      expect(desk.venue.calls.slice(0, 2)).toEqual(["fetchAttempt", "submit"]);
    });
  });

  it("sends an entry whose send is not recorded again, with the same bytes", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const script = desk.venue.script;
      hangOnSubmit(desk);
      await startBuy(desk);
      expect(desk.store.attempt("ord_buy:1")).toMatchObject({ submittedMs: null });
      desk.kill();
      desk.venue.script = script;
      await desk.boot();
      await desk.clock.settle();
      expect(new Set(desk.venue.submitted.map(({ payload }) => payload)).size).toBe(1);
      expect(chain.transactions.size).toBe(1);
      expect(desk.store.attempt("ord_buy:1")?.submittedMs).not.toBeNull();
    });
  });

  const stops: [string, (desk: TestDesk) => Promise<void> | void][] = [
    ["its deadline", (desk) => desk.clock.advance(30_001)],
    ["a kill", (desk) => setTrading(desk, "halted")],
    ["a pause", (desk) => pause(desk)],
    ["a panic", (desk) => desk.transact((tx) => desk.engine.panic.open(tx, USER, "tg:1:5"))],
    ["a hold", (desk) => void (desk.hold = "The wallets are unread.")],
  ];

  it.for(stops)(
    "does not send an entry for the first time after %s",
    async ([, stop], { expect }) => {
      await withDesk(async (desk) => {
        const chain = chainOf(desk);
        const script = desk.venue.script;
        hangOnSubmit(desk);
        await startBuy(desk);
        await stop(desk);
        desk.kill();
        desk.venue.script = script;
        desk.venue.submitted.length = 0;
        await desk.boot();
        await desk.clock.advance(20_000);
        expect(desk.venue.submitted).toEqual([]);
        expect(desk.store.unresolvedAttempts()).toHaveLength(1);
        chain.bury(desk.store.attempt("ord_buy:1")?.identity);
        await desk.clock.advance(1_000);
        expect(orderRow(desk, "ord_buy").status).toMatch(/canceled|expired/);
      });
    },
  );

  it("sends an exit for the first time whatever has happened", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      const script = desk.venue.script;
      hangOnSubmit(desk);
      await startSell(desk, position);
      await setTrading(desk, "halted");
      desk.hold = "The wallets are unread.";
      desk.kill();
      desk.venue.script = script;
      desk.venue.submitted.length = 0;
      await desk.boot();
      await desk.clock.settle();
      expect(desk.venue.submitted).toHaveLength(1);
    });
  });

  it("does not believe a refusal, because the dead process may have sent the bytes", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const script = desk.venue.script;
      hangOnSubmit(desk);
      await startBuy(desk);
      desk.kill();
      const refuse = () => ({ outcome: "rejected", reason: "no", evidence: {} }) as const;
      desk.venue.script = { ...script, submit: refuse };
      await desk.boot();
      await desk.clock.advance(10_000);
      expect(desk.eventsOf("AttemptRejected")).toEqual([]);
      expect(desk.store.attempt("ord_buy:1")?.state).toBe("unknown");
      expect(chain.transactions.size).toBe(1);
    });
  });

  it("goes on with an order that had no attempt yet, and does not make a second one", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const script = desk.venue.script;
      desk.venue.script = { ...script, fetchRoute: () => new Promise(() => {}) };
      await startBuy(desk);
      desk.kill();
      desk.venue.script = script;
      await desk.boot();
      await desk.clock.settle();
      expect(chain.undecided).toHaveLength(1);
      expect(desk.eventsOf("OrderInitialized")).toHaveLength(1);
    });
  });

  it("keeps one attempt through five crashes while the venue is silent", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      chain.onSubmit = () => unknown();
      await startBuy(desk);
      for (let n = 0; n < 5; n++) {
        await desk.crash();
        await desk.clock.advance(7_000);
      }
      expect(desk.eventsOf("AttemptPrepared")).toHaveLength(1);
      chain.land();
      await desk.clock.advance(1_000);
      expect(desk.store.openPositions(USER)).toHaveLength(1);
      expect(desk.store.epoch()).toBe(6);
    });
  });
});

function pause(desk: TestDesk): Promise<void> {
  const payload = { userId: USER, paused: true, jobId: "tg:1:4" };
  return desk.transact((tx) =>
    tx.append({ stream: `user:${USER}`, kind: "UserPausedChanged", payload }),
  );
}
