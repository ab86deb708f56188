import { isRaptorError, RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Route, RouteRequest } from "../../ports/venue.ts";
import type { Jupiter, SwapQuestion } from "./jupiter.ts";
import { isUsableOrder } from "./order-transaction.ts";
import { checkRoutePrice, encodePriceCheck, fetchListedPriceE9 } from "./route-price.ts";
import { createRoute, inputMintOf, outputMintOf } from "./swap-route.ts";

export interface RouteReaderDeps {
  jupiter: Jupiter;
  clock: Clock;
  readDecimals(mint: string): Promise<number>;
}

/** An exit is asked for twice before a bad price is taken: nothing may hold it hostage. */
const SELL_ASKS_MAX = 2;
/** How long a route waits for the list of prices; an exit hardly at all. */
const LISTING_WAIT_MS = { buy: 1_000, sell: 250 };

/**
 * A route whose price was held against what others say, when the request wants that. The doubt
 * comes with the route: what becomes of it is not the venue's decision.
 */
export async function fetchRoute(deps: RouteReaderDeps, request: RouteRequest): Promise<Route> {
  const { priceCheck } = request;
  if (priceCheck === undefined) return askRoute(deps.jupiter, request);
  const asksMax = request.side === "sell" ? SELL_ASKS_MAX : 1;
  for (let asks = 1; ; asks++) {
    const listing = fetchListedPriceE9(deps.jupiter, request.mint);
    const [route, decimals] = await Promise.all([
      askRoute(deps.jupiter, request),
      deps.readDecimals(request.mint),
    ]);
    const listedE9 = await within(deps.clock, LISTING_WAIT_MS[request.side], listing);
    const priceDoubt = checkRoutePrice({ ...request, priceCheck }, route, decimals, listedE9);
    const encoded = encodePriceCheck(priceCheck, decimals, listedE9);
    const evidence = { ...route.evidence, priceCheck: encoded };
    if (priceDoubt === undefined) return { ...route, evidence };
    if (asks >= asksMax) return { ...route, evidence, priceDoubt };
  }
}

async function within<T>(clock: Clock, ms: number, task: Promise<T>): Promise<T | undefined> {
  const abort = new AbortController();
  const late = clock.sleep(ms, abort.signal).then(() => undefined);
  try {
    return await Promise.race([task, late]);
  } finally {
    abort.abort();
  }
}

async function askRoute(jupiter: Jupiter, request: RouteRequest): Promise<Route> {
  const question: SwapQuestion = {
    wallet: request.wallet,
    inputMint: inputMintOf(request),
    outputMint: outputMintOf(request),
    quantityIn: request.quantityIn,
    slippageBps: request.slippageBps,
  };
  try {
    return createRoute(request, await jupiter.fetchBuild(question));
  } catch (error) {
    if (!isRaptorError(error, "RAPTOR_VENUE__NO_ROUTE")) throw error;
    throw await explainNoRoute(jupiter, question, error);
  }
}

/**
 * `/build` knows fewer routers than `/order`. A ready-made order is never signed: its blockhash,
 * bound, set-up and lookup tables are not ours, and its router takes a fee inside the swap. It is
 * only asked for so that the person learns why nothing was done.
 */
async function explainNoRoute(
  jupiter: Jupiter,
  question: SwapQuestion,
  error: RaptorError,
): Promise<RaptorError> {
  try {
    const order = await jupiter.fetchOrder(question);
    if (!order.transaction) return error;
    const verdict = isUsableOrder(order.transaction, question.wallet);
    const reason = verdict.usable
      ? "only a ready-made order is offered, and we sign only what we built"
      : `only a ready-made order is offered, and it was declined: ${verdict.reason}`;
    const context = { reason, router: order.router ?? "not named" };
    return new RaptorError("RAPTOR_VENUE__NO_ROUTE", context, { cause: error });
  } catch (secondError) {
    if (isRaptorError(secondError)) return error;
    throw secondError;
  }
}
