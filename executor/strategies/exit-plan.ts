import type { ExitRule } from "@raptor/shared/domain/order.ts";
import { BPS_ONE, mulDivCeil, mulDivFloor } from "@raptor/shared/values/money.ts";

/**
 * The exit rules of a position that was entered at `entryPriceE9`. Zero switches a rule off.
 * Both rules sell the whole position. Triggers are rounded away from the entry price, so that
 * no rule fires before its distance is reached; an entry price of zero has no distances.
 */
export function createExitRules(options: {
  entryPriceE9: bigint;
  takeProfitBps: number;
  stopLossBps: number;
}): ExitRule[] {
  const rules: ExitRule[] = [];
  const { entryPriceE9, takeProfitBps, stopLossBps } = options;
  if (entryPriceE9 === 0n) return rules;
  if (takeProfitBps > 0) {
    const price = mulDivCeil(entryPriceE9, BPS_ONE + BigInt(takeProfitBps), BPS_ONE);
    rules.push(ruleOf("takeProfit", takeProfitBps, price));
  }
  if (stopLossBps > 0) {
    const price = mulDivFloor(entryPriceE9, BPS_ONE - BigInt(stopLossBps), BPS_ONE);
    rules.push(ruleOf("stopLoss", -stopLossBps, price));
  }
  return rules;
}

function ruleOf(kind: ExitRule["kind"], triggerBps: number, priceE9: bigint): ExitRule {
  return { kind, triggerBps, triggerPriceE9: priceE9.toString(), quantityBps: 10_000 };
}

/** Whether a price has reached a rule's trigger. */
export function isCrossed(rule: ExitRule, priceE9: bigint): boolean {
  const trigger = BigInt(rule.triggerPriceE9);
  return rule.kind === "takeProfit" ? priceE9 >= trigger : priceE9 <= trigger;
}
