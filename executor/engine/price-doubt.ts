import type { RiskLimits } from "@raptor/shared/domain/events.ts";
import type { OrderRow } from "@raptor/shared/domain/rows.ts";
import type { PriceCheck, PriceDoubt, Route, RouteRequest } from "../ports/venue.ts";
import type { EngineContext } from "./context.ts";
import type { EngineSettings } from "./settings.ts";
import { NEXT_SLOT_MS_MAX } from "./tick-filter.ts";

/** What fees, transfer taxes and a list that is seconds old may add to slippage and impact. */
const PRICE_MARGIN_BPS = 200;

/** The route service must not be the only judge of its own prices. */
export function priceCheckOf(
  { settings }: { settings: { limits: Pick<RiskLimits, "priceImpactBpsMax"> } },
  order: OrderRow,
  slippageBps: number,
): PriceCheck {
  const isPriced = order.side === "buy" && order.entryPriceE9 !== null;
  return {
    expectedPriceE9: isPriced ? BigInt(order.entryPriceE9 ?? 0) : null,
    deviationBpsMax: slippageBps + settings.limits.priceImpactBpsMax + PRICE_MARGIN_BPS,
  };
}

/** One wild price makes no least output, as it fires no stop. A panic waits for nobody. */
export function fallRuleOf(
  { tickWildBps, tickConfirmMs }: Pick<EngineSettings, "tickWildBps" | "tickConfirmMs">,
  { side, source }: Pick<OrderRow, "side" | "source">,
): Pick<RouteRequest, "fallRule"> {
  if (side === "buy" || source.kind === "panic" || tickConfirmMs === 0) return {};
  const silentMs = tickConfirmMs + NEXT_SLOT_MS_MAX;
  return { fallRule: { wildBps: tickWildBps, confirmMs: tickConfirmMs, silentMs } };
}

/**
 * Why an entry must not take this route. An exit takes it, because waiting may cost more than a bad
 * price, and the operator hears of it at once.
 */
export function judgePrice(
  context: Pick<EngineContext, "log" | "metrics" | "shout">,
  order: OrderRow,
  { priceDoubt }: Route,
): PriceDoubt | undefined {
  if (priceDoubt === undefined || order.side === "buy") return priceDoubt;
  const { orderId, symbol } = order;
  const { reason } = priceDoubt;
  context.metrics.count("alerts_total", { kind: "bad-exit-price" });
  context.log.error({ orderId, reason }, "an exit takes a route at a bad price");
  context.shout(`Exit ${orderId} of ${symbol} goes out at a bad price: ${reason}.`);
  return undefined;
}
