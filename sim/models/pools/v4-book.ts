import { generateKeypair } from "../market-tokens.ts";
import type { MarketToken } from "../market.ts";
import { NATIVE_MINT, TOKEN_PROGRAM } from "../token-accounts.ts";
import { swapVaults } from "./cpmm-book.ts";
import {
  encodeV4Market,
  encodeV4Pool,
  parseV4Pool,
  V4_AUTHORITY,
  V4_MARKET_BYTES,
  V4_MARKET_PROGRAM,
  V4_PROGRAM,
  type V4PoolState,
} from "./v4-accounts.ts";
import { swapV4 } from "./v4-program.ts";
import { createVault } from "./vault-account.ts";
import type { PoolAccess, PoolChain, VenueBook } from "./venue-book.ts";

/** Created, and swaps without an order book. */
const SWAP_ONLY = 6n;
/** Profits that nobody has collected yet: whoever takes the vaults for the reserves is wrong. */
const OWED = [3_456_789n, 2_345_678n] as const;
const FEE_NUMERATOR = 25n;
const FEE_DENOMINATOR = 10_000n;

/** `numberOf` counts a venue's tokens: in every other pool SOL is the coin. */
export function createV4Book(seed: number, numberOf: (token: MarketToken) => number): VenueBook {
  const named = (token: MarketToken, name: string) =>
    generateKeypair(seed, `v4:${token.mint}:${name}`).publicKey.toBase58();
  return {
    program: V4_PROGRAM,
    label: "Raydium",
    adopt(token) {
      // The pool keeps the address that the token was listed with; nothing derives it.
      token.crowdQuantity -= OWED[isSolCoin(numberOf(token)) ? 1 : 0];
    },
    install(chain, token) {
      const pool = startOf(token, numberOf(token), (name) => named(token, name));
      chain.setAccount(token.pool, { owner: V4_PROGRAM, data: encodeV4Pool(pool) });
      installMarket(chain, token, pool, (name) => named(token, name));
      for (const at of [0, 1] as const) {
        const kind = { mint: pool.mints[at], tokenProgram: TOKEN_PROGRAM, owner: V4_AUTHORITY };
        createVault(chain, pool.vaults[at], kind);
      }
      this.place(chain, token);
    },
    place(chain, token) {
      const pool = parseV4Pool(chain.accounts.current(token.pool)?.data ?? new Uint8Array());
      for (const at of [0, 1] as const) {
        const reserve = pool.mints[at] === NATIVE_MINT ? token.lamports : token.quantity;
        chain.setTokenQuantity(pool.vaults[at], reserve + pool.owed[at]);
      }
    },
    read(access, token) {
      const pool = parseV4Pool(access.dataOf(token.pool) ?? new Uint8Array());
      const solAt = pool.mints[0] === NATIVE_MINT ? 0 : 1;
      return {
        lamports: reserveOf(access, pool, solAt),
        quantity: reserveOf(access, pool, solAt === 0 ? 1 : 0),
      };
    },
    accountsOf(token) {
      const isSolFirst = isSolCoin(numberOf(token));
      return {
        solVault: named(token, isSolFirst ? "coin vault" : "pc vault"),
        tokenVault: named(token, isSolFirst ? "pc vault" : "coin vault"),
        authority: V4_AUTHORITY,
      };
    },
    swap: routeV4,
  };
}

function isSolCoin(number: number): boolean {
  return number % 2 === 1;
}

function startOf(token: MarketToken, number: number, named: (name: string) => string): V4PoolState {
  const isSolFirst = isSolCoin(number);
  return {
    status: SWAP_ONLY,
    decimals: isSolFirst ? [9, token.spec.decimals] : [token.spec.decimals, 9],
    owed: OWED,
    vaults: [named("coin vault"), named("pc vault")],
    mints: isSolFirst ? [NATIVE_MINT, token.mint] : [token.mint, NATIVE_MINT],
    openOrders: named("open orders"),
    market: named("market"),
    targetOrders: named("target orders"),
  };
}

function installMarket(
  chain: PoolChain,
  token: MarketToken,
  pool: V4PoolState,
  named: (name: string) => string,
): void {
  const data = encodeV4Market(pool.market, {
    vaults: [named("market coin vault"), named("market pc vault")],
    bids: named("bids"),
    asks: named("asks"),
    eventQueue: named("event queue"),
  });
  chain.setAccount(pool.market, { owner: V4_MARKET_PROGRAM, data });
  const empty = new Uint8Array(V4_MARKET_BYTES);
  for (const name of ["bids", "asks", "event queue"]) {
    chain.setAccount(named(name), { owner: V4_MARKET_PROGRAM, data: empty });
  }
  for (const name of ["open orders", "target orders"]) {
    chain.setAccount(named(name), { owner: V4_PROGRAM, data: empty });
  }
  const vaults = [
    [named("market coin vault"), pool.mints[0]],
    [named("market pc vault"), pool.mints[1]],
  ] as const;
  for (const [vault, mint] of vaults) {
    createVault(chain, vault, { mint, tokenProgram: TOKEN_PROGRAM, owner: token.poolAuthority });
  }
}

function reserveOf(access: PoolAccess, pool: V4PoolState, at: 0 | 1): bigint {
  return (access.tokenAmountOf(pool.vaults[at]) ?? 0n) - pool.owed[at];
}

function routeV4(
  access: PoolAccess,
  token: MarketToken,
  side: "buy" | "sell",
  quantityIn: bigint,
): ReturnType<VenueBook["swap"]> {
  const data = access.dataOf(token.pool);
  if (data === undefined || quantityIn <= 0n) return undefined;
  const pool = parseV4Pool(data);
  const solAt = pool.mints[0] === NATIVE_MINT ? 0 : 1;
  const inAt = (side === "buy") === (solAt === 0) ? 0 : 1;
  const outAt = inAt === 0 ? 1 : 0;
  const reserves = { in: reserveOf(access, pool, inAt), out: reserveOf(access, pool, outAt) };
  if (reserves.in <= 0n || reserves.out <= 0n) return undefined;
  const quantityOut = swapV4(quantityIn, reserves.in, reserves.out);
  if (quantityOut <= 0n) return undefined;
  const fee = (quantityIn * FEE_NUMERATOR + FEE_DENOMINATOR - 1n) / FEE_DENOMINATOR;
  const vaults = { in: pool.vaults[inAt], out: pool.vaults[outAt] };
  const isBuy = side === "buy";
  return {
    side,
    quantityIn,
    quantityOut,
    netIn: quantityIn - fee,
    netOut: quantityOut,
    before: {
      lamports: isBuy ? reserves.in : reserves.out,
      quantity: isBuy ? reserves.out : reserves.in,
    },
    legs: (party) => ({
      ...swapVaults(token, side, party, {
        authority: V4_AUTHORITY,
        vaults,
        quantityIn,
        quantityOut,
      }),
      writes: [],
      events: [],
    }),
  };
}
