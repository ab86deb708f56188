import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { PastPrice } from "../models/price-history.ts";
import { WILD_TICK } from "../vopr/pool-faults.ts";
import type { Checker, Watch } from "./checker.ts";

type Fired = EventPayloads["ExitTriggered"];

/** What one slot has said is believed after this without a word against it, by the settings. */
const CONFIRM_MS = 400;
/** What is wild is not, before a whole slot has passed after its own, or else so much later. */
const WILD_CONFIRM_MS = 2_400;
/** A rise by more than this wants a second slot as well, by the settings; a fall as far does. */
const WILD_TIMES = 1.3;
const WILD_FALL = 0.7;
/** Nothing is told later than this where nothing goes wrong; what held before it counts too. */
const TOLD_SLOTS = 12;
const CALM_MS_MIN = 20_000;
/** A price is rounded on its way. */
const TOLERANCE = 0.005;
const PRICE_E9 = 1e9;
const FALLS = ["stopLoss", "trailingStop"];
const RISES = ["takeProfit", "initialsOut", "limitSell"];

/**
 * Invariant 24. After every commit: no rule fires from what one slot alone told of its pool. The
 * chain knows which prices stood when their slot ended, so that the next one could tell them too;
 * a price that fires before the time is over in which another may contradict must be one. Who
 * is told late, twice or not at all has other words: it is judged where no other fault is at work.
 */
export function createWildTicks(watch: Watch): Checker {
  const instruments = new Map<string, string>();

  function check({ positionId, rule, triggerPriceE9, priceE9, priceAgeMs }: Fired): void {
    const { market, slots } = watch.chain;
    const mint = instruments.get(positionId) ?? "";
    const token = market.find(mint);
    if (token === undefined || market.pools?.has(mint) !== true) return;
    if (priceAgeMs >= WILD_CONFIRM_MS) return;
    if (watch.nowMs() - watch.lastFaultMs(WILD_TICK) < CALM_MS_MIN) return;
    const perUnit = (e9: string): number => Number(e9) / PRICE_E9 / 10 ** token.decimals;
    const [price, trigger] = [perUnit(priceE9), perUnit(triggerPriceE9)];
    const past = market.history.since(mint, slots.slot - TOLD_SLOTS);
    const isFall = FALLS.includes(rule);
    // One wild slot and a true move of the next one are two that say so.
    const hasCrossed = (one: number): boolean => (isFall ? one <= trigger : one >= trigger);
    if (lastTwoSlots(past).every((prices) => prices.some(hasCrossed))) return;
    const stood = standing(past, slots.slot);
    const isFounded = isFall
      ? stood.some((one) => one <= trigger * (1 + TOLERANCE))
      : stood.some(
          (one) => one >= trigger * (1 - TOLERANCE) || price <= one * WILD_TIMES * (1 + TOLERANCE),
        );
    if (isFounded) return;
    // Every price that stood is nearer to each other one than a wild tick is to any of them.
    const isWild = stood.every(
      (one) =>
        price < one * WILD_FALL * (1 - TOLERANCE) || price > one * WILD_TIMES * (1 + TOLERANCE),
    );
    if (priceAgeMs >= CONFIRM_MS && !isWild) return;
    const prices = stood.map((one) => one.toPrecision(4)).join(", ");
    watch.report(
      `${rule} of ${positionId} fired at ${price}, which one slot alone told; others: ${prices}`,
    );
  }

  return {
    name: "24 wild ticks",
    onCommit(events) {
      for (const { kind, payload } of events) {
        if (kind === "ExitPlanArmed") {
          const { instrument } = payload;
          instruments.set(payload.positionId, instrument.slice(0, instrument.indexOf(".")));
        } else if (kind === "ExitTriggered" && [...FALLS, ...RISES].includes(payload.rule)) {
          check(payload);
        }
      }
    },
  };
}

/** All prices of the newest two slots that had any of their own. */
function lastTwoSlots(past: readonly PastPrice[]): number[][] {
  const newest = [...new Set(past.map(({ slot }) => slot))].slice(-2);
  if (newest.length < 2) return [[]];
  return newest.map((slot) => past.flatMap((one) => (one.slot === slot ? [one.price] : [])));
}

/** Prices that still held when a slot ended. */
function standing(past: readonly PastPrice[], slotNow: number): number[] {
  return past
    .filter(({ slot }, at) => (past[at + 1]?.slot ?? slotNow) > slot)
    .map(({ price }) => price);
}
