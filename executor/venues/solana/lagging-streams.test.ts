import { describe, test } from "vitest";
import { settle } from "./fake-net.ts";
import { createPoolBook } from "./pool-book.ts";
import { CURVE, curveAccounts, MINT } from "./pool-bytes-fixture.ts";
import { createStreamWorld } from "./streams-fixture.ts";

const BASE = 1_000_000_000_000_000n;
const QUOTE = 40_000_000_000n;

/** A curve that the first node tells of, and two nodes that tell of slots at their own pace. */
async function start() {
  const world = createStreamWorld();
  const { rpc, streams, clock, log, node } = world;
  const put = (quote: bigint): void => {
    for (const [address, account] of curveAccounts(BASE, quote))
      node.accounts.set(address, account);
  };
  put(QUOTE);
  const one = node.open("one.example");
  const two = node.open("two.example");
  const pools = createPoolBook({ rpc, streams, clock, log });
  const told: { slot: number; isStale: boolean }[] = [];
  pools.onPrice(({ slot, isStale }) => told.push({ slot, isStale: isStale === true }));
  pools.track(MINT);
  await settle();
  node.answer(one);
  await settle();
  /** One connection tells of a slot. */
  function beat(socket: typeof one, slot: number): void {
    node.slot = slot;
    node.beat(socket);
  }
  /** The first node tells of a trade. */
  function trade(quote: bigint, slot: number): void {
    put(quote);
    const account = node.accounts.get(CURVE.address);
    if (account === undefined) throw new Error("expected a curve");
    node.tell(one, CURVE.address, account, slot);
  }
  return { ...world, one, two, pools, told, beat, trade };
}

describe("a node that lags while it tells of slot after slot", () => {
  test("carries stale accounts, which move to another node", async ({ expect }) => {
    const { node, one, two, pools, beat, clock, streams } = await start();
    expect(pools.isFresh(MINT)).toBe(true);
    beat(two, 1_030);
    beat(one, 1_001);
    expect([pools.isFresh(MINT), pools.stateOf(MINT)?.isFresh]).toEqual([false, false]);
    expect(streams.health()).toMatchObject({ ok: false });
    expect(streams.health().detail).toContain("behind the others: one.example/0");
    await clock.advance(1_000);
    node.slot = 1_033;
    node.answer(two);
    await settle();
    expect(node.idOf(two, CURVE.address)).toBeDefined();
    expect(pools.isFresh(MINT)).toBe(true);
  });

  test("tells prices that no rule believes", async ({ expect }) => {
    const { one, two, beat, trade, told } = await start();
    trade(QUOTE / 2n, 1_001);
    expect(told.at(-1)).toEqual({ slot: 1_001, isStale: false });
    beat(two, 1_060);
    beat(one, 1_002);
    trade(QUOTE / 4n, 1_002);
    expect(told.at(-1)).toEqual({ slot: 1_002, isStale: true });
  });

  test("is believed while it lags by no more than nodes do", async ({ expect }) => {
    const { one, two, beat, trade, told, pools } = await start();
    beat(one, 1_010);
    beat(two, 1_030);
    trade(QUOTE / 2n, 1_010);
    expect([pools.isFresh(MINT), told.at(-1)?.isStale]).toEqual([true, false]);
  });

  test("is believed again when the one that was far ahead is gone", async ({ expect }) => {
    const { two, beat, pools } = await start();
    beat(two, 9_000);
    expect(pools.isFresh(MINT)).toBe(false);
    two.onClose("gone");
    expect(pools.isFresh(MINT)).toBe(true);
  });
});
