import type { Keypair } from "@solana/web3.js";
import type { Chain } from "../chain.ts";
import type { Market, MarketQuote, MarketToken, VenueDesk } from "../market.ts";
import { generateKeypair, type PoolVenue } from "../market-tokens.ts";
import { NATIVE_MINT, TOKEN_PROGRAM } from "../token-accounts.ts";
import { createAmmBook, installAmmSettings, openAmmAccounts } from "./amm-book.ts";
import { createAmmProgram } from "./amm-program.ts";
import {
  completeCurve,
  createCurveBook,
  installCurveSettings,
  isCurveComplete,
  tillOf,
} from "./curve-book.ts";
import { createCpmmBook, installCpmmSettings } from "./cpmm-book.ts";
import { createCpmmProgram } from "./cpmm-program.ts";
import { encodeMigration } from "./migration-transaction.ts";
import { createPumpProgram } from "./pump-program.ts";
import { createV4Book } from "./v4-book.ts";
import { createV4Program } from "./v4-program.ts";
import {
  accessOf,
  type PoolAccess,
  type PoolChain,
  type RoutedParty,
  type RoutedSwap,
  type VenueBook,
} from "./venue-book.ts";

export type VenueChain = PoolChain &
  Pick<Chain, "registerModel" | "onSlot" | "submit" | "latestBlockhash">;

/** A full curve waits this long for whoever moves it. */
const MIGRATION_SLOTS = 25;
const TILL_LAMPORTS = 10_000_000_000_000_000n;
const PPM = 1_000_000n;

/**
 * The pools that belong to programs of their own: laid out on the chain, moved by the crowd,
 * traded directly or through the aggregator. The chain's accounts are the truth; the market's
 * tokens follow them.
 */
export class VenuePools implements VenueDesk {
  readonly till: RoutedParty["till"];
  readonly #chain: VenueChain;
  /** Signs the moves of full curves. */
  readonly #mover: Keypair;
  readonly #market: Market;
  readonly #books: ReadonlyMap<PoolVenue, VenueBook>;
  readonly #access: PoolAccess;
  /** Slots left until a full curve moves, by mint. */
  readonly #moving = new Map<string, number>();
  readonly #listeners: ((token: MarketToken) => void)[] = [];

  constructor(chain: VenueChain, market: Market, nowSeconds: () => bigint) {
    this.#chain = chain;
    this.#market = market;
    this.#access = accessOf(chain.accounts);
    this.#books = new Map<PoolVenue, VenueBook>([
      ["pump", createCurveBook(market.seed, nowSeconds)],
      ["pumpswap", createAmmBook((token) => virtualQuoteOf(market, token))],
      ["raydium-cpmm", createCpmmBook((token) => 1 + numberOf(market, token))],
      ["raydium-v4", createV4Book(market.seed, (token) => numberOf(market, token))],
    ]);
    this.#mover = generateKeypair(market.seed, "till");
    this.till = tillOf(this.#mover.publicKey.toBase58());
    this.#layOut();
    const shared = { nowSeconds, onTraded: (mint: string) => this.sync(mint) };
    const onMoved = (mint: string) => this.#adopt(mint);
    chain.registerModel(
      createPumpProgram({ ...shared, onMoved, mints: () => this.#mintsOf("pump") }),
    );
    chain.registerModel(createAmmProgram({ ...shared, mints: () => this.#mintsOf("pumpswap") }));
    const onTraded = (pool: string) => this.#syncPool(pool);
    chain.registerModel(createCpmmProgram(onTraded));
    chain.registerModel(createV4Program(onTraded));
    chain.onSlot(() => this.#moveDue());
  }

  get programs(): string[] {
    return [...this.#books.values()].map(({ program }) => program);
  }

  /** Called when a curve is full and when a token's pool is another one than before. */
  onMoved(listener: (token: MarketToken) => void): void {
    this.#listeners.push(listener);
  }

  /** @throws when the token trades in no pool of a venue */
  bookOf(token: MarketToken): VenueBook {
    const book = token.venue === undefined ? undefined : this.#books.get(token.venue);
    if (book === undefined) throw new Error(`expected a pool of a venue for ${token.mint}`);
    return book;
  }

  install(token: MarketToken): void {
    this.bookOf(token).install(this.#chain, token);
  }

  /** Writes what the crowd made of the reserves to the chain. */
  place(token: MarketToken): void {
    if (!token.isTrading) return;
    const isFull = token.venue === "pump" && token.quantity <= token.bounds.quantityMin;
    if (isFull) this.complete(token.mint);
    else this.bookOf(token).place(this.#chain, token);
  }

  /** Takes over what a transaction left in the pool. */
  sync(mint: string): void {
    const token = this.#find(mint);
    Object.assign(token, this.bookOf(token).read(this.#access, token));
    if (token.venue === "pump" && isCurveComplete(this.#access, token)) this.#close(token);
  }

  complete(mint: string): void {
    const token = this.#find(mint);
    if (token.venue !== "pump" || !token.isTrading) throw new RangeError("expected a live curve");
    completeCurve(this.#chain, token, this.bookOf(token));
    this.#close(token);
    this.#tell(token);
  }

  /** Sends the transaction that moves a full curve to its PumpSwap pool. */
  migrate(mint: string): void {
    const token = this.#find(mint);
    if (token.venue !== "pump" || token.isTrading) throw new RangeError("expected a full curve");
    openAmmAccounts(this.#chain, token);
    const tokenProgram = this.#access.ownerOf(mint) ?? TOKEN_PROGRAM;
    const { blockhash } = this.#chain.latestBlockhash();
    this.#chain.submit(encodeMigration(this.#mover, mint, tokenProgram, blockhash));
    // Once more if it does not arrive; a second one that does is refused.
    this.#moving.set(mint, MIGRATION_SLOTS);
  }

  swap(
    token: MarketToken,
    side: "buy" | "sell",
    quantityIn: bigint,
    access: PoolAccess = this.#access,
  ): RoutedSwap | undefined {
    if (!token.isTrading) return undefined;
    return this.bookOf(token).swap(access, token, side, quantityIn);
  }

  quote(token: MarketToken, side: "buy" | "sell", quantityIn: bigint): MarketQuote | undefined {
    const swap = this.swap(token, side, quantityIn);
    if (swap === undefined) return undefined;
    return quoteOf(token, quantityIn, swap);
  }

  /** Whoever may sign for a pool or the till, as far as the router's program is concerned. */
  has(pubkey: string): boolean {
    if (pubkey === this.till.owner) return true;
    return this.#market.tokens.some(
      (token) =>
        token.venue !== undefined && this.bookOf(token).accountsOf(token).authority === pubkey,
    );
  }

  #layOut(): void {
    const { seed, tokens } = this.#market;
    installCurveSettings(this.#chain, seed);
    installAmmSettings(this.#chain, seed);
    installCpmmSettings(this.#chain);
    this.#chain.setLamports(this.till.owner, TILL_LAMPORTS);
    this.#chain.createTokenAccount(this.till.owner, NATIVE_MINT);
    this.#chain.setTokenQuantity(this.till.wrapped, TILL_LAMPORTS);
    for (const token of tokens) if (token.venue !== undefined) this.bookOf(token).adopt(token);
    this.#market.attachVenues(this);
  }

  #adopt(mint: string): void {
    const token = this.#find(mint);
    this.#moving.delete(mint);
    token.venue = "pumpswap";
    const book = this.bookOf(token);
    book.adopt(token);
    Object.assign(token, book.read(this.#access, token));
    token.isTrading = true;
    this.#tell(token);
  }

  #tell(token: MarketToken): void {
    for (const listener of this.#listeners) listener(token);
  }

  #close(token: MarketToken): void {
    token.isTrading = false;
    this.#moving.set(token.mint, MIGRATION_SLOTS);
  }

  #moveDue(): void {
    for (const [mint, left] of this.#moving) {
      if (left > 0) this.#moving.set(mint, left - 1);
      else this.migrate(mint);
    }
  }

  #syncPool(pool: string): void {
    const token = this.#market.tokens.find((known) => known.pool === pool);
    if (token?.venue !== undefined) this.sync(token.mint);
  }

  *#mintsOf(venue: PoolVenue): Iterable<string> {
    for (const token of this.#market.tokens) if (token.venue === venue) yield token.mint;
  }

  #find(mint: string): MarketToken {
    const token = this.#market.find(mint);
    if (token?.venue === undefined) throw new RangeError("expected a token with a pool of a venue");
    return token;
  }
}

/** The router sees the pool's fees as part of the price. */
export function quoteOf(token: MarketToken, quantityIn: bigint, swap: RoutedSwap): MarketQuote {
  const isBuy = swap.side === "buy";
  const { lamports, quantity } = swap.before;
  const fair = isBuy ? (swap.netIn * quantity) / lamports : (swap.netIn * lamports) / quantity;
  const lost = fair > swap.netOut ? fair - swap.netOut : 0n;
  return {
    token,
    side: swap.side,
    quantityIn,
    vaultIn: swap.quantityIn,
    vaultOut: swap.quantityOut,
    quantityOut: swap.quantityOut,
    priceImpactPpm: fair > 0n ? Number((lost * PPM) / fair) : 0,
  };
}

/** How many tokens of the same venue were listed before this one. */
function numberOf(market: Market, token: MarketToken): number {
  return market.tokens.filter(({ spec }) => spec.venue === token.spec.venue).indexOf(token);
}

/** One pool in three prices with a virtual part, one of them below zero as boosted pools do. */
function virtualQuoteOf(market: Market, token: MarketToken): bigint {
  if (token.spec.venue !== "pumpswap") return 0n;
  const at = numberOf(market, token);
  if (at === 1) return token.spec.lamportsAtStart / 10n;
  return at === 2 ? -(token.spec.lamportsAtStart / 10n) : 0n;
}
