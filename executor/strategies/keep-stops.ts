import type { ExitRule } from "@raptor/shared/domain/exit-rules.ts";
import { BPS_ONE } from "@raptor/shared/values/money.ts";
import { priceAt } from "./exit-plan.ts";

/**
 * Rules whose stops above the entry stay at their prices where a higher entry would lift them. A
 * stop at breakeven stands just below the price, and what is bought more, at that price, lifts the
 * entry towards it.
 */
export function keepStops(rules: readonly ExitRule[], entryPriceE9: bigint): ExitRule[] {
  if (entryPriceE9 <= 0n) return [...rules];
  return rules.map((rule) => {
    if (rule.kind !== "stopLoss" || rule.triggerBps <= 0) return rule;
    const priceE9 = BigInt(rule.triggerPriceE9);
    if (priceAt(entryPriceE9, rule.triggerBps, "up") <= priceE9) return rule;
    const distance = (priceE9 * BPS_ONE) / entryPriceE9 - BPS_ONE;
    return { ...rule, triggerBps: Number(distance) };
  });
}
