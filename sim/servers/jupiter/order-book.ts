import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { MarketQuote } from "../../models/market.ts";

/** An order that was answered and may come back signed. */
export interface CachedOrder {
  router: "metis" | "jupiterz";
  wire: Uint8Array;
  lastValidBlockHeight: number;
  expireAtMs: number;
  quote: MarketQuote;
  shownOut: bigint;
  feeBps: number;
  /** The taker's account that the swap pays into. */
  destination: string;
  inputMint: string;
  outputMint: string;
}

/** More than a minute of orders at the fastest plan that a stand-in is asked to serve. */
const ORDERS_MAX = 10_000;

export class OrderBook {
  readonly #prng: Prng;
  readonly #orders = new Map<string, CachedOrder>();

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  /** Returns the id under which the signed transaction must come back. */
  add(order: CachedOrder): string {
    const hex = Array.from({ length: 32 }, () => this.#prng.nextInt(16).toString(16)).join("");
    const requestId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    this.#orders.set(requestId, order);
    const oldest = this.#orders.keys().next();
    if (this.#orders.size > ORDERS_MAX && oldest.done !== true) this.#orders.delete(oldest.value);
    return requestId;
  }

  find(requestId: string): CachedOrder | undefined {
    return this.#orders.get(requestId);
  }
}
