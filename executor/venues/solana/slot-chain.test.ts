import { describe, test } from "vitest";
import { SlotChain } from "./slot-chain.ts";

/** What was told, in its order: a slot and the one that its block stands on. */
function chainOf(...told: [slot: number, parent: number | undefined][]): SlotChain {
  const chain = new SlotChain();
  for (const [slot, parent] of told) chain.note(slot, parent);
  return chain;
}

describe("a slot", () => {
  test("has passed when a block on the next one is told of, not when the next one is", ({
    expect,
  }) => {
    const chain = chainOf([10, 9], [11, 10]);
    expect([chain.hasPassed(9), chain.hasPassed(10), chain.hasPassed(11)]).toEqual([
      true,
      false,
      false,
    ]);
    chain.note(12, 11);
    expect([chain.hasPassed(10), chain.hasPassed(11), chain.newest]).toEqual([true, false, 12]);
  });

  test("that the next block leaves out never passes, however far its chain goes", ({ expect }) => {
    const chain = chainOf([10, 9], [11, 9]);
    for (let slot = 12; slot < 20; slot++) {
      expect([chain.hasPassed(10), chain.hasSkipped(10), chain.hasGaps()]).toEqual([
        false,
        true,
        true,
      ]);
      chain.note(slot, slot - 1);
    }
    expect([chain.hasPassed(9), chain.hasPassed(11)]).toEqual([true, true]);
    expect([chain.hasSkipped(9), chain.hasSkipped(11), chain.hasSkipped(25)]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("has passed where nobody built those after it", ({ expect }) => {
    const chain = chainOf([10, 9], [14, 10]);
    expect([chain.hasPassed(10), chain.hasSkipped(10)]).toEqual([false, false]);
    chain.note(15, 14);
    expect([chain.hasPassed(10), chain.hasSkipped(10), chain.hasSkipped(12)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test("is judged by the chain of the newest slot, whichever was ahead before", ({ expect }) => {
    const chain = chainOf([10, 9], [11, 10], [12, 11]);
    expect([chain.hasPassed(10), chain.hasSkipped(10)]).toEqual([true, false]);
    chain.note(13, 9);
    expect([chain.hasPassed(10), chain.hasSkipped(10)]).toEqual([false, true]);
    chain.note(14, 12);
    expect([chain.hasPassed(10), chain.hasSkipped(10)]).toEqual([true, false]);
  });

  test("has not passed while one after it was never told of, which comes late at times", ({
    expect,
  }) => {
    for (const parent of [10, 9]) {
      const chain = chainOf([10, 9], [12, 11]);
      expect([chain.hasPassed(10), chain.hasSkipped(10)]).toEqual([false, false]);
      chain.note(11, parent);
      expect([chain.hasPassed(10), chain.hasSkipped(10)]).toEqual([parent === 10, parent === 9]);
      expect(chain.newest).toBe(12);
    }
  });

  test("neither passes nor is skipped where no parents are told, or such that cannot be", ({
    expect,
  }) => {
    for (const ahead of [undefined, 0, 5]) {
      const chain = new SlotChain();
      for (let slot = 10; slot < 20; slot++) {
        chain.note(slot, ahead === undefined ? undefined : slot + ahead);
      }
      expect([chain.hasPassed(12), chain.hasSkipped(12), chain.newest]).toEqual([false, false, 19]);
    }
  });

  test("is forgotten some seconds later, and at once with the connection", ({ expect }) => {
    const chain = new SlotChain();
    for (let slot = 10; slot < 1_000; slot++) chain.note(slot, slot === 980 ? 978 : slot - 1);
    expect([chain.hasPassed(990), chain.hasPassed(970)]).toEqual([true, false]);
    expect([chain.hasSkipped(979), chain.hasGaps()]).toEqual([false, false]);
    // What is told again from long ago takes the place of nothing.
    for (let slot = 10; slot < 900; slot++) chain.note(slot, slot - 1);
    expect(chain.hasPassed(990)).toBe(true);
    chain.reset();
    expect([chain.hasPassed(990), chain.newest]).toEqual([false, 0]);
  });
});
