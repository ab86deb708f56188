import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { describe, test } from "vitest";
import type { PoolPrice, PoolPrices, PriceUpdate } from "../ports/market.ts";
import { createPriceFeed } from "./price-feed.ts";

const SOL = "So11111111111111111111111111111111111111112";
const MINT = "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN";
const INSTRUMENT = `${MINT}.SOLANA`;
const E30 = 10n ** 30n;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Every sleep ends only by `step`, which is one round of the feed. */
class StepClock implements Clock {
  ms = 1_000;
  #wakes: { ms: number; wake: () => void }[] = [];

  nowMs(): number {
    return this.ms;
  }

  monotonicMs(): number {
    return this.ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      this.#wakes.push({ ms, wake: resolve });
      signal?.addEventListener("abort", () => resolve());
    });
  }

  defer(task: () => void): void {
    queueMicrotask(task);
  }

  async step(): Promise<void> {
    const wakes = this.#wakes.splice(0);
    this.ms += Math.max(0, ...wakes.map(({ ms }) => ms));
    for (const { wake } of wakes) wake();
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let n = 0; n < 50; n++) await Promise.resolve();
}

/** Pools of which a test says what they show and whether they can be trusted. */
class FakePools implements PoolPrices {
  readonly tracked: string[] = [];
  isLive = false;
  last: PoolPrice | undefined;
  #listener: (price: PoolPrice) => void = () => undefined;

  track(mint: string): void {
    this.tracked.push(mint);
  }
  untrack(mint: string): void {
    this.tracked.splice(this.tracked.indexOf(mint), 1);
  }
  isFresh(): boolean {
    return this.isLive;
  }
  priceOf(): PoolPrice | undefined {
    return this.last;
  }
  onPrice(listener: (price: PoolPrice) => void): void {
    this.#listener = listener;
  }
  tell(priceE9: bigint, slot: number): void {
    this.last = { instrument: INSTRUMENT, priceE9, slot, atMonotonicMs: 1_000 };
    this.#listener(this.last);
  }
}

function createWorld() {
  const pools = new FakePools();
  const clock = new StepClock();
  const asked: string[][] = [];
  const lines: string[] = [];
  const state = {
    prices: new Map([
      [SOL, 150n * E30],
      [MINT, 3n * E30],
    ]),
    error: undefined as RaptorError | undefined,
    waitMs: 0,
    /** Answers of the next questions, before `prices` again. */
    script: [] as bigint[],
  };
  const feed = createPriceFeed({
    source: {
      batchMax: 50,
      async fetchUsdPricesE30(mints) {
        asked.push([...mints]);
        if (state.error !== undefined) throw state.error;
        const next = state.script.shift();
        return next === undefined ? state.prices : new Map(state.prices).set(MINT, next);
      },
      waitMs: () => state.waitMs,
    },
    pools,
    clock,
    log: { ...silent, error: (_, line) => lines.push(line) },
    settings: { pollMs: 1_000, staleMs: 5_000, jumpBpsMax: 5_000 },
  });
  const seen: PriceUpdate[] = [];
  feed.onUpdate((update) => seen.push(update));
  return { lines, clock, asked, state, feed, seen, pools };
}

describe("the price feed", () => {
  test("tells the exact price in lamports per whole token", async ({ expect }) => {
    const { clock, state, feed, seen } = createWorld();
    state.prices.set(MINT, E30 / 3n);
    feed.watch(INSTRUMENT);
    feed.start();
    await settle();
    // (1/3) / 150 SOL, in lamports, times 1e9, rounded down.
    expect(seen).toEqual([
      {
        instrument: INSTRUMENT,
        priceE9: 2_222_222_222_222_222n,
        atMonotonicMs: 1_000,
        source: "poll",
      },
    ]);
    expect(feed.latest(INSTRUMENT)).toEqual(seen[0]);
    await clock.step();
    expect(seen).toHaveLength(2);
  });

  test("asks for SOL with every batch and never for more than the source takes", async ({
    expect,
  }) => {
    const { asked, feed } = createWorld();
    for (let n = 0; n < 120; n++) feed.watch(`Mint${n}.SOLANA`);
    feed.start();
    await settle();
    expect(asked.map((mints) => mints.length)).toEqual([50, 50, 23]);
    expect(asked.every(([first]) => first === SOL)).toBe(true);
  });

  test("asks for thousands in turns, new ones first, and says how many are stale", async ({
    expect,
  }) => {
    const { clock, asked, feed } = createWorld();
    const mints = Array.from({ length: 1_000 }, (_, n) => `Mint${n}`);
    for (const mint of mints) feed.watch(`${mint}.SOLANA`);
    feed.start();
    await settle();
    expect(asked).toHaveLength(4);
    for (let round = 0; round < 6; round++) await clock.step();
    expect(new Set(asked.flat()).size).toBe(1 + mints.length);
    expect(feed.health().detail).toContain("1000 stale");
    feed.watch("Late.SOLANA");
    await settle();
    expect(asked.at(-4)).toContain("Late");
    const counts = mints.map((mint) => asked.filter((batch) => batch.includes(mint)).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });

  test("refuses more than it can watch in one line of the log", async ({ expect }) => {
    const { feed, lines } = createWorld();
    for (let n = 0; n < 20_500; n++) feed.watch(`Mint${n}.SOLANA`);
    expect(lines).toEqual(["too many watched instruments"]);
    expect(feed.health().detail).toContain("20000 watched");
  });

  test("asks nobody else in a round in which the source fails, and them next", async ({
    expect,
  }) => {
    const { clock, asked, state, feed } = createWorld();
    for (let n = 0; n < 120; n++) feed.watch(`Mint${n}.SOLANA`);
    state.error = new RaptorError("RAPTOR_VENUE__UNAVAILABLE");
    feed.start();
    await settle();
    expect(asked).toHaveLength(1);
    state.error = undefined;
    await clock.step();
    expect(asked[1]).toContain("Mint49");
    expect(new Set(asked.flat()).size).toBe(1 + 120);
  });

  test("counts watchers: the last one to leave ends the watch", async ({ expect }) => {
    const { clock, feed, seen } = createWorld();
    feed.watch(INSTRUMENT);
    feed.watch(INSTRUMENT);
    feed.start();
    await settle();
    feed.unwatch(INSTRUMENT);
    await clock.step();
    expect(seen).toHaveLength(2);
    feed.unwatch(INSTRUMENT);
    await clock.step();
    expect(seen).toHaveLength(2);
    expect(feed.latest(INSTRUMENT)).toBeUndefined();
  });

  test("asks at once for a new instrument instead of at the next round", async ({ expect }) => {
    const { feed, seen } = createWorld();
    feed.start();
    await settle();
    feed.watch(INSTRUMENT);
    await settle();
    expect(seen).toHaveLength(1);
  });

  test("does not poll while nothing is watched", async ({ expect }) => {
    const { clock, asked, feed } = createWorld();
    feed.start();
    for (let n = 0; n < 5; n++) await clock.step();
    expect(asked).toEqual([]);
  });

  test("survives a failing source, says so, and shows what is stale", async ({ expect }) => {
    const { clock, state, feed, seen } = createWorld();
    feed.watch(INSTRUMENT);
    feed.start();
    await settle();
    expect(feed.health().ok).toBe(true);
    state.error = new RaptorError("RAPTOR_VENUE__UNAVAILABLE");
    for (let n = 0; n < 7; n++) await clock.step();
    expect(feed.health()).toMatchObject({ ok: false });
    expect(feed.health().detail).toContain("1 stale");
    state.error = undefined;
    await clock.step();
    expect(feed.health().ok).toBe(true);
    expect(seen).toHaveLength(2);
  });

  test("is silent while the source asks for patience", async ({ expect }) => {
    const { clock, asked, state, feed } = createWorld();
    state.waitMs = 4_000;
    feed.watch(INSTRUMENT);
    feed.start();
    await settle();
    await clock.step();
    expect(asked).toEqual([]);
    expect(feed.health().detail).toContain("rate limit");
    state.waitMs = 0;
    await clock.step();
    expect(asked).toHaveLength(1);
  });

  test("keeps the last price and goes stale when a token loses its price", async ({ expect }) => {
    const { clock, state, feed } = createWorld();
    feed.watch(INSTRUMENT);
    feed.start();
    await settle();
    state.prices.delete(MINT);
    for (let n = 0; n < 7; n++) await clock.step();
    expect(feed.latest(INSTRUMENT)?.atMonotonicMs).toBe(1_000);
    expect(feed.health().ok).toBe(false);
  });

  test("has no price without one of SOL", async ({ expect }) => {
    const { state, feed, seen } = createWorld();
    state.prices.delete(SOL);
    feed.watch(INSTRUMENT);
    feed.start();
    await settle();
    expect(seen).toEqual([]);
  });

  test("stops for good", async ({ expect }) => {
    const { clock, asked, feed } = createWorld();
    feed.watch(INSTRUMENT);
    feed.start();
    await settle();
    feed.stop();
    await clock.step();
    await clock.step();
    expect(asked).toHaveLength(1);
  });
});

describe("a first price", () => {
  async function start(script: bigint[], referencePriceE9?: bigint): Promise<bigint[]> {
    const { state, feed, seen } = createWorld();
    state.script = script;
    feed.watch(INSTRUMENT, referencePriceE9);
    feed.start();
    await settle();
    return seen.map(({ priceE9 }) => priceE9);
  }
  /** 3 dollars at 150 dollars per SOL. */
  const PAID = 20_000_000_000_000_000n;

  test("far from what was paid is asked for twice before anybody hears of it", async ({
    expect,
  }) => {
    expect(await start([E30 / 100n, 3n * E30], PAID)).toEqual([PAID]);
    expect(await start([E30 / 100n, E30 / 100n], PAID)).toEqual([PAID / 300n]);
  });

  test("near what was paid, or with nothing to compare, is told at once", async ({ expect }) => {
    expect(await start([2n * E30], PAID)).toEqual([(PAID * 2n) / 3n]);
    expect(await start([E30 / 100n])).toEqual([PAID / 300n]);
  });

  test("is compared with the last price once there was one", async ({ expect }) => {
    const { clock, state, feed, seen } = createWorld();
    state.prices.set(MINT, E30 / 100n);
    feed.watch(INSTRUMENT, PAID);
    feed.start();
    await settle();
    await clock.step();
    expect(seen).toHaveLength(2);
  });
});

describe("a price that jumps", () => {
  async function run(script: bigint[]): Promise<bigint[]> {
    const { clock, state, feed, seen } = createWorld();
    feed.watch(INSTRUMENT);
    feed.start();
    await settle();
    state.script = script;
    await clock.step();
    return seen.map(({ priceE9 }) => (priceE9 * 150n + 5n * 10n ** 15n) / 10n ** 16n);
  }

  test("for one answer only reaches nobody", async ({ expect }) => {
    expect(await run([E30 / 100n, 3n * E30])).toEqual([300n, 300n]);
  });

  test("and stays is told after one more question, in the same round", async ({ expect }) => {
    expect(await run([E30 / 100n, E30 / 100n])).toEqual([300n, 1n]);
    expect(await run([9n * E30, 9n * E30])).toEqual([300n, 900n]);
  });

  test("by less than the limit is told at once", async ({ expect }) => {
    expect(await run([2n * E30])).toEqual([300n, 200n]);
  });
});

describe("a token with a pool of its own", () => {
  test("is priced by it in the same call, and nobody is asked", async ({ expect }) => {
    const { clock, asked, feed, seen, pools } = createWorld();
    pools.isLive = true;
    feed.watch(INSTRUMENT);
    feed.start();
    await settle();
    pools.tell(5n, 700);
    expect(seen).toEqual([
      { instrument: INSTRUMENT, priceE9: 5n, slot: 700, atMonotonicMs: 1_000, source: "pool" },
    ]);
    for (let n = 0; n < 30; n++) await clock.step();
    expect(asked).toEqual([]);
    expect(feed.latest(INSTRUMENT)).toMatchObject({ atMonotonicMs: clock.ms, source: "pool" });
    expect(feed.health()).toMatchObject({ ok: true });
  });

  test("is asked for again as soon as the pool's stream is stale, and told as stale", async ({
    expect,
  }) => {
    const { clock, asked, feed, seen, pools, state } = createWorld();
    pools.isLive = true;
    feed.watch(INSTRUMENT);
    feed.start();
    await settle();
    pools.tell(5n, 700);
    pools.isLive = false;
    state.error = new RaptorError("RAPTOR_VENUE__UNAVAILABLE");
    for (let n = 0; n < 7; n++) await clock.step();
    expect(asked.length).toBeGreaterThan(0);
    expect(feed.latest(INSTRUMENT)).toMatchObject({ priceE9: 5n, isStale: true });
    expect(feed.health().ok).toBe(false);
    state.error = undefined;
    // Far from the pool's price, so it is asked for twice, as every jump of an answer is.
    await clock.step();
    expect(seen.at(-1)).toMatchObject({ source: "poll" });
  });

  test("is told from its pool again when that is fresh and has not moved", async ({ expect }) => {
    const { clock, feed, seen, pools } = createWorld();
    pools.isLive = true;
    feed.watch(INSTRUMENT);
    feed.start();
    await settle();
    pools.tell(5n, 700);
    pools.isLive = false;
    for (let n = 0; n < 3; n++) await clock.step();
    expect(seen.at(-1)).toMatchObject({ source: "poll" });
    pools.isLive = true;
    for (let n = 0; n < 40; n++) await clock.step();
    expect(seen.at(-1)).toMatchObject({ priceE9: 5n, source: "pool" });
    expect(feed.latest(INSTRUMENT)).toMatchObject({ atMonotonicMs: clock.ms, source: "pool" });
  });

  test("is not overruled by an answer that was on its way", async ({ expect }) => {
    const { clock, feed, seen, pools } = createWorld();
    feed.watch(INSTRUMENT);
    feed.start();
    pools.isLive = true;
    pools.tell(5n, 700);
    await settle();
    await clock.step();
    expect(seen.map(({ source }) => source)).toEqual(["pool"]);
  });

  test("tells what it knew already to whoever comes to watch", async ({ expect }) => {
    const { feed, seen, pools } = createWorld();
    pools.tell(5n, 700);
    pools.isLive = true;
    expect(seen).toEqual([]);
    feed.watch(INSTRUMENT);
    expect(seen).toEqual([]);
    await settle();
    expect(seen).toMatchObject([{ priceE9: 5n, slot: 700 }]);
  });

  test("is looked for a few at a time when there are thousands, and none that left", async ({
    expect,
  }) => {
    const { clock, feed, pools } = createWorld();
    for (let n = 0; n < 200; n++) feed.watch(`Mint${n}.SOLANA`);
    expect(pools.tracked).toHaveLength(64);
    feed.unwatch("Mint100.SOLANA");
    await clock.step();
    expect(pools.tracked).toHaveLength(128);
    for (let round = 0; round < 3; round++) await clock.step();
    expect(pools.tracked).toHaveLength(199);
    expect(pools.tracked).not.toContain("Mint100");
    feed.watch("Late.SOLANA");
    expect(pools.tracked).toContain("Late");
  });

  test("is tracked for as long as somebody watches", ({ expect }) => {
    const { feed, pools } = createWorld();
    feed.watch(INSTRUMENT);
    feed.watch(INSTRUMENT);
    expect(pools.tracked).toEqual([MINT]);
    feed.unwatch(INSTRUMENT);
    expect(pools.tracked).toEqual([MINT]);
    feed.unwatch(INSTRUMENT);
    feed.unwatch(INSTRUMENT);
    expect(pools.tracked).toEqual([]);
  });
});
