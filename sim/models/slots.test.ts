import { test } from "vitest";
import { createPrng } from "./prng.ts";
import { RpcView } from "./rpc-view.ts";
import { SlotClock } from "./slots.ts";

function createSlots(seed: number, skipChance = 0.1): SlotClock {
  return new SlotClock({ prng: createPrng(seed), nowMs: 1_790_000_000_000, skipChance });
}

test("heights fall behind slots by exactly the skipped ones", ({ expect }) => {
  const slots = createSlots(3);
  const start = { slot: slots.slot, height: slots.head.height };
  let skipped = 0;
  for (let at = 0; at < 500; at++) if (slots.advance(at) === undefined) skipped += 1;
  expect(skipped).toBeGreaterThan(20);
  expect(slots.slot - start.slot).toBe(500);
  expect(slots.head.height - start.height).toBe(500 - skipped);
  expect(start.slot - start.height).toBe(22_000_000);
});

test("the same seed gives the same blocks and another seed gives others", ({ expect }) => {
  function walk(seed: number) {
    const slots = createSlots(seed);
    return Array.from({ length: 50 }, (_, at) => slots.advance(at));
  }
  expect(walk(1)).toEqual(walk(1));
  expect(walk(1)).not.toEqual(walk(2));
});

test("commitments never go back and finality is 31 blocks deep", ({ expect }) => {
  const slots = createSlots(5);
  const view = new RpcView(slots, 0);
  let last = { confirmed: 0, finalized: 0 };
  for (let at = 0; at < 300; at++) {
    slots.advance(at);
    const [head, confirmed, finalized] = [
      view.block("processed"),
      view.block("confirmed"),
      view.block("finalized"),
    ];
    expect(confirmed.height).toBeGreaterThanOrEqual(last.confirmed);
    expect([1, 2]).toContain(head.height - confirmed.height);
    expect(head.height - finalized.height).toBe(31);
    last = { confirmed: confirmed.height, finalized: finalized.height };
  }
});

test("a lagging view sees the same chain later", ({ expect }) => {
  const slots = createSlots(9);
  const far = new RpcView(slots, 10);
  const seen = slots.head;
  for (let at = 0; at < 10; at++) slots.advance(at);
  expect(far.block("processed")).toEqual(seen);
  expect(far.commitmentOf(slots.head.slot)).toBeUndefined();
  expect(far.isBlockhashValid(slots.head.blockhash, "processed")).toBe(false);
  expect(far.behind(5).slotsBehindChain()).toBe(15);
});

test("a frozen view stands still until it thaws", ({ expect }) => {
  const slots = createSlots(9);
  const view = new RpcView(slots, 2);
  view.freeze();
  const seen = view.block("processed");
  for (let at = 0; at < 40; at++) slots.advance(at);
  expect(view.block("processed")).toEqual(seen);
  view.thaw();
  expect(view.slotsBehindChain()).toBe(2);
});
