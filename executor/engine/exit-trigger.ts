import { EXIT_NAMES } from "@raptor/shared/domain/check-exits.ts";
import { isLadderRule, ruleIdOf, type ExitRule } from "@raptor/shared/domain/exit-rules.ts";
import type { ExitPlanRow, OrderRow, PositionRow } from "@raptor/shared/domain/rows.ts";
import { BPS_ONE } from "@raptor/shared/values/money.ts";
import type { PriceUpdate } from "../ports/market.ts";
import type { Reader, Tx } from "../ports/store.ts";
import { isCrossed, rebaseRules, trailingStopE9 } from "../strategies/exit-plan.ts";
import { exitQuantity } from "../strategies/exit-quantity.ts";
import type { ArmedTrigger } from "./armed-trigger.ts";
import type { EngineContext } from "./context.ts";
import { appendExitPlan, isStop } from "./exit-arming.ts";
import { replacedBy } from "./group-end.ts";
import { deriveExitOrderId, slotOf } from "./ids.ts";
import { appendClosed } from "./journal-attempt.ts";
import { joinableGroupOf } from "./stop-joins.ts";
import { initializeSell, openSellOf, sellPayloadOf, type SellWish } from "./orders.ts";

export type TriggerContext = Pick<EngineContext, "clock" | "notices" | "settings">;
type Fired = Pick<ArmedTrigger, "positionId" | "rule" | "markE9"> & {
  /** The exclusion group of a sell of a part, which a stop no longer waits for. */
  joins?: string;
};

/** What a crossed rule comes to on the tables as they are. */
export interface ExitDecision {
  plan: ExitPlanRow;
  position: PositionRow;
  rule: ExitRule;
  /** The highest price that counts. */
  markE9: bigint;
  /** Base units to sell; zero: a stop moves to breakeven, or there is nothing to sell. */
  quantity: bigint;
  /** The sell of a part whose place this one takes. */
  replaces?: OrderRow | undefined;
}

/**
 * The sell of a part of which nothing is undecided. What sells everything takes its place: a level
 * that is refused again and again must not hold the stop.
 */
export function replaceableSellOf(
  reader: Pick<Reader, "position" | "openOrdersOf" | "unresolvedInSlot">,
  { positionId, rule }: Pick<ArmedTrigger, "positionId" | "rule">,
): OrderRow | undefined {
  const position = isStop(rule) ? reader.position(positionId) : undefined;
  if (position === undefined) return undefined;
  const [sell, ...others] = reader.openOrdersOf(positionId).filter(({ side }) => side === "sell");
  if (sell === undefined || others.length > 0 || sell.source.kind === "panic") return undefined;
  if (BigInt(sell.quantity) >= BigInt(position.quantity)) return undefined;
  return reader.unresolvedInSlot(slotOf(sell)) === undefined ? sell : undefined;
}

/**
 * Decides a crossed rule anew. Undefined where the rule is gone, waits for another price, or a sell
 * of the position is under way. Reads only.
 */
export function decideTrigger(
  reader: Reader,
  trigger: Fired,
  update: PriceUpdate,
  nowMs: number,
): ExitDecision | undefined {
  const { positionId } = trigger;
  const plan = reader.exitPlan(positionId);
  const position = reader.position(positionId);
  if (plan?.state !== "armed" || position?.state !== "open") return undefined;
  const rule = plan.rules.find((one) => ruleIdOf(one) === ruleIdOf(trigger.rule));
  if (rule === undefined) return undefined;
  const knownE9 = BigInt(plan.markE9);
  const markE9 = trigger.markE9 > knownE9 ? trigger.markE9 : knownE9;
  if (!isCrossed(rule, update.priceE9, { markE9, nowMs })) return undefined;
  const replaces = replaceableSellOf(reader, { positionId, rule });
  const { joins } = trigger;
  const isJoining = joins !== undefined && joinableGroupOf(reader, { positionId, rule }) === joins;
  const isOpen = openSellOf(reader, positionId) !== undefined;
  const isBusy = isOpen && replaces === undefined && !isJoining;
  // A stop that only moves may do so while something is being sold.
  if (rule.kind !== "breakeven" && isBusy) return undefined;
  const quantity = exitQuantity(plan, rule, position, update.priceE9);
  return { plan, position, rule, markE9, quantity, replaces };
}

/**
 * Appends what a crossed rule makes: the sell order whose id it returns; or, without an order, a
 * stop that moved to breakeven or a rule that had nothing left to sell.
 */
export function appendExitTrigger(
  context: TriggerContext,
  tx: Tx,
  trigger: Fired,
  update: PriceUpdate,
): string | undefined {
  const decision = decideTrigger(tx, trigger, update, context.clock.nowMs());
  if (decision === undefined) return undefined;
  const { rule, markE9, plan, quantity } = decision;
  if (rule.kind === "breakeven") {
    moveStop(context, tx, { ...decision, rule }, update);
    return undefined;
  }
  if (quantity === 0n) {
    endRule(context, tx, decision, update);
    return undefined;
  }
  if (rule.kind === "trailingStop" && markE9 > BigInt(plan.markE9)) {
    appendMarks(tx, [{ positionId: plan.positionId, markE9 }]);
  }
  return appendSell(context, tx, decision, update);
}

/** The order that a decision makes, as its row will be. */
export function exitOrderOf(context: TriggerContext, decision: ExitDecision): OrderRow {
  const payload = sellPayloadOf(exitWishOf(context, decision));
  return { ...payload, status: "initialized", reason: null, createdMs: context.clock.nowMs() };
}

function exitWishOf({ settings }: TriggerContext, decision: ExitDecision): SellWish {
  const { plan, position, rule, quantity } = decision;
  const { positionId } = position;
  const ruleId = ruleIdOf(rule);
  const n = plan.triggers + 1;
  const orderId = deriveExitOrderId(positionId, ruleId, n);
  return {
    orderId,
    position,
    quantityBps: Number(BPS_ONE),
    quantity,
    slippageBpsMax: settings.exitSlippageRampBps.at(-1) as number,
    source: { kind: "exit", positionId, rule: rule.kind, ruleId, n },
    noticeKey: `order:${orderId}`,
  };
}

/** The highest prices that trailing stops have seen, before anything is decided by them. */
export function appendMarks(
  tx: Pick<Tx, "append">,
  marks: readonly { positionId: string; markE9: bigint }[],
): void {
  const payload = {
    marks: marks.map(({ positionId, markE9 }) => ({ positionId, markE9: markE9.toString() })),
  };
  tx.append({ stream: "exits", kind: "ExitMarksMoved", payload });
}

type Decided = Pick<ExitDecision, "plan" | "position" | "rule">;

function appendSell(
  context: TriggerContext,
  tx: Tx,
  decision: ExitDecision,
  update: PriceUpdate,
): string {
  const { plan, rule, markE9, replaces } = decision;
  const { positionId } = plan;
  const n = plan.triggers + 1;
  const wish = exitWishOf(context, decision);
  const { orderId } = wish;
  const mark = rule.kind === "trailingStop" ? { markE9: markE9.toString() } : {};
  tx.append({
    stream: `position:${positionId}`,
    kind: "ExitTriggered",
    payload: {
      positionId,
      rule: rule.kind,
      ruleId: ruleIdOf(rule),
      n,
      triggerPriceE9: triggerPriceOf(rule, markE9),
      ...priceOf(context, update),
      ...mark,
      orderId,
    },
  });
  initializeSell(tx, wish);
  if (replaces !== undefined) {
    appendClosed(tx, replaces, "canceled", replacedBy(wish));
    context.notices.order(tx, replaces.orderId);
  }
  context.notices.order(tx, orderId);
  return orderId;
}

/** The price that a rule fired at: of a trailing stop it follows from the highest price. */
export function triggerPriceOf(rule: ExitRule, markE9: bigint): string {
  if (rule.kind !== "trailingStop") return rule.triggerPriceE9;
  return trailingStopE9(markE9, rule.dropBps).toString();
}

function moveStop(
  context: TriggerContext,
  tx: Tx,
  decided: Decided & { rule: Extract<ExitRule, { kind: "breakeven" }> },
  update: PriceUpdate,
): void {
  const { plan, position, rule } = decided;
  appendEnded(context, tx, decided, update, "stop moved");
  const moved = planAfterBreakeven(plan, rule, BigInt(position.entryPriceE9));
  appendExitPlan(tx, plan, moved);
  const stop = moved.rules.find(({ kind }) => kind === "stopLoss");
  const key = `breakeven:${position.positionId}:${ruleIdOf(rule)}`;
  context.notices.alert(tx, position.userId, key, [
    `The stop of ${position.symbol} moved to breakeven`,
    `The price had risen by ${percent(rule.triggerBps)} %.`,
    `From now on all that is left is sold at ${percent(stop?.triggerBps ?? 0)} % over the entry, ` +
      "which covers what buying and selling cost. Nothing was sold; /positions shows the rules.",
  ]);
}

/** A stop that is already higher stays where it is. */
export function planAfterBreakeven(
  plan: ExitPlanRow,
  rule: Extract<ExitRule, { kind: "breakeven" }>,
  entryPriceE9: bigint,
): Pick<ExitPlanRow, "rules" | "done" | "ruleCount"> {
  const left = plan.rules.filter((one) => ruleIdOf(one) !== ruleIdOf(rule));
  const done = [...(plan.done ?? []), rule];
  const stop = left.find(({ kind }) => kind === "stopLoss");
  if (stop !== undefined && stop.triggerBps >= rule.costBps) {
    return { rules: left, done, ruleCount: plan.ruleCount };
  }
  const ruleCount = plan.ruleCount + 1;
  const bare: ExitRule = {
    kind: "stopLoss",
    id: `stopLoss${ruleCount}`,
    triggerBps: rule.costBps,
    triggerPriceE9: "0",
    quantityBps: Number(BPS_ONE),
  };
  const rules = [...left.filter((one) => one !== stop), ...rebaseRules([bare], entryPriceE9)];
  return { rules, done, ruleCount };
}

function endRule(context: TriggerContext, tx: Tx, decided: Decided, update: PriceUpdate): void {
  const { plan, position, rule } = decided;
  appendEnded(context, tx, decided, update, "nothing to sell");
  appendExitPlan(tx, plan, {
    rules: plan.rules.filter((one) => ruleIdOf(one) !== ruleIdOf(rule)),
    done: [...(plan.done ?? []), rule],
    ruleCount: plan.ruleCount,
  });
  const key = `ended:${position.positionId}:${ruleIdOf(rule)}`;
  const cause = isLadderRule(rule)
    ? "What is held is the moon bag, which the ladder never sells."
    : "What was paid has come back already.";
  context.notices.alert(tx, position.userId, key, [
    `A ${EXIT_NAMES[rule.kind]} rule of ${position.symbol} had nothing to sell`,
    `${cause} The rule is over, the others stay armed. Nothing was sold.`,
  ]);
}

function percent(bps: number): string {
  return (bps / 100).toString();
}

function appendEnded(
  context: TriggerContext,
  tx: Tx,
  { position, rule }: Decided,
  update: PriceUpdate,
  why: "stop moved" | "nothing to sell",
): void {
  const { positionId } = position;
  tx.append({
    stream: `position:${positionId}`,
    kind: "ExitRuleEnded",
    payload: {
      positionId,
      rule: rule.kind,
      ruleId: ruleIdOf(rule),
      triggerPriceE9: rule.triggerPriceE9,
      ...priceOf(context, update),
      why,
    },
  });
}

function priceOf(
  { clock }: TriggerContext,
  update: PriceUpdate,
): { priceE9: string; priceAgeMs: number } {
  const priceAgeMs = Math.round(clock.monotonicMs() - update.atMonotonicMs);
  return { priceE9: update.priceE9.toString(), priceAgeMs };
}
