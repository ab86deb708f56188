import type { Invariant, Report } from "./invariant.ts";

/** Invariant 9: an open position has its exits armed from the transaction on that opened it. */
export function createExitsArmed(report: Report): Invariant {
  const open = new Set<string>();
  const armed = new Set<string>();
  const changed = new Set<string>();
  return {
    name: "9 exits armed",
    take({ kind, payload }) {
      if (kind === "PositionChanged") {
        if (payload.state === "open") open.add(payload.positionId);
        else open.delete(payload.positionId);
        changed.add(payload.positionId);
      }
      if (kind === "ExitPlanArmed") armed.add(payload.positionId);
      if (kind === "ExitPlanDisarmed") {
        armed.delete(payload.positionId);
        changed.add(payload.positionId);
      }
    },
    settle() {
      for (const positionId of changed) {
        if (!open.has(positionId) || armed.has(positionId)) continue;
        report(`position ${positionId} is open and its exits are not armed`);
      }
      changed.clear();
    },
  };
}
