import type { Clock } from "@raptor/shared/seams/clock.ts";
import { describe, test } from "vitest";
import type { PoolPrice, PoolPrices, PriceUpdate } from "../ports/market.ts";
import { createPriceFeed } from "./price-feed.ts";

const INSTRUMENT = "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN.SOLANA";

/** A feed over one pool, whose rounds follow each other as fast as the test wants. */
async function start() {
  const pool = { isFresh: true, last: undefined as PoolPrice | undefined };
  let wake = (): void => undefined;
  let listener: (price: PoolPrice) => void = () => undefined;
  const pools: PoolPrices = {
    track: () => undefined,
    untrack: () => undefined,
    isFresh: () => pool.isFresh,
    hasPassed: () => false,
    priceOf: () => pool.last,
    onPrice: (listen) => (listener = listen),
  };
  const clock: Clock = {
    nowMs: () => 1_000,
    monotonicMs: () => 1_000,
    sleep: () => new Promise((resolve) => (wake = resolve)),
    defer: (task) => queueMicrotask(task),
  };
  const feed = createPriceFeed({
    pools,
    clock,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    source: { batchMax: 50, waitMs: () => 0, fetchUsdPricesE30: async () => new Map() },
    settings: { pollMs: 1_000, staleMs: 15_000, jumpBpsMax: 5_000 },
  });
  const heard: PriceUpdate[] = [];
  feed.onUpdate((update) => heard.push(update));
  feed.watch(INSTRUMENT);
  feed.start();
  async function round(): Promise<void> {
    wake();
    for (let n = 0; n < 50; n++) await Promise.resolve();
  }
  await round();
  function tell(priceE9: bigint, isStale: boolean): void {
    const price = { instrument: INSTRUMENT, priceE9, slot: 7, atMonotonicMs: 1_000 };
    pool.last = isStale ? { ...price, isStale } : price;
    pool.isFresh = !isStale;
    listener(pool.last);
  }
  return { feed, heard, pool, round, tell };
}

describe("a price that a lagging node tells", () => {
  test("is known as old to everybody who hears of it", async ({ expect }) => {
    const { feed, heard, tell } = await start();
    tell(500n, true);
    expect(heard.at(-1)).toMatchObject({ priceE9: 500n, isStale: true });
    expect(feed.latest(INSTRUMENT)).toMatchObject({ priceE9: 500n, isStale: true });
  });

  test("is told again as soon as its pool can be believed, though it has not moved", async ({
    expect,
  }) => {
    const { feed, heard, pool, round, tell } = await start();
    tell(500n, true);
    const count = heard.length;
    pool.isFresh = true;
    expect(feed.latest(INSTRUMENT)?.isStale).toBeUndefined();
    await round();
    expect(heard.slice(count)).toHaveLength(1);
    expect(heard.at(-1)).toMatchObject({ priceE9: 500n, source: "pool" });
    expect(heard.at(-1)?.isStale).toBeUndefined();
    await round();
    expect(heard.slice(count)).toHaveLength(1);
    feed.stop();
  });
});
