import { BPS_ONE } from "@raptor/shared/values/money.ts";

/**
 * Holds back a price that differs wildly from the last one until a second look. The second look
 * decides whatever it says, but the price that counts is its own: one wrong tick fires nothing,
 * and a real collapse is late by one request.
 */
export interface JumpGuard {
  /** False: ask once more. `last` is undefined when there is nothing to compare with. */
  accepts(instrument: string, last: bigint | undefined, next: bigint): boolean;
  forget(instrument: string): void;
}

export function createJumpGuard(jumpBpsMax: number): JumpGuard {
  const doubted = new Set<string>();
  return {
    accepts(instrument, last, next) {
      if (last === undefined || !isJump(last, next, jumpBpsMax) || doubted.delete(instrument)) {
        doubted.delete(instrument);
        return true;
      }
      doubted.add(instrument);
      return false;
    },
    forget(instrument) {
      doubted.delete(instrument);
    },
  };
}

/** By how much the larger of the two exceeds the smaller: the same measure up and down. */
function isJump(last: bigint, next: bigint, jumpBpsMax: number): boolean {
  const [small, large] = last < next ? [last, next] : [next, last];
  return (large - small) * BPS_ONE > large * BigInt(jumpBpsMax);
}
