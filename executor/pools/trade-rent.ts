import type { DirectPool, PoolSide } from "./direct-pool.ts";

/** Lamports that an account of so many bytes has to hold, its 128 bytes of upkeep included. */
function rentOf(bytes: number): bigint {
  return BigInt(128 + bytes) * 6_960n;
}

/** An account for wrapped SOL, always of the classic token program. */
const WRAPPED_ACCOUNT = rentOf(165);
/** The programs count volume per trader, in an account of the trader's own. */
const VOLUME_ACCOUNT = rentOf(137);
/** Keeps a creator's fees, and nothing but lamports. */
const CREATOR_VAULT = rentOf(0);
/** From the shortest curve to the longest: a trade brings an old one up to date. */
const CURVE_GROWTH = rentOf(166) - rentOf(49);

/**
 * Most that a trade can cost the wallet beside its amounts and the network's fee: the programs open
 * accounts at the trader's expense where nobody was before, of a sell as of a buy. The wallet's own
 * token accounts are not in it. Bounds from the programs' documents; mostly nothing is due.
 */
export function rentLamportsMax(pool: DirectPool, side: PoolSide): bigint {
  switch (pool.kind) {
    case "pump": {
      const cashback = pool.curve.isCashbackCoin ? WRAPPED_ACCOUNT : 0n;
      return VOLUME_ACCOUNT + CREATOR_VAULT + CURVE_GROWTH + cashback;
    }
    case "pumpswap": {
      // For the creator, and for whoever takes the protocol's fee.
      const vaults = 2n * WRAPPED_ACCOUNT;
      const { isCashbackCoin } = pool.account;
      const cashback = isCashbackCoin ? WRAPPED_ACCOUNT : 0n;
      return vaults + cashback + (side === "buy" || isCashbackCoin ? VOLUME_ACCOUNT : 0n);
    }
    case "raydium-cpmm":
    case "raydium-v4":
      return 0n;
  }
}
