import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import type { Invariant, Report } from "./invariant.ts";

interface Open {
  attemptId: string;
  slot: string;
  group: string;
}

/**
 * Invariant 3: a slot holds at most one exclusion group that is not decided. Attempts of one group
 * may stand beside each other, because the venue lets only one of them happen.
 */
export function createOneGroup(report: Report): Invariant {
  const open = new Map<string, Open>();

  function prepare(entry: Open): void {
    for (const other of open.values()) {
      if (other.slot !== entry.slot || other.group === entry.group) continue;
      report(`${entry.attemptId} joins ${other.attemptId}, undecided, in slot ${entry.slot}`);
    }
    open.set(entry.attemptId, entry);
  }

  function take({ kind, payload }: JournalEvent): void {
    switch (kind) {
      case "AttemptPrepared": {
        const { attemptId, slot, exclusionGroup: group } = payload;
        return prepare({ attemptId, slot, group });
      }
      case "AttemptRejected":
      case "AttemptFailed":
      case "AttemptDead":
      case "FillRecorded":
        // One whose fill is taken back opens again beside a newer one: nobody could prevent that.
        open.delete(payload.attemptId);
        return;
      default:
    }
  }

  return { name: "3 one group per slot", take };
}
