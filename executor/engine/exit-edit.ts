import {
  checkExitSpecs,
  EXIT_NAMES,
  SINGLE_EXIT_KINDS,
} from "@raptor/shared/domain/check-exits.ts";
import {
  isLadderRule,
  ruleIdOf,
  specOfRule,
  type ExitRule,
} from "@raptor/shared/domain/exit-rules.ts";
import type { ExitEdit, ExitPlanRow, PositionRow } from "@raptor/shared/domain/rows.ts";
import type { Tx } from "../ports/store.ts";
import { createExitRules, isCrossed, sideOf } from "../strategies/exit-plan.ts";
import { moonBag } from "../strategies/exit-quantity.ts";
import type { EngineContext } from "./context.ts";
import { appendExitPlan, isTrailing } from "./exit-arming.ts";

export interface EditFacts {
  costBps: number;
  nowMs: number;
  /** The price now, where one is known and fresh. */
  priceE9: bigint | undefined;
}

export type EditedPlan =
  | { ok: true; parts: Pick<ExitPlanRow, "rules" | "done" | "ruleCount" | "markE9"> }
  | { ok: false; problems: string[] };

/** What a plan is after an edit, or why the edit is refused. Rules that stay keep all they know. */
export function editPlan(
  plan: ExitPlanRow,
  position: Pick<PositionRow, "entryPriceE9">,
  edit: ExitEdit,
  facts: EditFacts,
): EditedPlan {
  const entryPriceE9 = BigInt(position.entryPriceE9);
  const { costBps, nowMs } = facts;
  const kept = keptRules(plan.rules, edit);
  const wanted = edit.kind === "add" ? [edit.spec] : edit.kind === "replace" ? edit.specs : [];
  const made = createExitRules(wanted, { entryPriceE9, costBps, nowMs }, plan.ruleCount);
  const rules = [...kept, ...made].toSorted(byTakeProfit);
  const problems = checkExitSpecs(rules.map(specOfRule), costBps, soldShareBps(plan));
  if (made.length < wanted.length) {
    problems.push("This position has no entry price, so distances from it mean nothing.");
  }
  const markE9 = markAfter(plan, rules, entryPriceE9, facts.priceE9);
  if (problems.length === 0) problems.push(...soldAtOnce(made, markE9, facts));
  if (problems.length > 0) return { ok: false, problems };
  const ruleCount = plan.ruleCount + wanted.length;
  return { ok: true, parts: { rules, done: plan.done, ruleCount, markE9: markE9.toString() } };
}

/** Appends the edited plan. @returns what speaks against it; nothing: it is armed */
export function changeExits(
  context: Pick<EngineContext, "settings" | "clock">,
  tx: Tx,
  wish: {
    positionId: string;
    userId: number;
    edit: ExitEdit;
    /** The plan that the person was looking at. */
    version: number;
    priceE9: bigint | undefined;
  },
): string[] {
  const { positionId, userId, edit, version, priceE9 } = wish;
  const position = tx.position(positionId);
  const plan = tx.exitPlan(positionId);
  if (position === undefined || position.userId !== userId) return ["This position is not yours."];
  if (position.state !== "open" || plan?.state !== "armed") return ["This position is closed."];
  if (plan.version !== version) {
    return ["The rules have changed since this was shown: one may have fired. Look at them again."];
  }
  const facts = { costBps: context.settings.exitCostBps, nowMs: context.clock.nowMs(), priceE9 };
  const edited = editPlan(plan, position, edit, facts);
  if (!edited.ok) return edited.problems;
  appendExitPlan(tx, plan, edited.parts);
  return [];
}

/** Base units that the ladder of this position never sells. */
export function moonBagOf(plan: ExitPlanRow, { quantity }: Pick<PositionRow, "quantity">): bigint {
  const hasLadder = [...plan.rules, ...(plan.done ?? [])].some(isLadderRule);
  return hasLadder ? moonBag(plan, BigInt(quantity)) : 0n;
}

/** A position has one stop: a new one takes the place of the one before. */
function keptRules(rules: readonly ExitRule[], edit: ExitEdit): ExitRule[] {
  if (edit.kind === "replace") return [];
  if (edit.kind === "remove") return rules.filter((rule) => ruleIdOf(rule) !== edit.ruleId);
  const { kind } = edit.spec;
  return SINGLE_EXIT_KINDS.includes(kind) ? rules.filter((rule) => rule.kind !== kind) : [...rules];
}

/** Take profits first, from the nearest to the furthest; the others in the order they came. */
function byTakeProfit(a: ExitRule, b: ExitRule): number {
  if (a.kind === "takeProfit" && b.kind === "takeProfit") return a.triggerBps - b.triggerBps;
  return Number(b.kind === "takeProfit") - Number(a.kind === "takeProfit");
}

/** Shares that the ladder has sold already count against the whole. */
function soldShareBps(plan: ExitPlanRow): number {
  return (plan.done ?? [])
    .filter(isLadderRule)
    .reduce((sum, { quantityBps }) => sum + quantityBps, 0);
}

/**
 * An edit never loses the highest price. A first trailing stop begins at the entry, or at the price
 * of now where that is lower: what is above it may be one wild tick, and counts as the highest
 * price as soon as it is believed.
 */
function markAfter(
  plan: ExitPlanRow,
  rules: readonly ExitRule[],
  entryPriceE9: bigint,
  priceE9: bigint | undefined,
): bigint {
  if (!rules.some(isTrailing) || plan.rules.some(isTrailing)) return BigInt(plan.markE9);
  return priceE9 === undefined || priceE9 > entryPriceE9 ? entryPriceE9 : priceE9;
}

/** To sell now there is a button; a rule that fires the moment it is armed is a mistake. */
function soldAtOnce(
  made: readonly ExitRule[],
  markE9: bigint,
  { priceE9, nowMs }: EditFacts,
): string[] {
  if (priceE9 === undefined) return [];
  const isSelling = (rule: ExitRule): boolean =>
    rule.kind !== "breakeven" &&
    sideOf(rule) !== "time" &&
    isCrossed(rule, priceE9, { markE9, nowMs });
  return made
    .filter(isSelling)
    .map(
      ({ kind }) => `The price is already beyond this ${EXIT_NAMES[kind]}: it would sell at once.`,
    );
}
