import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { ArmedEntryRow } from "@raptor/shared/domain/rows.ts";
import type { EventHead } from "./fold-orders.ts";
import type { RowChange } from "./row-change.ts";

/** Plans of the first release name their rules only; how often they fired is never forgotten. */
export function foldExitPlanArmed(plan: EventPayloads["ExitPlanArmed"]): RowChange[] {
  const { positionId, userId, instrument, rules, done = [], originalQuantity = "0" } = plan;
  const { markE9 = "0", version = 0, ruleCount = 0 } = plan;
  const facts = { done, originalQuantity, markE9, version, ruleCount };
  return [
    {
      op: "upsert",
      table: "exit_plans",
      row: { positionId, userId, instrument, rules, state: "armed", triggers: 0, ...facts },
      keep: ["triggers"],
    },
  ];
}

export function foldExitTriggered(
  trigger: EventPayloads["ExitTriggered"],
  head: EventHead,
): RowChange[] {
  const { positionId, n, ruleId = null, markE9 = null } = trigger;
  const row = { ...trigger, ruleId, markE9, firedMs: head.tsMs };
  return [
    {
      op: "update",
      table: "exit_plans",
      where: { positionId },
      set: { triggers: n },
      rows: "one",
    },
    { op: "insert", table: "exit_triggers", row },
  ];
}

/** A mark of a plan that was disarmed meanwhile says nothing. */
export function foldExitMarksMoved({ marks }: EventPayloads["ExitMarksMoved"]): RowChange[] {
  return marks.map(({ positionId, markE9 }) => ({
    op: "update",
    table: "exit_plans",
    where: { positionId, state: "armed" },
    set: { markE9 },
    rows: "any",
  }));
}

export function foldEntryArmed(entry: EventPayloads["EntryArmed"], head: EventHead): RowChange[] {
  const row = { ...entry, state: "armed" as const, reason: "", armedMs: head.tsMs };
  return [{ op: "insert", table: "armed_entries", row }];
}

/** An entry ends once: one that has fired or was called off meets no row. */
export function foldEntryEnd(
  entryId: string,
  set: Partial<Pick<ArmedEntryRow, "state" | "reason">>,
): RowChange[] {
  const where = { entryId, state: "armed" };
  return [{ op: "update", table: "armed_entries", where, set, rows: "one" }];
}
