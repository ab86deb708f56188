import { isLadderRule, ruleIdOf, type ExitRule } from "@raptor/shared/domain/exit-rules.ts";
import type { ExitPlanRow, PositionRow } from "@raptor/shared/domain/rows.ts";
import { BPS_ONE, mulDivCeil, mulDivFloor, PRICE_SCALE } from "@raptor/shared/values/money.ts";

type Plan = Pick<ExitPlanRow, "rules" | "done" | "originalQuantity">;
type Held = Pick<PositionRow, "quantity" | "costLamports" | "realisedLamports" | "decimals">;

/**
 * Base units that a rule sells now; zero: nothing, its work is done. A stop sells all that is left.
 * The ladder sells shares of the original quantity and never digs into the moon bag, also where a
 * person has sold a part by hand. The initials are as much as brings back what is still missing.
 */
export function exitQuantity(plan: Plan, rule: ExitRule, held: Held, priceE9: bigint): bigint {
  const quantity = BigInt(held.quantity);
  if (rule.kind === "breakeven") return 0n;
  if (rule.kind === "initialsOut") return initialsOf(rule, held, priceE9);
  return isLadderRule(rule) ? ladderQuantity(plan, rule, quantity) : quantity;
}

/** What the ladder leaves over for good; all rules of the ladder count, fired or not. */
export function moonBag(plan: Plan, heldQuantity: bigint): bigint {
  const ladder = [...plan.rules, ...(plan.done ?? [])].filter(isLadderRule);
  const sold = ladder.reduce((sum, { quantityBps }) => sum + BigInt(quantityBps), 0n);
  const leftBps = sold >= BPS_ONE ? 0n : BPS_ONE - sold;
  return mulDivFloor(originalOf(plan, heldQuantity), leftBps, BPS_ONE);
}

function ladderQuantity(plan: Plan, rule: ExitRule, quantity: bigint): bigint {
  const free = quantity - moonBag(plan, quantity);
  if (free <= 0n) return 0n;
  const isLast = !plan.rules.some(
    (other) => isLadderRule(other) && ruleIdOf(other) !== ruleIdOf(rule),
  );
  const share = mulDivFloor(originalOf(plan, quantity), BigInt(rule.quantityBps), BPS_ONE);
  const wanted = share - BigInt(rule.soldQuantity ?? "0");
  if (wanted <= 0n) return 0n;
  // What rounding left over goes with the last level, so that no dust stays behind.
  return wanted > free || (isLast && free - wanted <= ROUNDING_MAX) ? free : wanted;
}

/** Each level of a ladder loses less than one base unit to rounding. */
const ROUNDING_MAX = 16n;

function originalOf(plan: Plan, quantity: bigint): bigint {
  const original = BigInt(plan.originalQuantity);
  return original === 0n ? quantity : original;
}

function initialsOf(
  rule: Extract<ExitRule, { kind: "initialsOut" }>,
  held: Held,
  priceE9: bigint,
): bigint {
  // Realised profit minus the cost still held is what came back minus what was paid.
  const missing = BigInt(held.costLamports) - BigInt(held.realisedLamports);
  if (missing <= 0n || priceE9 === 0n) return 0n;
  const gross = mulDivCeil(missing, BPS_ONE + BigInt(rule.costBps), BPS_ONE);
  const quantity = mulDivCeil(gross, PRICE_SCALE * 10n ** BigInt(held.decimals), priceE9);
  const most = BigInt(held.quantity);
  return quantity < most ? quantity : most;
}
