import { describe, it } from "vitest";
import { INSTRUMENT, MINT, SETTINGS, USER, withDesk } from "./engine-fixture.ts";
import type { TestDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";
import { limitBuy } from "./limit-buy-fixture.ts";
import { LimitBuys } from "./limit-buys.ts";
import { chainOf, setTrading } from "./trade-fixture.ts";

const E9 = 1_000_000_000n;
const TRIGGER = 800_000n * E9;
const HOUR_MS = 3_600_000;

/** A desk with one limit buy at 80 % of the chain's price, for an hour. */
async function withEntry(
  use: (desk: TestDesk, chain: FakeChain) => Promise<void>,
  over: Partial<typeof SETTINGS> = {},
): Promise<void> {
  await withDesk(async (desk) => {
    desk.settings = { ...SETTINGS, ...over };
    await desk.crash();
    const chain = chainOf(desk);
    start(desk);
    const payload = limitBuy(TRIGGER, desk.clock.nowMs() + HOUR_MS);
    await desk.transact((tx) =>
      tx.append({ stream: "entry:ent_one", kind: "EntryArmed", payload }),
    );
    await use(desk, chain);
  });
}

function start(desk: TestDesk, mayBuy = true): void {
  const { context, feed, driver } = desk.engine;
  new LimitBuys(context, feed, driver).armAll(() => mayBuy);
}

async function price(
  desk: TestDesk,
  chain: FakeChain,
  lamports: bigint,
  more: { slot?: number } = {},
): Promise<void> {
  chain.price = lamports;
  desk.engine.feed.emit(lamports * E9, INSTRUMENT, more);
  await desk.clock.settle();
}

describe("a limit buy", () => {
  it("buys in a pool that goes quiet at its price", async ({ expect }) => {
    await withEntry(
      async (desk, chain) => {
        const { feed } = desk.engine;
        for (const [slot, lamports] of [900_000n, 790_000n].entries()) {
          chain.price = lamports;
          feed.emit(lamports * E9, INSTRUMENT, { slot, source: "pool" });
          await desk.clock.advance(100);
        }
        expect(desk.payloads("OrderInitialized")).toEqual([]);
        // As the feed says of a pool whose streams live: its price is of now.
        const known = feed.latest(INSTRUMENT);
        const atNow = () => ({ atMonotonicMs: desk.clock.monotonicMs() });
        feed.latest = () => (known === undefined ? known : { ...known, ...atNow() });
        await desk.clock.advance(1_000);
        expect(desk.payloads("OrderInitialized")).toMatchObject([{ side: "buy" }]);
      },
      { tickConfirmMs: 400, tickWildBps: 3_000 },
    );
  });

  it("buys in a quiet pool once entries are no longer held", async ({ expect }) => {
    await withEntry(async (desk, chain) => {
      const { feed } = desk.engine;
      desk.hold = "unread";
      await price(desk, chain, 790_000n, { slot: 1 });
      const known = feed.latest(INSTRUMENT);
      const atNow = () => ({ atMonotonicMs: desk.clock.monotonicMs() });
      feed.latest = () => (known === undefined ? known : { ...known, ...atNow() });
      await desk.clock.advance(5_000);
      expect(desk.payloads("OrderInitialized")).toEqual([]);
      desk.hold = undefined;
      await desk.clock.advance(3_000);
      expect(desk.payloads("OrderInitialized")).toMatchObject([{ side: "buy" }]);
    });
  });

  it("is called off with a word, also when the disk refuses that at first", async ({ expect }) => {
    await withEntry(async (desk) => {
      await desk.clock.advance(HOUR_MS - 1_000);
      desk.disk.isFull = true;
      await desk.clock.advance(5_000);
      expect(desk.store.armedEntries(USER)).toHaveLength(1);
      desk.disk.isFull = false;
      await desk.clock.advance(5_000);
      expect(desk.store.armedEntries(USER)).toEqual([]);
      expect(desk.store.outbox("entry:ent_one")?.content.text).toContain("is over");
    });
  });

  it("does nothing above its price and buys once at it", async ({ expect }) => {
    await withEntry(async (desk, chain) => {
      await price(desk, chain, 800_001n);
      expect(desk.payloads("OrderInitialized")).toEqual([]);
      await price(desk, chain, 800_000n);
      await price(desk, chain, 700_000n);
      expect(desk.payloads("OrderInitialized")).toMatchObject([
        { side: "buy", notionalLamports: "500000000", entryPriceE9: TRIGGER.toString() },
      ]);
      chain.land();
      await desk.clock.advance(1_000);
      await price(desk, chain, 600_000n);
      expect(desk.eventsOf("EntryTriggered")).toHaveLength(1);
      expect(desk.eventsOf("OrderInitialized").filter(isBuy)).toHaveLength(1);
      expect(chain.tokens.get(MINT)).toBeGreaterThan(0n);
      expect(desk.store.armedEntries(USER)).toEqual([]);
    });
  });

  it("waits while trading is halted, the person has paused or entries are held", async ({
    expect,
  }) => {
    await withEntry(async (desk, chain) => {
      await setTrading(desk, "halted");
      await price(desk, chain, 700_000n);
      await setTrading(desk, "active");
      desk.hold = "unread";
      await price(desk, chain, 700_000n);
      desk.hold = undefined;
      const paused = { userId: USER, paused: true, jobId: "ui:1" };
      await desk.transact((tx) =>
        tx.append({ stream: `user:${USER}`, kind: "UserPausedChanged", payload: paused }),
      );
      await price(desk, chain, 700_000n);
      expect(desk.payloads("OrderInitialized")).toEqual([]);
      await desk.transact((tx) =>
        tx.append({
          stream: `user:${USER}`,
          kind: "UserPausedChanged",
          payload: { ...paused, paused: false },
        }),
      );
      await price(desk, chain, 700_000n);
      expect(desk.payloads("OrderInitialized")).toHaveLength(1);
    });
  });

  it("does not buy at a price that has gone up again while entries were stopped", async ({
    expect,
  }) => {
    await withEntry(async (desk, chain) => {
      await setTrading(desk, "halted");
      await price(desk, chain, 700_000n);
      await price(desk, chain, 900_000n);
      await setTrading(desk, "active");
      await desk.clock.advance(5_000);
      expect(desk.payloads("OrderInitialized")).toEqual([]);
    });
  });

  it("is denied by the limits when it fires, and does not fire again", async ({ expect }) => {
    const limits = { ...SETTINGS.limits, notionalLamportsMax: "1" };
    await withEntry(
      async (desk, chain) => {
        await price(desk, chain, 700_000n);
        await price(desk, chain, 600_000n);
        expect(desk.eventsOf("OrderDenied")).toHaveLength(1);
        expect(desk.eventsOf("EntryTriggered")).toHaveLength(1);
        expect(chain.effects).toEqual([]);
      },
      { limits },
    );
  });

  it("goes on waiting after a restart, and is over at its deadline", async ({ expect }) => {
    await withEntry(async (desk, chain) => {
      await desk.crash();
      start(desk);
      expect(desk.engine.feed.watching.get(INSTRUMENT)).toBe(1);
      await desk.clock.advance(HOUR_MS);
      expect(desk.payloads("EntryDisarmed")).toMatchObject([{ reason: "its time is over" }]);
      await price(desk, chain, 700_000n);
      expect(desk.payloads("OrderInitialized")).toEqual([]);
      expect(desk.engine.feed.watching.get(INSTRUMENT)).toBe(0);
    });
  });

  it("of somebody who may not buy any more buys nothing", async ({ expect }) => {
    await withEntry(async (desk, chain) => {
      await desk.crash();
      start(desk, false);
      await price(desk, chain, 700_000n);
      await desk.clock.advance(2_000);
      expect(desk.payloads("OrderInitialized")).toEqual([]);
      await desk.crash();
      start(desk);
      await price(desk, chain, 700_000n);
      expect(desk.payloads("OrderInitialized")).toHaveLength(1);
    });
  });

  it("believes no single tick", async ({ expect }) => {
    await withEntry(
      async (desk, chain) => {
        await price(desk, chain, 1_000_000n, { slot: 1 });
        await price(desk, chain, 100_000n, { slot: 2 });
        await price(desk, chain, 1_000_000n, { slot: 3 });
        expect(desk.payloads("OrderInitialized")).toEqual([]);
        await price(desk, chain, 790_000n, { slot: 4 });
        await price(desk, chain, 780_000n, { slot: 5 });
        expect(desk.payloads("OrderInitialized")).toHaveLength(1);
      },
      { tickConfirmMs: 400 },
    );
  });
});

function isBuy({ payload }: { payload: { side: string } }): boolean {
  return payload.side === "buy";
}
