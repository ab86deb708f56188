import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { type DirectPool, type PoolQuote, quotePool } from "../../pools/direct-pool.ts";
import type { Route, RouteRequest } from "../../ports/venue.ts";
import { minimumOut } from "./check-build.ts";
import { inputMintOf, outputMintOf } from "./swap-route.ts";

/** The state of a pool that a route was made from. */
export interface PoolState {
  pool: DirectPool;
  /** Of the newest account that went into it. */
  slot: number;
  atMonotonicMs: number;
}

/** What is shown of the way that a trade takes. */
const LABELS: Readonly<Record<DirectPool["kind"], string>> = {
  pump: "pump.fun",
  pumpswap: "PumpSwap",
  "raydium-cpmm": "Raydium",
  "raydium-v4": "Raydium",
};

/** What `fetchRoute` hands to `prepare` for a trade without an aggregator; only made here. */
export class DirectRoute {
  readonly request: RouteRequest;
  readonly state: PoolState;
  readonly quote: PoolQuote;

  constructor(request: RouteRequest, state: PoolState, quote: PoolQuote) {
    this.request = request;
    this.state = state;
    this.quote = quote;
  }
}

/**
 * A quote from the pool's own state, computed as its program does. The least output is that quote
 * less the slippage, so that it comes from the very update that is at hand.
 * @throws RAPTOR_VENUE__TOO_SMALL when the trade gives nothing; RAPTOR_VENUE__NO_ROUTE when a buy
 * is too large for what the pool has left: some versions of its program refuse that, and another
 * way gets the rest.
 */
export function createDirectRoute(request: RouteRequest, state: PoolState): Route {
  const { pool } = state;
  const quote = quotePool(pool, request.side, request.quantityIn);
  if (quote.quantityInUsed < request.quantityIn) {
    throw new RaptorError("RAPTOR_VENUE__NO_ROUTE", { reason: "the pool has less left" });
  }
  const quantityOutMin = minimumOut(quote.quantityOut, request.slippageBps);
  if (quantityOutMin <= 0n) {
    throw new RaptorError("RAPTOR_VENUE__TOO_SMALL", { mint: request.mint });
  }
  const label = LABELS[pool.kind];
  const priceImpactBps = quote.priceImpactBps;
  return {
    quantityIn: request.quantityIn,
    quantityOut: quote.quantityOut,
    quantityOutMin,
    priceImpactBps,
    label,
    evidence: {
      router: "direct",
      label,
      pool: pool.ref.address,
      slot: state.slot,
      baseReserve: String(pool.baseReserve),
      quoteReserve: String(pool.quoteReserve),
      inputMint: inputMintOf(request),
      outputMint: outputMintOf(request),
      quantityIn: String(request.quantityIn),
      quantityOut: String(quote.quantityOut),
      quantityOutMin: String(quantityOutMin),
      poolFeeLamports: String(quote.feeLamports),
      slippageBps: request.slippageBps,
      priceImpactBps,
    },
    handle: new DirectRoute(request, state, quote),
  };
}
