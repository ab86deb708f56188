import { describe, it } from "vitest";
import { bootDesk, type BootReport } from "./boot.ts";
import { INSTRUMENT, withDesk, type TestDesk } from "./engine/engine-fixture.ts";
import type { FakeChain } from "./engine/fake-chain.ts";
import { chainOf as plainChainOf, openPosition, startBuy } from "./engine/trade-fixture.ts";
import { markRestored } from "./store/recovery-mark.ts";
import { Lifecycle } from "./jobs/lifecycle.ts";

/** A chain on which no fill is final yet. */
function chainOf(desk: TestDesk): FakeChain {
  const chain = plainChainOf(desk);
  const pending = { state: "pending", evidence: {} } as const;
  desk.venue.script = { ...chain.script(), fetchSettlement: () => pending };
  return chain;
}

/** The next process of this desk, from its open journal on. */
function nextProcess(desk: TestDesk) {
  const lifecycle = new Lifecycle();
  const stop = new AbortController();
  const started: string[] = [];
  const start = (name: string) => ({ start: () => void started.push(name) });
  const { engine } = desk;
  const boot = (): Promise<BootReport> =>
    bootDesk({
      ...engine,
      lifecycle,
      feed: start("feed"),
      outbox: start("outbox"),
      schedule: start("schedule"),
      walletKeys: { check: () => Promise.resolve() },
      intake: { redrive: () => started.push("redrive") },
      noteReconcile: () => {},
      process: { version: "next", pid: 2 },
      signal: stop.signal,
    });
  const drain = (): void => {
    lifecycle.enter("draining");
    stop.abort();
  };
  return { lifecycle, started, boot, drain };
}

describe("a start", () => {
  it("goes from an epoch over armed exits to ready", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      desk.kill();
      await desk.boot(false);
      const next = nextProcess(desk);
      const boot = next.boot();
      await desk.clock.advance(1_000);
      expect(await boot).toMatchObject({ armedExits: 1 });
      expect(next.lifecycle.phase).toBe("ready");
      expect(desk.payloads("EpochStarted").at(-1)).toMatchObject({ version: "next", pid: 2 });
      expect(next.started).toEqual(["feed", "outbox", "redrive", "schedule"]);
    });
  });
});

describe("a start on a journal that was put back from a copy", () => {
  it("deals with that before anything that was pending goes on", async ({ expect }) => {
    await withDesk(async (desk) => {
      chainOf(desk);
      desk.kill();
      const mark = { from: "postgres", headSeq: 1, headHash: "a".repeat(64) } as const;
      markRestored(desk.nextPath, { ...mark, atMs: desk.clock.nowMs() });
      await desk.boot(false);
      const next = nextProcess(desk);
      const boot = next.boot();
      await desk.clock.advance(1_000);
      await boot;
      expect(next.lifecycle.phase).toBe("ready");
      const kinds = desk.kinds().slice(desk.kinds().lastIndexOf("EpochStarted"));
      expect(kinds.slice(0, 3)).toEqual(["EpochStarted", "JournalRestored", "EntriesHeld"]);
    });
  });
});

describe("a start on a full disk", () => {
  it("watches exits, takes nothing in, and goes on by itself when there is room", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      desk.kill();
      await desk.boot(false);
      desk.disk.isFull = true;
      const next = nextProcess(desk);
      const boot = next.boot();
      await desk.clock.advance(60_000);
      expect(next.lifecycle.phase).toBe("starting");
      expect(desk.engine.feed.watching.get(INSTRUMENT)).toBe(1);
      expect(next.started).toEqual(["feed"]);
      expect(desk.shouts.join()).toContain("disk is full");
      desk.engine.feed.emit(1n, INSTRUMENT);
      await desk.clock.settle();
      expect(desk.eventsOf("ExitTriggered")).toEqual([]);

      desk.disk.isFull = false;
      await desk.clock.advance(2_000);
      expect((await boot).armedExits).toBe(1);
      expect(next.lifecycle.phase).toBe("ready");
      expect(desk.payloads("EpochStarted").filter(({ pid }) => pid === 2)).toHaveLength(1);
      desk.engine.feed.emit(1n, INSTRUMENT);
      await desk.clock.settle();
      expect(desk.eventsOf("ExitTriggered")).toHaveLength(1);
      expect(desk.venue.submitted.at(-1)?.slot).toContain("close:");
    });
  });

  it("waits for the nodes meanwhile, not after it", async ({ expect }) => {
    await withDesk(async (desk) => {
      await openPosition(desk, chainOf(desk));
      desk.kill();
      const engine = await desk.boot(false);
      desk.disk.isFull = true;
      const { clock } = desk;
      engine.venue.start = () => clock.sleep(1_000);
      const next = nextProcess(desk);
      const boot = next.boot();
      await clock.advance(1_001);
      expect(next.started).toEqual(["feed"]);
      desk.disk.isFull = false;
      await clock.advance(2_000);
      expect(await boot).toMatchObject({ armedExits: 1, armedAfterMs: 1_000 });
    });
  });

  it("sends bytes again that were journaled before it", async ({ expect }) => {
    await withDesk(async (desk) => {
      chainOf(desk);
      await startBuy(desk);
      const [sent] = desk.venue.submitted;
      desk.kill();
      await desk.boot(false);
      desk.disk.isFull = true;
      const before = desk.venue.submitted.length;
      const boot = nextProcess(desk).boot();
      await desk.clock.advance(10_000);
      const again = desk.venue.submitted.slice(before);
      expect(again.length).toBeGreaterThan(0);
      expect(new Set(again.map(({ payload }) => payload))).toEqual(new Set([sent?.payload]));
      desk.disk.isFull = false;
      await desk.clock.advance(2_000);
      await boot;
    });
  });
});

describe("a stop during the start", () => {
  it.for(["the epoch", "the network", "the first reconcile"])(
    "while it waits for %s ends it without anything started after",
    async (where, { expect }) => {
      await withDesk(async (desk) => {
        const chain = chainOf(desk);
        await openPosition(desk, chain);
        desk.kill();
        const engine = await desk.boot(false);
        if (where === "the epoch") desk.disk.isFull = true;
        let connect = (): void => {};
        if (where === "the network") {
          engine.venue.start = () => new Promise((resolve) => (connect = resolve));
        }
        if (where === "the first reconcile") {
          desk.venue.script = { ...chain.script(), fetchWallet: () => new Promise(() => {}) };
        }
        const next = nextProcess(desk);
        const boot = next.boot();
        await desk.clock.advance(700);
        next.drain();
        connect();
        await desk.clock.advance(1_000);
        await boot;
        expect(next.lifecycle.phase).toBe("draining");
        expect(next.started).not.toContain("redrive");
        expect(next.started).not.toContain("schedule");
        next.lifecycle.enter("ready");
        expect(next.lifecycle.phase).toBe("draining");
      });
    },
  );
});
