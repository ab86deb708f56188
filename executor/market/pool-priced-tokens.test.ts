import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { describe, test } from "vitest";
import { createWorld, INSTRUMENT, MINT, settle } from "./price-feed-fixture.ts";

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

  test("has slots behind it as its pool's streams say, others have none", ({ expect }) => {
    const { feed, pools } = createWorld();
    pools.wholeSlot = 701;
    const passed = [700, 701].map((slot) => feed.hasPassed(INSTRUMENT, slot));
    expect([...passed, feed.hasPassed("Other.SOLANA", 700)]).toEqual([true, false, false]);
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
