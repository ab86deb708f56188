import { PublicKey } from "@solana/web3.js";
import { pubkeyBytes } from "../plain-message.ts";
import { deriveAddress, StateReader, StateWriter, ZERO_KEY } from "./state-bytes.ts";

/** Raydium's oldest pools, which once traded on an order book that their swaps still name. */
export const V4_PROGRAM = "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8";
export const V4_MARKET_PROGRAM = "srmqPvymJeFKQ4zGQed1GFppgkRHL9kaELCbyksJtPX";
export const V4_AUTHORITY = deriveAddress(["amm authority"], V4_PROGRAM);

const POOL_BYTES = 752;
export const V4_MARKET_BYTES = 388;
const STATISTICS_BYTES = 128;

/** The two tokens are the coin and what it is priced in, the pc. */
export interface V4PoolState {
  status: bigint;
  decimals: readonly [number, number];
  /** Profits of the protocol, still in the vaults. */
  owed: readonly [bigint, bigint];
  vaults: readonly [string, string];
  mints: readonly [string, string];
  openOrders: string;
  market: string;
  targetOrders: string;
}

export interface V4MarketState {
  vaults: readonly [string, string];
  bids: string;
  asks: string;
  eventQueue: string;
}

export function encodeV4Pool(pool: V4PoolState): Uint8Array {
  const [coinDecimals, pcDecimals] = pool.decimals.map(BigInt) as [bigint, bigint];
  return new StateWriter()
    .u64(pool.status, 255n, 7n, 3n, coinDecimals, pcDecimals, 1n, 0n, 0n, 500n, 0n, 0n, 0n, 1n)
    .u64(1_000_000_000n, 1_000_000_000n)
    .u64(5n, 10_000n, 25n, 10_000n, 12n, 100n, 25n, 10_000n)
    .u64(...pool.owed)
    .raw(new Uint8Array(STATISTICS_BYTES))
    .key(...pool.vaults, ...pool.mints, ZERO_KEY, pool.openOrders, pool.market)
    .key(V4_MARKET_PROGRAM, pool.targetOrders)
    .bytes(POOL_BYTES);
}

export function parseV4Pool(bytes: Uint8Array): V4PoolState {
  const reader = new StateReader(bytes, 0);
  const status = reader.u64();
  const decimals = [Number(reader.skip(24).u64()), Number(reader.u64())] as const;
  const owed = [reader.skip(10 * 8 + 64).u64(), reader.u64()] as const;
  const vaults = [reader.skip(STATISTICS_BYTES).key(), reader.key()] as const;
  const mints = [reader.key(), reader.key()] as const;
  const [openOrders, market] = [reader.skip(32).key(), reader.key()];
  const targetOrders = reader.skip(32).key();
  return { status, decimals, owed, vaults, mints, openOrders, market, targetOrders };
}

/** An order book's account; only the addresses in it matter to a swap. */
export function encodeV4Market(address: string, market: V4MarketState): Uint8Array {
  return new StateWriter()
    .raw(Buffer.from("serum"))
    .u64(3n)
    .key(address)
    .u64(vaultNonce(address))
    .key(ZERO_KEY, ZERO_KEY, market.vaults[0])
    .u64(0n, 0n)
    .key(market.vaults[1])
    .u64(0n, 0n, 0n)
    .key(ZERO_KEY, market.eventQueue, market.bids, market.asks)
    .bytes(V4_MARKET_BYTES);
}

/** The first number with which nobody can hold a key of the vaults' owner. */
function vaultNonce(market: string): bigint {
  for (let nonce = 0; nonce < 256; nonce += 1) {
    const seeds = [pubkeyBytes(market), Uint8Array.of(nonce, 0, 0, 0, 0, 0, 0, 0)];
    try {
      PublicKey.createProgramAddressSync(seeds, new PublicKey(V4_MARKET_PROGRAM));
      return BigInt(nonce);
    } catch {
      // That address has a key; the next number gives another one.
    }
  }
  throw new Error("expected a nonce below 256");
}
