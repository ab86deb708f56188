import type { Prng } from "@raptor/shared/seams/chance.ts";

const WILD_PART = 0.3;

/** By how much a price is multiplied, in basis points; gentle ones stay below `TICK_WILD_BPS`. */
export function drawMoveBps(prng: Prng, isGentle: boolean): number {
  if (isGentle) return 7_600 + prng.nextInt(5_000);
  const isWild = prng.nextFloat() < WILD_PART;
  return isWild ? 4_500 + prng.nextInt(18_000) : 9_500 + prng.nextInt(1_000);
}
