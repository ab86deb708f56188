import { describe, test } from "vitest";
import type { RouteRequest } from "../../ports/venue.ts";
import { settle } from "./fake-net.ts";
import { createPoolBook } from "./pool-book.ts";
import { CURVE, curveAccounts, MINT } from "./pool-bytes-fixture.ts";
import { isDoubted, type MovedState, untilBelieved } from "./pool-doubt.ts";
import { addressOf, createStreamWorld } from "./streams-fixture.ts";
import { TrackedPool } from "./tracked-pool.ts";

const BASE = 1_000_000_000_000_000n;
const QUOTE = 40_000_000_000n;
const SELL: RouteRequest = {
  wallet: addressOf(1),
  mint: MINT,
  side: "sell",
  quantityIn: 1_000_000_000_000n,
  slippageBps: 500,
  fallRule: { wildBps: 3_000, confirmMs: 400, silentMs: 2_400 },
};

/** A curve that one node tells of, and a wild state of it in the newest slot. */
async function start() {
  const world = createStreamWorld();
  const { rpc, streams, clock, log, node } = world;
  const put = (base: bigint, quote: bigint): void => {
    for (const [address, account] of curveAccounts(base, quote))
      node.accounts.set(address, account);
  };
  put(BASE, QUOTE);
  const one = node.open("one.example");
  const pools = createPoolBook({ rpc, streams, clock, log });
  pools.track(MINT);
  await settle();
  node.answer(one);
  await settle();
  const reserve = (): bigint | undefined => pools.stateOf(MINT)?.pool.quoteReserve;
  const fair = reserve();
  function tell(base: bigint, quote: bigint): void {
    put(base, quote);
    const account = node.accounts.get(CURVE.address);
    if (account === undefined) throw new Error("expected a curve");
    node.tell(one, CURVE.address, account, node.slot);
  }
  function slot(parent?: number): void {
    node.slot += 1;
    node.beat(one, parent);
  }
  // The first round of polls is over, and the next is some seconds away.
  await clock.advance(1_000);
  node.reads.length = 0;
  slot();
  tell(BASE * 10n, QUOTE / 10n);
  const told = node.slot;
  return { ...world, one, pools, told, slot, put, fair, reserve };
}

/** What sells that asked now are quoted from, once they are. */
function ask({ pools, clock, reserve }: Awaited<ReturnType<typeof start>>) {
  const given: (bigint | undefined)[] = [];
  const hasPassed = (slot: number): boolean => pools.hasPassed(MINT, slot);
  const isDoubtful = (state: MovedState): boolean =>
    isDoubted(SELL, state, clock.monotonicMs(), hasPassed);
  const stateNow = (): MovedState | undefined => pools.stateOf(MINT);
  void untilBelieved(clock, SELL, stateNow, isDoubtful).then(() => given.push(reserve()));
  return given;
}

describe("a wild price of a slot that the next block leaves out", () => {
  test("is quoted from by nobody; what the chain has instead is read at once", async ({
    expect,
  }) => {
    const world = await start();
    const { clock, node, told, slot, put, pools, streams, fair, reserve } = world;
    const given = ask(world);
    put(BASE, QUOTE);
    await clock.advance(300);
    expect([given, node.reads.length]).toEqual([[], 0]);
    slot(told - 1);
    await settle();
    expect([reserve(), pools.isFresh(MINT), node.reads.length]).toEqual([fair, true, 1]);
    slot();
    await clock.advance(200);
    expect(given).toEqual([fair]);
    // It was read, so that nothing is left to ask for, and its stream is not blamed for it.
    for (let n = 0; n < 4; n++) {
      slot();
      await clock.advance(500);
    }
    expect([node.reads.length, pools.isFresh(MINT)]).toEqual([1, true]);
    expect(streams.health().detail).not.toContain("silent");
  });

  test("is read again with each slot until a node has left it, and waits for that", async ({
    expect,
  }) => {
    const world = await start();
    const { clock, node, told, slot, put, pools, fair, reserve } = world;
    const given = ask(world);
    slot(told - 1);
    // The node still answers from the block that loses.
    node.slot = told;
    await clock.advance(400);
    expect(node.reads).toHaveLength(1);
    node.slot = told + 1;
    slot();
    node.slot = told;
    await clock.advance(400);
    expect([given, pools.hasPassed(MINT, told), node.reads.length]).toEqual([[], false, 2]);
    put(BASE, QUOTE);
    node.slot = told + 2;
    slot();
    await clock.advance(100);
    expect([given, reserve(), node.reads.length]).toEqual([[fair], fair, 3]);
  });

  test("is read once for each slot of its own stream, whatever others leave out", async ({
    expect,
  }) => {
    const { clock, node, told, slot } = await start();
    const two = node.open("two.example");
    slot(told - 1);
    const { slot: newest } = node;
    node.slot = told;
    await clock.advance(100);
    expect(node.reads).toHaveLength(1);
    node.slot = newest;
    node.beat(two, told - 1);
    node.slot = told;
    await clock.advance(100);
    expect(node.reads).toHaveLength(1);
  });

  test("is not believed for what another account of the pool tells later", async ({ expect }) => {
    const { node, one, told, slot, pools } = await start();
    node.isHttpDown = true;
    slot(told - 1);
    const fees = CURVE.watch[2] ?? "";
    const account = node.accounts.get(fees);
    if (account === undefined) throw new Error("expected a fee configuration");
    const bytes = Buffer.from(account.bytes);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    node.tell(one, fees, { ...account, bytes }, node.slot);
    slot();
    slot();
    const state = pools.stateOf(MINT);
    // The price is still of the slot that told the reserves.
    expect(state?.slot).toBe(told);
    expect(pools.hasPassed(MINT, told)).toBe(false);
  });

  test("is believed after 2.4 s where nobody can be asked", async ({ expect }) => {
    const world = await start();
    const { clock, node, told, slot, fair, reserve } = world;
    const given = ask(world);
    node.isHttpDown = true;
    slot(told - 1);
    for (let n = 0; n < 6; n++) {
      expect(given).toEqual([]);
      await clock.advance(390);
      slot();
    }
    await clock.advance(100);
    expect(given).toEqual([reserve()]);
    expect(given).not.toEqual([fair]);
  });
});

describe("a wild price of a slot that the chain goes on from", () => {
  test("is believed when the next block is whole, whichever slots nobody built", async ({
    expect,
  }) => {
    const world = await start();
    const { clock, node, told, slot, pools } = world;
    const given = ask(world);
    await clock.advance(400);
    node.slot += 3;
    slot(told);
    await clock.advance(100);
    expect([given.length, pools.hasPassed(MINT, told)]).toEqual([0, false]);
    slot();
    await clock.advance(100);
    expect([given.length, pools.hasPassed(MINT, told)]).toEqual([1, true]);
    expect(node.reads).toEqual([]);
  });

  test("is not believed by the chain of another connection", async ({ expect }) => {
    const { clock, node, one, told, slot, pools } = await start();
    slot();
    slot();
    expect(pools.hasPassed(MINT, told)).toBe(true);
    one.onClose("gone");
    await clock.advance(1_000);
    const again = node.open("one.example");
    await settle();
    node.answer(again);
    await settle();
    expect([pools.isFresh(MINT), pools.hasPassed(MINT, told)]).toEqual([true, false]);
  });

  test("is not believed by streams of which one has not told of it yet", async ({ expect }) => {
    const { clock, streams, told } = await start();
    const late = CURVE.watch.at(-1);
    const heard = { ...streams, hasPassed: (address: string) => address !== late };
    const nothing = (): void => undefined;
    const deps = { clock, onState: nothing, onUnusable: nothing };
    expect(new TrackedPool({ ...deps, streams: heard }, CURVE).hasPassed(told)).toBe(false);
    const all = { ...heard, hasPassed: () => true };
    expect(new TrackedPool({ ...deps, streams: all }, CURVE).hasPassed(told)).toBe(true);
  });

  test("is not believed by a stream that has missed something", async ({ expect }) => {
    const { node, streams, told, slot, put } = await start();
    slot();
    slot();
    expect(streams.hasPassed(CURVE.address, told)).toBe(true);
    // A poll shows a trade that the stream has not told of.
    put(BASE * 2n, QUOTE / 2n);
    streams.refresh([CURVE.address]);
    await settle();
    expect(node.reads).toHaveLength(1);
    expect(streams.isFresh(CURVE.address)).toBe(false);
    expect(streams.hasPassed(CURVE.address, told)).toBe(false);
  });
});
