import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { Checker, Watch } from "./checker.ts";

/** As far back as a node that is behind may be; in slots. */
const BEHIND_SLOTS_MAX = 400;
/** Vaults of one pool may be told a moment apart, and every price is rounded. */
const TOLERANCE = 0.03;
const PRICE_E9 = 1e9;

/**
 * Invariant 20. After every commit: the price at which a rule fired is one that the token had, as
 * far back as a node may be; whoever takes an error for a price sells at one that nobody asked.
 */
export function createFiredPrices(watch: Watch): Checker {
  const instruments = new Map<string, string>();

  function check({ positionId, rule, triggerPriceE9, priceE9 }: EventPayloads["ExitTriggered"]) {
    // Time alone sells at any price, also without one.
    if (rule === "timeLimit" && triggerPriceE9 === "0") return;
    const mint = instruments.get(positionId) ?? "";
    const { market, slots } = watch.chain;
    const token = market.find(mint);
    if (token === undefined) return watch.report(`${rule} of ${positionId} fired for no token`);
    const price = Number(priceE9) / PRICE_E9 / 10 ** token.decimals;
    const had = market.history.since(mint, slots.slot - BEHIND_SLOTS_MAX).map((one) => one.price);
    const [least, most] = [Math.min(...had), Math.max(...had)];
    if (price >= least * (1 - TOLERANCE) && price <= most * (1 + TOLERANCE)) return;
    watch.report(`${rule} of ${positionId} fired at ${price}, a unit cost ${least} to ${most}`);
  }

  return {
    name: "20 fired prices",
    onCommit(events) {
      for (const { kind, payload } of events) {
        if (kind === "ExitPlanArmed") {
          const { instrument } = payload;
          instruments.set(payload.positionId, instrument.slice(0, instrument.indexOf(".")));
        } else if (kind === "ExitTriggered") check(payload);
      }
    },
  };
}
