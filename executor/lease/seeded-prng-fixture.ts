import type { Prng } from "@raptor/shared/seams/chance.ts";

const STEP = 0x6d2b_79f5;

/** Repeatable chance for tests: a counter whose bits are mixed. */
export function createSeededPrng(seed: number): Prng {
  let counter = Math.imul(seed, 0x9e37_79b1) >>> 0;
  function nextFloat(): number {
    counter = (counter + STEP) >>> 0;
    let mixed = Math.imul(counter ^ (counter >>> 15), counter | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  return { nextFloat, nextInt: (bound) => Math.floor(nextFloat() * bound) };
}
