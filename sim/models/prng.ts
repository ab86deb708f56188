import type { Prng } from "@raptor/shared/seams/chance.ts";

/** splitmix32: tiny, seedable, good enough for worlds; never for secrets. */
export function createPrng(seed: number): Prng {
  let state = seed >>> 0;
  function nextU32(): number {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }
  return {
    nextFloat: () => nextU32() / 0x1_0000_0000,
    nextInt: (bound) => Math.floor((nextU32() / 0x1_0000_0000) * bound),
  };
}

/** A child generator whose stream depends only on the seed and the label, not on call order. */
export function createNamedPrng(seed: number, label: string): Prng {
  let hash = 0x811c9dc5;
  for (const char of `${seed}:${label}`) {
    hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  }
  return createPrng(hash);
}
