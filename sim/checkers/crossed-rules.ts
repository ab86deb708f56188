import type { EventPayloads } from "@raptor/shared/domain/events.ts";

type ArmedRule = EventPayloads["ExitPlanArmed"]["rules"][number];

/** A price that has crossed its trigger this clearly cannot be a matter of rounding. */
const MARGIN = 0.001;
const BPS = 10_000;

/**
 * Whether a rule must sell, or move its stop, at this price and moment, by what it says in words.
 * Of a trailing stop only the journaled highest price counts: the true one was no lower.
 */
export function isClearlyCrossed(
  rule: ArmedRule,
  at: { priceE9: number; markE9: number; nowMs: number },
): boolean {
  const trigger = Number(rule.triggerPriceE9);
  const isAbove = at.priceE9 > trigger * (1 + MARGIN);
  const isBelow = at.priceE9 < trigger * (1 - MARGIN);
  switch (rule.kind) {
    case "stopLoss":
      return isBelow;
    case "trailingStop": {
      const isWatching = at.markE9 > 0 && at.markE9 >= trigger;
      return isWatching && at.priceE9 < at.markE9 * (1 - rule.dropBps / BPS) * (1 - MARGIN);
    }
    case "timeLimit":
      return at.nowMs >= rule.dueMs && (trigger === 0 || isBelow);
    case "marketCap":
      return rule.direction === "below" ? isBelow : isAbove;
    default:
      return isAbove;
  }
}
