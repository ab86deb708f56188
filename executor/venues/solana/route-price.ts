import type { Evidence } from "@raptor/shared/domain/events.ts";
import { isRaptorError, RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import {
  BPS_ONE,
  LAMPORTS_PER_SOL,
  mulDivFloor,
  PRICE_SCALE,
  valueLamports,
} from "@raptor/shared/values/money.ts";
import type { PriceSource } from "../../ports/market.ts";
import type { PriceCheck, PriceDoubt, Route, RouteRequest } from "../../ports/venue.ts";
import { WSOL_MINT } from "./programs.ts";

type CheckedRequest = RouteRequest & { priceCheck: PriceCheck };

/**
 * The token's price from the list of prices, which is another question than the route. A list that
 * does not answer is no reason to do nothing as long as some price is known.
 */
export async function fetchListedPriceE9(
  source: PriceSource,
  mint: string,
): Promise<bigint | undefined> {
  try {
    const prices = await source.fetchUsdPricesE30([mint, WSOL_MINT]);
    const usdE30 = prices.get(mint);
    const solE30 = prices.get(WSOL_MINT);
    if (usdE30 === undefined || solE30 === undefined) return undefined;
    return (usdE30 * LAMPORTS_PER_SOL * PRICE_SCALE) / solE30;
  } catch (error) {
    if (!isRaptorError(error)) throw error;
    return undefined;
  }
}

/**
 * What is wrong with a route's price, if anything. The least outcome is compared, which is what the
 * signed bytes allow, and not the outcome that the route promises.
 * @throws RAPTOR_VENUE__NO_ROUTE for a buy of which no price is known at all.
 */
export function checkRoutePrice(
  request: CheckedRequest,
  route: Pick<Route, "quantityOutMin">,
  decimals: number,
  listedE9: bigint | undefined,
): PriceDoubt | undefined {
  const { expectedPriceE9, deviationBpsMax } = request.priceCheck;
  const worse = (priceE9: bigint): boolean => isWorse(route, request, decimals, priceE9);
  if (listedE9 !== undefined && listedE9 > 0n && worse(listedE9)) {
    return { reason: describeDoubt("its listed price", deviationBpsMax), alert: true };
  }
  if (request.side === "sell") return undefined;
  if (expectedPriceE9 !== null && worse(expectedPriceE9)) {
    // Prices run: that the token became dearer since the person looked is nobody's attack.
    return { reason: describeDoubt("the price it was ordered at", deviationBpsMax), alert: false };
  }
  if (listedE9 === undefined && expectedPriceE9 === null) {
    const reason = "no price is known that the route could be compared with";
    throw new RaptorError("RAPTOR_VENUE__NO_ROUTE", { mint: request.mint, reason });
  }
  return undefined;
}

/**
 * A pool that was emptied keeps its price and gives next to nothing for a whole position. Another
 * way may know a deeper one; and that way judges the outcome against what others say.
 */
export function isWorthSelling(
  { quantityIn, quantityOutMin }: Pick<Route, "quantityIn" | "quantityOutMin">,
  { baseReserve, quoteReserve }: { baseReserve: bigint; quoteReserve: bigint },
  { deviationBpsMax }: Pick<PriceCheck, "deviationBpsMax">,
): boolean {
  const fair = (quantityIn * quoteReserve) / baseReserve;
  const share = BPS_ONE - BigInt(Math.min(deviationBpsMax, Number(BPS_ONE)));
  return quantityOutMin >= (fair * share) / BPS_ONE;
}

/** What decided goes into the journal with the route, so that the judgement can be made again. */
export function encodePriceCheck(
  { expectedPriceE9, deviationBpsMax }: PriceCheck,
  decimals: number,
  listedE9: bigint | undefined,
): Evidence {
  return {
    expectedPriceE9: expectedPriceE9?.toString() ?? null,
    listedPriceE9: listedE9?.toString() ?? null,
    deviationBpsMax,
    decimals,
  };
}

function describeDoubt(price: string, deviationBpsMax: number): string {
  return `the route is more than ${deviationBpsMax / 100} % worse than ${price}`;
}

function isWorse(
  route: Pick<Route, "quantityOutMin">,
  request: CheckedRequest,
  decimals: number,
  priceE9: bigint,
): boolean {
  const { side, quantityIn, priceCheck } = request;
  if (priceE9 <= 0n) return false;
  const fair =
    side === "buy"
      ? mulDivFloor(quantityIn, PRICE_SCALE * 10n ** BigInt(decimals), priceE9)
      : valueLamports(quantityIn, decimals, priceE9);
  const share = BPS_ONE - BigInt(Math.min(priceCheck.deviationBpsMax, Number(BPS_ONE)));
  return route.quantityOutMin < mulDivFloor(fair, share, BPS_ONE);
}
