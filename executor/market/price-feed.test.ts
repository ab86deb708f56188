import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { describe, test } from "vitest";
import { createWorld, E30, INSTRUMENT, MINT, settle, SOL } from "./price-feed-fixture.ts";

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

  test("believes no answer that waited while the process stood still", async ({ expect }) => {
    const { clock, state, feed, seen } = createWorld();
    state.tookMs = 5_000;
    feed.watch(INSTRUMENT);
    feed.start();
    await settle();
    expect([seen, feed.latest(INSTRUMENT)]).toEqual([[], undefined]);
    state.tookMs = 4_999;
    await clock.step();
    expect(seen).toHaveLength(1);
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
