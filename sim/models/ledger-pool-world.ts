import type { Keypair } from "@solana/web3.js";
import type { ChainAccount } from "./account-history.ts";
import type { LedgerToken } from "./ledger-market.ts";
import { poolChainOf } from "./ledger-pool-chain.ts";
import { listToken, type MarketToken } from "./market.ts";
import { generateKeypair, type TokenSpec } from "./market-tokens.ts";
import { createAmmBook, installAmmSettings } from "./pools/amm-book.ts";
import { createCpmmBook, installCpmmSettings } from "./pools/cpmm-book.ts";
import { createCurveBook, installCurveSettings, tillOf } from "./pools/curve-book.ts";
import { CURVE_START } from "./pools/pump-accounts.ts";
import type { RoutedParty, VenueBook } from "./pools/venue-book.ts";
import { encodeMint, NATIVE_MINT, TOKEN_PROGRAM } from "./token-accounts.ts";

type PooledKind = "pump" | "pumpswap" | "raydium-cpmm";

/** A token of which a pool exists from the first slot on. */
export interface PooledToken {
  mint: string;
  kind: PooledKind;
  start: MarketToken;
  /** At the pool that its curve becomes. */
  moved: MarketToken | undefined;
}

export interface PoolBooks {
  of: Readonly<Record<PooledKind, VenueBook>>;
  /** Moves full curves, and stands between wrapped and plain SOL. */
  mover: Keypair;
  till: RoutedParty["till"];
}

export interface PoolWorld {
  books: PoolBooks;
  tokens: ReadonlyMap<string, PooledToken>;
  /** Everything that lies on the chain at first. */
  accounts: ReadonlyMap<string, ChainAccount>;
}

/** One for all seeds: keys are drawn and pools are laid out once in a process. */
const WORLD_SEED = 0x9001;
const SUPPLY = 1_000_000_000_000_000n;
const DECIMALS = 6;
const TILL_LAMPORTS = 10_000_000_000_000_000n;
/** Whoever holds some can sell it back whatever the crowd does: a part of the curve stays sold. */
const SOLD_MIN_PERCENT = 20n;
const CURVE_QUANTITY = 600_000_000_000_000n;

const KINDS: readonly { symbol: string; kind: PooledKind; lamports: bigint; quantity: bigint }[] = [
  {
    symbol: "CURV",
    kind: "pump",
    quantity: CURVE_QUANTITY,
    lamports: (CURVE_START.virtualToken * CURVE_START.virtualQuote) / CURVE_QUANTITY + 1n,
  },
  { symbol: "SWAP", kind: "pumpswap", quantity: SUPPLY / 5n, lamports: 400_000_000_000n },
  { symbol: "CPMM", kind: "raydium-cpmm", quantity: SUPPLY / 4n, lamports: 900_000_000_000n },
];

let laidOut: Pick<PoolWorld, "tokens" | "accounts"> | undefined;
let mover: Keypair | undefined;

/** The tokens as the market lists them. */
export function pooledTokens(): LedgerToken[] {
  return [...poolWorld(() => 0n).tokens.values()].map(({ mint, start }) => ({
    mint,
    symbol: start.spec.symbol,
    decimals: DECIMALS,
    // Told by its pool alone.
    priceE9: 0n,
    isDry: false,
  }));
}

export function poolWorld(nowSeconds: () => bigint): PoolWorld {
  mover ??= generateKeypair(WORLD_SEED, "till");
  const of = {
    pump: createCurveBook(WORLD_SEED, nowSeconds),
    pumpswap: createAmmBook(() => 0n),
    "raydium-cpmm": createCpmmBook(() => 1),
  };
  const books = { of, mover, till: tillOf(mover.publicKey.toBase58()) };
  laidOut ??= layOut(books);
  return { books, ...laidOut };
}

function layOut({ of, till }: PoolBooks): Pick<PoolWorld, "tokens" | "accounts"> {
  const accounts = new Map<string, ChainAccount>();
  const chain = poolChainOf({
    get: (pubkey) => accounts.get(pubkey),
    put: (pubkey, account) => void accounts.set(pubkey, account),
  });
  installCurveSettings(chain, WORLD_SEED);
  installAmmSettings(chain, WORLD_SEED);
  installCpmmSettings(chain);
  chain.setLamports(till.owner, TILL_LAMPORTS);
  chain.createTokenAccount(till.owner, NATIVE_MINT);
  chain.setTokenQuantity(till.wrapped, TILL_LAMPORTS);
  const tokens = new Map<string, PooledToken>();
  for (const [at, listed] of KINDS.entries()) {
    const spec = specOf(listed, at);
    const { kind } = listed;
    const token = listToken(spec, 0);
    chain.setAccount(token.mint, { owner: TOKEN_PROGRAM, data: mintOf(spec) });
    const moved = kind === "pump" ? listToken({ ...spec, venue: "pumpswap" }, 0) : undefined;
    of[kind].adopt(token);
    if (moved !== undefined) of.pumpswap.adopt(moved);
    if (kind === "pump") leaveSold(token);
    of[kind].install(chain, token);
    tokens.set(token.mint, { mint: token.mint, kind, start: token, moved });
  }
  return { tokens, accounts };
}

function leaveSold(token: MarketToken): void {
  const quantityMax = (CURVE_START.virtualToken * (100n - SOLD_MIN_PERCENT)) / 100n;
  token.bounds = { ...token.bounds, quantityMax };
}

function specOf({ symbol, kind, lamports, quantity }: (typeof KINDS)[number], at: number) {
  const key = (label: string): Keypair => generateKeypair(WORLD_SEED, `${label}:${at}`);
  const spec: TokenSpec = {
    kind: kind === "pump" ? "pump-curve" : kind,
    venue: kind,
    symbol,
    name: `Token ${symbol}`,
    decimals: DECIMALS,
    tokenProgram: "token",
    supply: SUPPLY,
    mint: key("mint"),
    pool: key("pool"),
    poolAuthority: key("pool-authority"),
    dev: key("dev"),
    lamportsAtStart: lamports,
    quantityAtStart: quantity,
    transferFeeBps: 0,
    ageMs: 0,
    drift: 0,
    volatility: 0,
    holderCount: 900,
    organicScore: 80,
  };
  return spec;
}

function mintOf({ decimals, supply }: TokenSpec): Uint8Array {
  return encodeMint({
    decimals,
    tokenProgram: "token",
    supply,
    holder: TOKEN_PROGRAM,
    mintAuthority: null,
    freezeAuthority: null,
  });
}
