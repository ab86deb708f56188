import type { EventPayloads, NewEvent } from "@raptor/shared/domain/events.ts";
import { deriveExitOrderId } from "../engine/ids.ts";
import { differenceOf, type ReplayStep } from "./replay-step.ts";

/** The rules follow from the entry price and the distances that the plan itself names. */
export function replayArmed({ payload, before, rules, judge }: ReplayStep<"ExitPlanArmed">): void {
  const position = before.position(payload.positionId);
  if (position === undefined) return judge("exit plan", `there was no ${payload.positionId}`);
  const distanceOf = (kind: "takeProfit" | "stopLoss"): number =>
    Math.abs(payload.rules.find((rule) => rule.kind === kind)?.triggerBps ?? 0);
  const again = rules.createExitRules({
    entryPriceE9: BigInt(position.entryPriceE9),
    takeProfitBps: distanceOf("takeProfit"),
    stopLossBps: distanceOf("stopLoss"),
  });
  judge("exit plan", differenceOf({ rules: payload.rules }, { rules: again }));
}

/** The rule that fired must be armed, and the journaled price must reach it. */
export function replayTriggered(step: ReplayStep<"ExitTriggered">): void {
  const { payload, before, rules, judge } = step;
  const { positionId, rule, priceE9 } = payload;
  const plan = before.exitPlan(positionId);
  if (plan?.state !== "armed") return judge("exit trigger", `no exit of ${positionId} was armed`);
  const fired = rules.crossed(plan.rules, BigInt(priceE9)).find(({ kind }) => kind === rule);
  if (fired === undefined) {
    return judge("exit trigger", `${rule} fired at ${priceE9}, now it would not`);
  }
  const n = plan.triggers + 1;
  const orderId = deriveExitOrderId(positionId, rule, n);
  const again = { triggerPriceE9: fired.triggerPriceE9, n, orderId };
  judge("exit trigger", differenceOf(payload, again));
}

/** Exits and panics sell what their rule or the panic says; how much a person sold is theirs. */
export function replaySell(step: ReplayStep<"OrderInitialized">): void {
  const { payload, before, rules, judge } = step;
  const { source, orderId, noticeKey, slippageBpsMax } = payload;
  if (source.kind === "job") return;
  const position = before.position(source.positionId);
  if (position === undefined) return judge("exit order", `there was no ${source.positionId}`);
  const quantityBps = source.kind === "panic" ? 10_000 : exitShareOf(step, source);
  if (quantityBps === undefined) return judge("exit order", "its rule was not armed");
  const made: NewEvent[] = [];
  rules.initializeSell(
    { order: () => undefined, append: (event) => void made.push(event) },
    { orderId, position, quantityBps, slippageBpsMax, source, noticeKey },
  );
  judge("exit order", differenceOf(payload, made[0]?.payload ?? {}));
}

function exitShareOf(
  { before }: ReplayStep<"OrderInitialized">,
  source: { positionId: string; rule: string },
): number | undefined {
  const rules = before.exitPlan(source.positionId)?.rules ?? [];
  return rules.find((rule) => rule.kind === source.rule)?.quantityBps;
}

/** The position that this fill makes is compared with the event that follows. */
export function replayFill(step: ReplayStep<"FillRecorded">): void {
  const { payload, before, rules, memory, judge } = step;
  const order = before.order(payload.orderId);
  if (order === undefined) return judge("position", `there was no order ${payload.orderId}`);
  memory.expected.push(rules.positionAfter(before, order, payload));
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
