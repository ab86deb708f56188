import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import type { Invariant, Report } from "./invariant.ts";

interface Open {
  attemptId: string;
  slot: string;
  group: string;
}

/**
 * Invariant 3: a slot holds at most one exclusion group that is not decided. Attempts of one group
 * may stand beside each other, because the venue lets only one of them happen; so they may not
 * serve two slots, of which only one would ever be served.
 */
export function createOneGroup(report: Report): Invariant {
  const open = new Map<string, Open>();

  function prepare(entry: Open): void {
    for (const other of open.values()) {
      const isSameSlot = other.slot === entry.slot;
      if (isSameSlot === (other.group === entry.group)) continue;
      const { attemptId } = other;
      if (isSameSlot)
        report(`${entry.attemptId} joins ${attemptId}, undecided, in slot ${entry.slot}`);
      else report(`${entry.attemptId} excludes ${attemptId}, undecided, of slot ${other.slot}`);
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
