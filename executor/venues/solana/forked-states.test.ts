import { describe, test } from "vitest";
import type { AccountUpdate } from "./account-streams.ts";
import { settle } from "./fake-net.ts";
import { pollsDue } from "./polls-due.ts";
import { addressOf, bytesOf, createStreamWorld } from "./streams-fixture.ts";
import { isShownBy, type Watched } from "./watched-account.ts";

const COUNT = 400;

/** More accounts than a round of verification reads, all of them fresh. */
async function start() {
  const world = createStreamWorld();
  const { node, streams, clock } = world;
  const one = node.open("one.example");
  const seen = new Map<string, AccountUpdate>();
  for (let n = 0; n < COUNT; n++) {
    node.accounts.set(addressOf(n), { bytes: bytesOf("first") });
    streams.watch(addressOf(n), (update) => seen.set(update.address, update));
  }
  /** Time passes while the node tells of slots and of nothing else. */
  async function pass(ms: number): Promise<void> {
    for (let at = 0; at < ms; at += 500) {
      node.slot += 1;
      node.answer(one);
      node.beat(one);
      await clock.advance(500);
      await settle();
    }
  }
  await pass(5_000);
  const textOf = (n: number): string => Buffer.from(seen.get(addressOf(n))?.bytes ?? "").toString();
  /** A trade of the newest slot, which a fork takes back at once; no stream tells of that. */
  function tellForked(n: number): void {
    node.tell(one, addressOf(n), { bytes: bytesOf("forked") }, node.slot);
  }
  return { ...world, one, pass, textOf, tellForked };
}

describe("a state that a fork took back", () => {
  test("is read again by the next round, before those that nobody told of", async ({ expect }) => {
    const { pass, textOf, tellForked } = await start();
    // Wherever in the turn they stand.
    const forked = [0, 150, 399];
    for (const n of forked) tellForked(n);
    expect(forked.map(textOf)).toEqual(["forked", "forked", "forked"]);
    await pass(8_000);
    expect(forked.map(textOf)).toEqual(["first", "first", "first"]);
  });

  test("is read first once, not with every round", async ({ expect }) => {
    const { node, one, pass } = await start();
    node.tell(one, addressOf(399), { bytes: bytesOf("first") }, node.slot);
    await pass(8_000);
    expect(node.reads.at(-1)).toContain(addressOf(399));
    const from = node.reads.length;
    await pass(10_000);
    expect(node.reads.slice(from).filter((read) => read.includes(addressOf(399)))).toEqual([]);
  });

  test("costs no call more than there would be without it", async ({ expect }) => {
    const quiet = await start();
    const before = quiet.node.reads.length;
    await quiet.pass(20_000);
    const told = await start();
    const from = told.node.reads.length;
    for (let n = 0; n < COUNT; n++) {
      told.node.tell(told.one, addressOf(n), { bytes: bytesOf("first") }, told.node.slot);
    }
    await told.pass(20_000);
    expect(told.node.reads.length - from).toBe(quiet.node.reads.length - before);
  });
});

describe("a round of polls", () => {
  /** Accounts that a stream told of long ago where their number says so. */
  function watchedOf(count: number, isTold: (n: number) => boolean): Map<string, Watched> {
    const all = new Map<string, Watched>();
    for (let n = 0; n < count; n++) {
      const address = String(n);
      all.set(address, {
        address,
        listeners: new Set(),
        socket: undefined,
        movedAtMs: undefined,
        unsubscribe: () => undefined,
        active: undefined,
        isWhole: true,
        update: undefined,
        toldAtMs: isTold(n) ? 0 : undefined,
        missedAtMs: undefined,
        lastFreshMs: 0,
      });
    }
    return all;
  }
  const roundOf = (all: Map<string, Watched>) => pollsDue(all, () => true, 10_000);

  test("leaves every account its turn within twelve, however many were told of", ({ expect }) => {
    // Those that were told of come last in line, and are always more than have a place.
    const all = watchedOf(1_200, (n) => n >= 900);
    const read = new Set<string>();
    for (let round = 0; round < 12; round++) {
      for (const address of roundOf(all)) {
        const one = all.get(address);
        if (one === undefined) throw new Error("expected what is watched");
        read.add(address);
        all.delete(address);
        all.set(address, one);
      }
    }
    expect(read.size).toBe(1_200);
  });

  test("fits into its calls where nothing was told, and none is due otherwise", ({ expect }) => {
    const all = watchedOf(1_200, () => false);
    expect(roundOf(all).size).toBe(100);
    expect(pollsDue(all, () => true, undefined).size).toBe(0);
    expect(pollsDue(all, () => false, undefined).size).toBe(300);
  });
});

test("what was told is shown only by a poll of two seconds later and of a node as far", ({
  expect,
}) => {
  const update = { slot: 70 } as AccountUpdate;
  expect(isShownBy({ toldAtMs: 1_000, update }, 75, 2_999)).toBe(false);
  expect(isShownBy({ toldAtMs: 1_000, update }, 69, 3_000)).toBe(false);
  expect(isShownBy({ toldAtMs: 1_000, update }, 70, 3_000)).toBe(true);
});
