import type { ChainAccount } from "./account-history.ts";
import type { LedgerChain } from "./ledger-chain.ts";
import { meanVenueLegs, partyOf, type VenueLegs } from "./jupiter-venue.ts";
import { accessOfShelf, type AccountShelf, poolChainOf } from "./ledger-pool-chain.ts";
import { type PoolBooks, type PooledToken, poolWorld } from "./ledger-pool-world.ts";
import type { MarketToken } from "./market.ts";
import { priceE9Of, tradeTo } from "./market-moves.ts";
import { BPS_ONE } from "./pool-math.ts";
import { AMM_PROGRAM, ammPoolAddress } from "./pools/amm-accounts.ts";
import { openAmmAccounts } from "./pools/amm-book.ts";
import { createAmmProgram } from "./pools/amm-program.ts";
import { createCpmmProgram } from "./pools/cpmm-program.ts";
import { completeCurve, isCurveComplete } from "./pools/curve-book.ts";
import { encodeMigration } from "./pools/migration-transaction.ts";
import { createPumpProgram } from "./pools/pump-program.ts";
import type { PoolAccess, RoutedSwap, VenueBook } from "./pools/venue-book.ts";
import type { ProgramModel } from "./program-model.ts";
import { TOKEN_PROGRAM } from "./token-accounts.ts";

/** A full curve waits this long for whoever moves it; then it is tried again as often. */
const MIGRATION_SLOTS = 25;

interface Trading {
  token: MarketToken;
  book: VenueBook;
}

/**
 * Pools of real programs on a ledger: the same books and programs as on the virtual machine. What
 * they are follows from the chain's accounts alone, so that a fork takes trades, prices and moves
 * of full curves back.
 */
export class LedgerPools {
  readonly programs: ReadonlyMap<string, ProgramModel>;
  readonly #chain: LedgerChain;
  readonly #books: PoolBooks;
  readonly #tokens: ReadonlyMap<string, PooledToken>;
  readonly #shelf: AccountShelf;
  readonly #triedAtSlot = new Map<string, number>();
  readonly #moved = new Set<string>();
  /** Called once for every curve that became its pool. */
  onMoved: (mint: string) => void = () => undefined;

  constructor(chain: LedgerChain, nowSeconds: () => bigint) {
    const { books, tokens, accounts } = poolWorld(nowSeconds);
    this.#chain = chain;
    this.#books = books;
    this.#tokens = tokens;
    this.#shelf = {
      get: (pubkey) => this.#read(pubkey),
      put: (pubkey, account) => chain.putAccount(pubkey, account),
    };
    // From the first slot on, so that no fork takes a pool away that nobody made.
    for (const [pubkey, account] of accounts) chain.accounts.write(pubkey, 0, account);
    const mintsOf = (kinds: readonly PooledToken["kind"][]) => () =>
      [...tokens.values()].filter(({ kind }) => kinds.includes(kind)).map(({ mint }) => mint);
    const programs = [
      createPumpProgram({ nowSeconds, mints: mintsOf(["pump"]) }),
      createAmmProgram({ nowSeconds, mints: mintsOf(["pump", "pumpswap"]) }),
      createCpmmProgram(() => undefined),
    ];
    this.programs = new Map(programs.map((program) => [program.programId, program]));
  }

  has(mint: string): boolean {
    return this.#tokens.has(mint);
  }

  /** Lamports per base unit. */
  priceOf(mint: string): number {
    const { token } = this.#current(mint);
    return Number(token.lamports) / Number(token.quantity);
  }

  /** Of the account that is its pool now. */
  addressOf(mint: string): string {
    return this.#current(mint).token.pool;
  }

  /** The crowd trades the price to `bps` / 10,000 of what it is; a full curve stands still. */
  move(mint: string, bps: number): void {
    const { token, book } = this.#current(mint);
    if (!token.isTrading) return;
    this.noteAll();
    tradeTo(token, (priceE9Of(token) * BigInt(bps)) / BPS_ONE, token.bounds.quantityKept);
    book.place(poolChainOf(this.#shelf), token);
    this.noteAll();
  }

  /** What all pools show now goes into the history: before and after whatever changes them. */
  noteAll(): void {
    for (const mint of this.#tokens.keys()) {
      const { lamports, quantity } = this.#current(mint).token;
      const price = Number(lamports) / Number(quantity);
      if (quantity > 0n) this.#chain.market.history.note(mint, price, Number(quantity));
    }
  }

  /** The crowd buys the last token of a curve. @returns whether there was one */
  complete(mint: string): boolean {
    const { token, book } = this.#current(mint);
    if (token.venue !== "pump" || !token.isTrading) return false;
    completeCurve(poolChainOf(this.#shelf), token, book);
    this.noteAll();
    return true;
  }

  /** What its pool gives over these accounts; undefined when it trades nothing. */
  swap(
    mint: string,
    side: "buy" | "sell",
    quantityIn: bigint,
    access: PoolAccess = accessOfShelf(this.#shelf),
  ): RoutedSwap | undefined {
    const { token, book } = this.#current(mint, access);
    return token.isTrading ? book.swap(access, token, side, quantityIn) : undefined;
  }

  /** The same as a router carries it out. */
  legs(
    swap: RoutedSwap,
    taker: { authority: string; source: string; destination: string },
  ): VenueLegs {
    const party = partyOf(taker, swap.side, this.#books.till);
    return meanVenueLegs(swap, party, { quantity: 0n, account: undefined });
  }

  /** Once a slot: whoever moves full curves does so after a while. */
  tick(): void {
    const { slot } = this.#chain.slots;
    for (const { mint, kind } of this.#tokens.values()) {
      if (kind !== "pump") continue;
      const { token } = this.#current(mint);
      if (token.isTrading) {
        this.#triedAtSlot.delete(mint);
        if (token.venue === "pump" || this.#moved.has(mint)) continue;
        this.#moved.add(mint);
        this.onMoved(mint);
        continue;
      }
      const tried = this.#triedAtSlot.get(mint);
      if (tried !== undefined && slot - tried < MIGRATION_SLOTS) continue;
      this.#triedAtSlot.set(mint, slot);
      if (tried !== undefined) this.#migrate(token);
    }
  }

  #migrate(token: MarketToken): void {
    openAmmAccounts(poolChainOf(this.#shelf), token);
    const { blockhash } = this.#chain.slots.head;
    const wire = encodeMigration(this.#books.mover, token.mint, TOKEN_PROGRAM, blockhash);
    this.#chain.submit(Buffer.from(wire).toString("base64"));
  }

  #read(pubkey: string): ChainAccount | undefined {
    return this.#chain.accounts.at(pubkey, this.#chain.slots.slot);
  }

  /** The token as these accounts have it, at the pool where it trades by them. */
  #current(mint: string, access: PoolAccess = accessOfShelf(this.#shelf)): Trading {
    const pooled = this.#tokens.get(mint);
    if (pooled === undefined) throw new Error(`expected a token with a pool, was ${mint}`);
    const isMoved = pooled.kind === "pump" && access.ownerOf(ammPoolAddress(mint)) === AMM_PROGRAM;
    const start = isMoved ? (pooled.moved ?? pooled.start) : pooled.start;
    const book = this.#books.of[isMoved ? "pumpswap" : pooled.kind];
    const token: MarketToken = { ...start, ...book.read(access, start) };
    token.crowdQuantity = token.bounds.quantityMax - token.quantity;
    token.isTrading = isMoved || pooled.kind !== "pump" || !isCurveComplete(access, token);
    return { token, book };
  }
}
