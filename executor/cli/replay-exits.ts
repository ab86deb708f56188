import type { EventPayloads, NewEvent } from "@raptor/shared/domain/events.ts";
import { ruleIdOf, type ExitRule } from "@raptor/shared/domain/exit-rules.ts";
import type { ExitPlanRow, PositionRow } from "@raptor/shared/domain/rows.ts";
import { triggerPriceOf } from "../engine/exit-trigger.ts";
import { deriveEntryOrderId, deriveExitOrderId } from "../engine/ids.ts";
import { differenceOf, type ReplayStep } from "./replay-step.ts";

/** The triggers follow from the entry price and the distances that the plan itself names. */
export function replayArmed({ payload, before, rules, judge }: ReplayStep<"ExitPlanArmed">): void {
  const position = before.position(payload.positionId);
  if (position === undefined) return judge("exit plan", `there was no ${payload.positionId}`);
  const again = rules.rebaseRules(payload.rules, BigInt(position.entryPriceE9));
  judge("exit plan", differenceOf({ rules: payload.rules }, { rules: again }));
}

/** The rule that fired must be armed, and the journaled price and mark must reach it. */
export function replayTriggered(step: ReplayStep<"ExitTriggered">): void {
  const { payload, before, judge } = step;
  const { positionId } = payload;
  const found = firedRuleOf(step, payload);
  if (typeof found === "string") return judge("exit trigger", found);
  const { plan, rule } = found;
  const n = plan.triggers + 1;
  const orderId = deriveExitOrderId(positionId, payload.ruleId ?? rule.kind, n);
  const isTrailing = rule.kind === "trailingStop";
  const mark = isTrailing ? { markE9: before.exitPlan(positionId)?.markE9 } : {};
  const triggerPriceE9 = triggerPriceOf(rule, BigInt(plan.markE9));
  judge("exit trigger", differenceOf(payload, { triggerPriceE9, n, orderId, ...mark }));
}

/** A rule that ended without a sell was reached, and had nothing to sell. */
export function replayEnded(step: ReplayStep<"ExitRuleEnded">): void {
  const { payload, before, rules, judge } = step;
  const found = firedRuleOf(step, payload);
  if (typeof found === "string") return judge("exit trigger", found);
  const position = before.position(payload.positionId);
  if (position === undefined) return judge("exit trigger", `there was no ${payload.positionId}`);
  const quantity = rules.exitQuantity(found.plan, found.rule, position, BigInt(payload.priceE9));
  const detail = quantity === 0n ? undefined : `it ended, now it would sell ${quantity}`;
  judge("exit trigger", detail);
}

function firedRuleOf(
  { before, rules, tsMs }: Pick<ReplayStep<"ExitTriggered">, "before" | "rules" | "tsMs">,
  fired: { positionId: string; rule: string; ruleId?: string; priceE9: string },
): { plan: ExitPlanRow; rule: ExitRule } | string {
  const plan = before.exitPlan(fired.positionId);
  if (plan?.state !== "armed") return `no exit of ${fired.positionId} was armed`;
  const id = fired.ruleId ?? fired.rule;
  const rule = plan.rules.find((one) => ruleIdOf(one) === id || one.kind === id);
  if (rule === undefined) return `the rule ${id} was not armed`;
  const at = { markE9: BigInt(plan.markE9), nowMs: tsMs };
  if (rules.isCrossed(rule, BigInt(fired.priceE9), at)) return { plan, rule };
  return `${id} fired at ${fired.priceE9}, now it would not`;
}

/** A limit buy fires once, at its price or below it. */
export function replayEntryTriggered(step: ReplayStep<"EntryTriggered">): void {
  const { payload, before, rules, judge } = step;
  const { entryId, priceE9 } = payload;
  const entry = before.armedEntry(entryId);
  if (entry?.state !== "armed") return judge("limit buy", `${entryId} was not armed`);
  if (!rules.isEntryReached(entry, BigInt(priceE9))) {
    return judge("limit buy", `it fired at ${priceE9}, now it would not`);
  }
  const again = {
    triggerPriceE9: entry.triggerPriceE9,
    orderId: deriveEntryOrderId(entryId),
  };
  judge("limit buy", differenceOf(payload, again));
}

/** Exits and panics sell what their rule or the panic says; how much a person sold is theirs. */
export function replaySell(step: ReplayStep<"OrderInitialized">): void {
  const { payload, before, rules, judge } = step;
  const { source, orderId, noticeKey, slippageBpsMax } = payload;
  if (source.kind === "job") return;
  const position = before.position(source.positionId);
  if (position === undefined) return judge("exit order", `there was no ${source.positionId}`);
  const quantity = source.kind === "panic" ? null : exitQuantityOf(step, source, position);
  if (quantity === undefined) return judge("exit order", "its rule was not armed");
  const made: NewEvent[] = [];
  rules.initializeSell(
    { order: () => undefined, append: (event) => void made.push(event) },
    {
      orderId,
      position,
      quantityBps: 10_000,
      ...(quantity === null ? {} : { quantity }),
      slippageBpsMax,
      source,
      noticeKey,
    },
  );
  judge("exit order", differenceOf(payload, made[0]?.payload ?? {}));
}

function exitQuantityOf(
  { before, rules, payload }: ReplayStep<"OrderInitialized">,
  source: { positionId: string; rule: string; ruleId?: string },
  position: PositionRow,
): bigint | undefined {
  const plan = before.exitPlan(source.positionId);
  const id = source.ruleId ?? source.rule;
  const rule = plan?.rules.find((one) => ruleIdOf(one) === id || one.kind === id);
  const trigger = before.exitTrigger(payload.orderId);
  if (plan === undefined || rule === undefined || trigger === undefined) return undefined;
  return rules.exitQuantity(plan, rule, position, BigInt(trigger.priceE9));
}

/** The position that this fill makes is compared with the event that follows. */
export function replayFill(step: ReplayStep<"FillRecorded">): void {
  const { payload, before, rules, memory, judge } = step;
  const order = before.order(payload.orderId);
  if (order === undefined) return judge("position", `there was no order ${payload.orderId}`);
  const change = rules.positionAfter(before, order, payload);
  const replaced = payload.side === "buy" ? takeExpected(memory.expected, change) : undefined;
  memory.expected.push(change);
  const fill = before.fill(payload.fillId);
  const held = before.position(change.positionId);
  if (replaced === undefined || fill === undefined || held === undefined) return;
  // A fork executed it anew: what it brings is booked before what it had brought is taken back.
  const after = { ...held, ...change, oversold: change.oversold ?? "0", lost: null };
  memory.expected.push(...rules.changesOf(before, after, fill));
}

export function replayReversal(step: ReplayStep<"FillReversed">): void {
  const { payload, before, rules, memory, judge } = step;
  const fill = before.fill(payload.fillId);
  const held = fill === undefined ? undefined : before.position(fill.positionId);
  if (fill === undefined || held === undefined) {
    return judge("position", `there was no fill ${payload.fillId}`);
  }
  memory.expected.push(...rules.changesOf(before, held, fill));
}

export function replayPosition({ payload, memory, judge }: ReplayStep<"PositionChanged">): void {
  if (payload.cause.kind !== "fill") return;
  const again = takeExpected(memory.expected, payload);
  if (again === undefined) return judge("position", "no fill explains this change");
  judge("position", differenceOf(payload, again));
}

function takeExpected(
  expected: EventPayloads["PositionChanged"][],
  { positionId, cause }: EventPayloads["PositionChanged"],
): EventPayloads["PositionChanged"] | undefined {
  if (cause.kind !== "fill") return undefined;
  const at = expected.findIndex(
    (one) =>
      one.cause.kind === "fill" &&
      one.cause.fillId === cause.fillId &&
      one.positionId === positionId,
  );
  return at === -1 ? undefined : expected.splice(at, 1)[0];
}
