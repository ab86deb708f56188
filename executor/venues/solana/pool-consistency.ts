import type { PoolCommon, PoolRef } from "../../pools/direct-pool.ts";

/** When the state of one of a pool's reserves is from, and how we know it. */
export interface ReserveMoment {
  slot: number;
  isSnapshot: boolean;
}

type Reserves = Pick<PoolCommon, "baseReserve" | "quoteReserve">;

/** So much a product of reserves grows by the fees of all swaps between two looks, at most. */
const PRODUCT_GROWTH_BPS_MAX = 500n;
/** Rounding, and fees that are taken out of a reserve a moment later than the trade is put in. */
const PRODUCT_LOSS_BPS_MAX = 200n;
/** A single reserve that moves by less moves the price by less: nothing that a rule waits for. */
const ONE_SIDED_BPS_MAX = 100n;
const BPS = 10_000n;

/** The accounts whose balances are a pool's reserves, as they stand among what is watched. */
export function reserveAddresses({ kind, address, watch }: PoolRef): readonly string[] {
  switch (kind) {
    case "pump":
      return [address];
    case "pumpswap":
    case "raydium-cpmm":
    case "raydium-v4":
      return watch.slice(1, 3);
  }
}

/**
 * Whether reserves that came one by one belong together. Both must be of one slot; and what both
 * say must be what swaps do, or have been read in one poll. A mixture of two moments between which
 * there were only swaps is priced between the two, so it fakes no jump; but liquidity that is put
 * in or taken out halfway looks like one, and the least output would be computed from it.
 */
export function isConsistent(
  moments: readonly ReserveMoment[],
  last: Reserves | undefined,
  next: Reserves,
): boolean {
  const [first, ...others] = moments;
  if (first === undefined) return false;
  if (others.some(({ slot }) => slot !== first.slot)) return false;
  if (others.length === 0 || moments.every(({ isSnapshot }) => isSnapshot)) return true;
  return last === undefined || isSwapLike(last, next);
}

function isSwapLike(last: Reserves, next: Reserves): boolean {
  const baseMoved = next.baseReserve - last.baseReserve;
  const quoteMoved = next.quoteReserve - last.quoteReserve;
  if (baseMoved === 0n) return isSmall(quoteMoved, last.quoteReserve);
  if (quoteMoved === 0n) return isSmall(baseMoved, last.baseReserve);
  if (baseMoved > 0n === quoteMoved > 0n) return false;
  const before = last.baseReserve * last.quoteReserve;
  const moved = next.baseReserve * next.quoteReserve - before;
  return (
    moved * BPS <= before * PRODUCT_GROWTH_BPS_MAX && -moved * BPS <= before * PRODUCT_LOSS_BPS_MAX
  );
}

function isSmall(moved: bigint, of: bigint): boolean {
  return (moved < 0n ? -moved : moved) * BPS <= of * ONE_SIDED_BPS_MAX;
}
