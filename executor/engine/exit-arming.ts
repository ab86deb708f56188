import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import {
  isLadderRule,
  ruleIdOf,
  type ExitRule,
  type ExitSpec,
} from "@raptor/shared/domain/exit-rules.ts";
import type { ExitPlanRow, FillRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import type { Reader, Tx } from "../ports/store.ts";
import { createExitRules, rebaseRules, standardSpecs } from "../strategies/exit-plan.ts";
import { exitQuantity } from "../strategies/exit-quantity.ts";
import { keepStops } from "../strategies/keep-stops.ts";
import type { EngineContext } from "./context.ts";

type Change = EventPayloads["PositionChanged"];
type PlanParts = Pick<ExitPlanRow, "rules" | "done" | "ruleCount"> &
  Partial<Pick<ExitPlanRow, "originalQuantity" | "markE9">>;
type Named = Pick<ExitPlanRow, "positionId" | "userId" | "instrument">;

/** The rules that a person's new positions get: their own, or those of the settings. */
export function presetOf(
  { settings }: Pick<EngineContext, "settings">,
  reader: Pick<Reader, "exitPreset">,
  userId: number,
): ExitSpec[] {
  return reader.exitPreset(userId)?.specs ?? standardSpecs(settings);
}

/** Writes the whole plan anew; what is not named stays as it is. */
export function appendExitPlan(
  tx: Pick<Tx, "append">,
  before: Named & Partial<ExitPlanRow>,
  parts: PlanParts,
): void {
  const { positionId, userId, instrument } = before;
  const { rules, done, ruleCount } = parts;
  tx.append({
    stream: `position:${positionId}`,
    kind: "ExitPlanArmed",
    payload: {
      positionId,
      userId,
      instrument,
      rules,
      done: done ?? [],
      originalQuantity: parts.originalQuantity ?? before.originalQuantity ?? "0",
      markE9: parts.markE9 ?? before.markE9 ?? "0",
      version: (before.version ?? 0) + 1,
      ruleCount,
    },
  });
}

/**
 * Arms a position that was opened, added to or put right: a new one gets its person's preset, a known
 * one keeps its rules, counted from its entry price as it is now. A higher entry never lifts a stop
 * that stands above it: that would sell at once what was just bought. `isAgain`: a fork had taken
 * what was bought.
 */
export function armExits(
  context: Pick<EngineContext, "settings" | "clock">,
  tx: Tx,
  position: Change,
  cause: { added?: bigint; reversed?: FillRow; isAgain?: boolean } = {},
): void {
  const { positionId, userId, instrument } = position;
  const before = tx.exitPlan(positionId);
  const entryPriceE9 = BigInt(position.entryPriceE9);
  if (before === undefined || (before.rules.length === 0 && before.ruleCount === 0)) {
    const specs = presetOf(context, tx, userId);
    const { exitCostBps: costBps } = context.settings;
    const nowMs = context.clock.nowMs();
    const rules = createExitRules(specs, { entryPriceE9, costBps, nowMs });
    appendExitPlan(tx, before ?? { positionId, userId, instrument }, {
      rules,
      done: before?.done ?? [],
      ruleCount: rules.length === 0 ? 0 : specs.length,
      originalQuantity: position.quantity,
      markE9: rules.some(isTrailing) ? position.entryPriceE9 : "0",
    });
    return;
  }
  const restored = withReversed(tx, before, cause.reversed);
  const isFork = cause.reversed !== undefined || cause.isAgain === true;
  const rules = keepStops(restored.rules, entryPriceE9, context.clock.nowMs(), isFork);
  appendExitPlan(tx, before, {
    rules: rebaseRules(rules, entryPriceE9),
    done: restored.done,
    ruleCount: before.ruleCount,
    originalQuantity: originalAfter(before, position, cause),
  });
}

export function disarmExits(tx: Tx, positionId: string, reason: string): void {
  if (tx.exitPlan(positionId)?.state !== "armed") return;
  tx.append({
    stream: `position:${positionId}`,
    kind: "ExitPlanDisarmed",
    payload: { positionId, reason },
  });
}

/** Shares are of everything that was bought, and never of less than what is held. */
function originalAfter(
  before: ExitPlanRow,
  { quantity }: Change,
  { added = 0n, isAgain = false }: { added?: bigint; isAgain?: boolean },
): string {
  const was = BigInt(before.originalQuantity);
  // Plans of the first release count from what is held, so that their one rule sells it all.
  if (was === 0n) return "0";
  // Of what a fork had emptied only the buy that lands again was bought; the plan still counts the
  // buy that was taken back last, which may be another one.
  if (before.state === "disarmed" && isAgain) return quantity;
  const held = BigInt(quantity);
  const bought = before.state === "disarmed" ? was : was + added;
  return (bought > held ? bought : held).toString();
}

/** A rule whose sell has landed is done; one that sold only a part goes on with the rest. */
export function settleExitRule(tx: Tx, order: OrderRow, soldQuantity: bigint): void {
  const { source } = order;
  if (source.kind !== "exit") return;
  const plan = tx.exitPlan(source.positionId);
  if (plan?.state !== "armed") return;
  const id = source.ruleId ?? source.rule;
  const rule = plan.rules.find((one) => ruleIdOf(one) === id);
  // An edit may have taken the rule away while its sell was under way.
  if (rule === undefined || isStop(rule)) return;
  const sold: ExitRule = { ...rule, soldQuantity: soldBy(rule, soldQuantity) };
  const isSold = soldQuantity >= BigInt(order.quantity);
  const isWhole = isSold && !hasMoreToSell(tx, plan, rule, sold);
  const { ruleCount } = plan;
  const done = plan.done ?? [];
  appendExitPlan(
    tx,
    plan,
    isWhole
      ? { rules: plan.rules.filter((one) => one !== rule), done: [...done, sold], ruleCount }
      : { rules: plan.rules.map((one) => (one === rule ? sold : one)), done, ruleCount },
  );
}

/** What was bought while a level was under way has made the level's share larger. */
function hasMoreToSell(tx: Reader, plan: ExitPlanRow, rule: ExitRule, sold: ExitRule): boolean {
  const position = tx.position(plan.positionId);
  if (position === undefined || !isLadderRule(rule)) return false;
  const rules = plan.rules.map((one) => (one === rule ? sold : one));
  return exitQuantity({ ...plan, rules }, sold, position, 0n) > 0n;
}

/** What sells everything protects whatever is held, so it stays while the position is open. */
export function isStop(rule: ExitRule): boolean {
  if (rule.kind === "marketCap") return rule.direction === "below";
  return rule.kind === "stopLoss" || rule.kind === "trailingStop" || rule.kind === "timeLimit";
}

export function isTrailing({ kind }: ExitRule): boolean {
  return kind === "trailingStop";
}

function soldBy(rule: ExitRule, change: bigint): string {
  const sold = BigInt(rule.soldQuantity ?? "0") + change;
  return (sold > 0n ? sold : 0n).toString();
}

/** The rule of a sell that a fork took back waits again, as if it had not sold. */
function withReversed(
  tx: Reader,
  plan: ExitPlanRow,
  fill: FillRow | undefined,
): { rules: ExitRule[]; done: ExitRule[] } {
  const done = plan.done ?? [];
  const source = fill?.side === "sell" ? tx.order(fill.orderId)?.source : undefined;
  if (fill === undefined || source?.kind !== "exit" || source.positionId !== plan.positionId) {
    return { rules: plan.rules, done };
  }
  const id = source.ruleId ?? source.rule;
  const back = (rule: ExitRule): ExitRule =>
    ruleIdOf(rule) === id ? { ...rule, soldQuantity: soldBy(rule, -BigInt(fill.quantity)) } : rule;
  const returned = done.filter((rule) => ruleIdOf(rule) === id);
  return {
    rules: [...plan.rules, ...returned].map(back),
    done: done.filter((rule) => ruleIdOf(rule) !== id),
  };
}
