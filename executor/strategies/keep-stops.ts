import type { ExitRule } from "@raptor/shared/domain/exit-rules.ts";
import { BPS_ONE } from "@raptor/shared/values/money.ts";
import { priceAt } from "./exit-plan.ts";

/**
 * Rules whose stops above the entry stay at their prices where a higher entry would lift them. A
 * stop at breakeven stands just below the price, and what is bought more, at that price, lifts the
 * entry towards it. What was asked for is remembered: the entry may pass the stop, rise again with
 * the next buy, and fall back when a fork takes a buy away. `isFork`: nothing new was bought, a fork
 * takes a fill or brings it again, so that a stop comes back to where it was told to stand.
 */
export function keepStops(
  rules: readonly ExitRule[],
  entryPriceE9: bigint,
  nowMs: number,
  isFork: boolean,
): ExitRule[] {
  if (entryPriceE9 <= 0n) return [...rules];
  return rules.map((rule) => {
    if (!isStanding(rule, nowMs)) return rule;
    const { kept, ...bare } = rule;
    if (kept === undefined && rule.triggerBps < 0) return rule;
    const triggerBps = kept?.triggerBps ?? rule.triggerBps;
    const highest = { triggerBps, priceE9: highestOf(rule, isFork) };
    const priceE9 = BigInt(highest.priceE9);
    if (priceAt(entryPriceE9, triggerBps, "up") <= priceE9) {
      return { ...bare, triggerBps, ...(isFork ? { kept: highest } : {}) };
    }
    const distance = (priceE9 * BPS_ONE) / entryPriceE9 - BPS_ONE;
    return { ...bare, triggerBps: Number(distance), kept: highest };
  });
}

/** A buy lifts no stop above where it stands now; a fork may only put it back. */
function highestOf({ kept, triggerBps, triggerPriceE9 }: ExitRule, isFork: boolean): string {
  if (kept === undefined) return triggerPriceE9;
  const isAsAsked = triggerBps === kept.triggerBps;
  return isAsAsked && !isFork ? triggerPriceE9 : kept.priceE9;
}

/** It sells everything as soon as the price is at or below its own: a time limit once it is due. */
function isStanding(rule: ExitRule, nowMs: number): boolean {
  if (rule.kind === "timeLimit") return rule.triggerPriceE9 !== "0" && rule.dueMs <= nowMs;
  return rule.kind === "stopLoss";
}
