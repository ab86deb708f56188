import { describe, test } from "vitest";
import { createWorld, E30, INSTRUMENT, MINT, settle } from "./price-feed-fixture.ts";

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
