import { BPS_ONE } from "./pool-math.ts";
import type { LedgerPools } from "./ledger-pools.ts";
import { PriceHistory } from "./price-history.ts";
import { NATIVE_MINT } from "./token-accounts.ts";

export interface LedgerToken {
  mint: string;
  symbol: string;
  decimals: number;
  /** Lamports per base unit, times a thousand million. */
  priceE9: bigint;
  /** No swap finds a counterpart while this is set. */
  isDry: boolean;
}

const ENDLESS = 1e30;
const PRICE_SCALE = 1_000_000_000n;
/** No program of the chain can name a larger amount. */
const U64_MAX = 2n ** 64n - 1n;
/** What an endless pool keeps of every swap. */
const SPREAD_BPS = 25n;

/** Prices that somebody sets, and pools that never run out. */
export class LedgerMarket {
  readonly #tokens = new Map<string, LedgerToken>();
  solUsd = 150;
  /** Where some tokens have pools of real programs: these tell their prices. */
  pools: LedgerPools | undefined;
  readonly history = new PriceHistory();

  constructor(tokens: readonly LedgerToken[]) {
    for (const token of tokens) {
      this.#tokens.set(token.mint, { ...token });
      // Without a price of its own it has a pool's, which is told apart.
      if (token.priceE9 > 0n) this.history.note(token.mint, Number(token.priceE9) / 1e9, ENDLESS);
    }
  }

  tokens(): LedgerToken[] {
    return [...this.#tokens.values()];
  }

  find(mint: string): LedgerToken | undefined {
    return this.#tokens.get(mint);
  }

  /** Multiplies a price by `bps` / 10,000. */
  move(mint: string, bps: number): void {
    const token = this.#tokens.get(mint);
    if (token === undefined) throw new Error(`expected a listed mint, was ${mint}`);
    if (this.pools?.has(mint) === true) return this.pools.move(mint, bps);
    this.history.note(mint, Number(token.priceE9) / 1e9, ENDLESS);
    const moved = (token.priceE9 * BigInt(bps)) / BPS_ONE;
    token.priceE9 = moved > 1_000n ? moved : 1_000n;
    this.history.note(mint, Number(token.priceE9) / 1e9, ENDLESS);
  }

  usdPrice(mint: string): number | undefined {
    if (mint === NATIVE_MINT) return this.solUsd;
    const token = this.#tokens.get(mint);
    if (token === undefined) return undefined;
    const isPooled = this.pools?.has(mint) === true;
    const perUnit = isPooled ? this.pools?.priceOf(mint) : Number(token.priceE9) / 1e9;
    return (((perUnit ?? 0) * 10 ** token.decimals) / 1e9) * this.solUsd;
  }

  /** Base units of the output; undefined when nobody trades this. */
  quote(inputMint: string, outputMint: string, quantityIn: bigint): bigint | undefined {
    const isBuy = inputMint === NATIVE_MINT;
    const token = this.#tokens.get(isBuy ? outputMint : inputMint);
    if (token === undefined || token.isDry || quantityIn <= 0n) return undefined;
    if (!isBuy && outputMint !== NATIVE_MINT) return undefined;
    if (this.pools?.has(token.mint) === true) {
      return this.pools.swap(token.mint, isBuy ? "buy" : "sell", quantityIn)?.quantityOut;
    }
    const kept = (quantityIn * (BPS_ONE - SPREAD_BPS)) / BPS_ONE;
    const out = isBuy ? (kept * PRICE_SCALE) / token.priceE9 : (kept * token.priceE9) / PRICE_SCALE;
    return out > 0n && out <= U64_MAX && quantityIn <= U64_MAX ? out : undefined;
  }
}
