import type { EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";
import type { Invariant, Report } from "./invariant.ts";

interface Plan {
  /** Ids of the rules that are armed; the kind, where a plan of the first release has no ids. */
  rules: Set<string>;
  triggers: number;
  markE9: bigint;
}

/**
 * Invariant 19: only an armed rule fires, triggers are numbered without holes, no rule is armed
 * and done at once, and a trailing stop never forgets the highest price that decides about it.
 */
export function createExitRulesOnce(report: Report): Invariant {
  const plans = new Map<string, Plan>();

  function arm(armed: EventPayloads["ExitPlanArmed"]): void {
    const { positionId } = armed;
    const before = plans.get(positionId);
    const rules = new Set(armed.rules.map((rule) => rule.id ?? rule.kind));
    const again = (armed.done ?? []).find((rule) => rules.has(rule.id ?? rule.kind));
    if (again !== undefined)
      report(`${again.id} of ${positionId} is armed again after it was done`);
    const markE9 = BigInt(armed.markE9 ?? "0");
    plans.set(positionId, { rules, triggers: before?.triggers ?? 0, markE9 });
  }

  function fire(fired: EventPayloads["ExitTriggered"]): void {
    const { positionId, n, markE9 } = fired;
    const plan = plans.get(positionId);
    const rule = fired.ruleId ?? fired.rule;
    if (plan === undefined || !plan.rules.has(rule)) {
      return report(`${rule} of ${positionId} fired without being armed`);
    }
    if (n !== plan.triggers + 1) report(`trigger ${n} of ${positionId} follows ${plan.triggers}`);
    plan.triggers = n;
    if (markE9 !== undefined && BigInt(markE9) !== plan.markE9) {
      report(`${rule} of ${positionId} was decided by a highest price that was not recorded`);
    }
  }

  function mark({ marks }: EventPayloads["ExitMarksMoved"]): void {
    for (const { positionId, markE9 } of marks) {
      const plan = plans.get(positionId);
      if (plan === undefined) continue;
      if (BigInt(markE9) < plan.markE9) report(`the highest price of ${positionId} has fallen`);
      plan.markE9 = BigInt(markE9);
    }
  }

  function take({ kind, payload }: JournalEvent): void {
    if (kind === "ExitPlanArmed") arm(payload);
    if (kind === "ExitTriggered") fire(payload);
    if (kind === "ExitMarksMoved") mark(payload);
  }

  return { name: "19 exit rules once", take };
}
