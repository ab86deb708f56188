import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import { createAttemptLife } from "./attempt-life.ts";
import { createEntryGate } from "./entry-gate.ts";
import { createEvidence } from "./evidence.ts";
import { createExitsArmed } from "./exits-armed.ts";
import { createExitsOutlive } from "./exits-outlive.ts";
import { createExitRulesOnce } from "./exit-rules-once.ts";
import type { CreateInvariant } from "./invariant.ts";
import { createJobsFinal } from "./jobs-final.ts";
import { createOneEffect } from "./one-effect.ts";
import { createOneEpoch } from "./one-epoch.ts";
import { createOneGroup } from "./one-group.ts";
import { createPanicWhole } from "./panic-whole.ts";
import { createPositionSums } from "./position-sums.ts";
import { createSpend, type SpendLimits } from "./spend.ts";
import { createSwitchOrder } from "./switch-order.ts";
import { createTicketOnce } from "./ticket-once.ts";
import { createVoidHarmless } from "./void-harmless.ts";

export interface Violation {
  /** Number and name of the invariant. */
  name: string;
  detail: string;
}

export interface JournalInvariants {
  /** The next event, in the order of the journal. */
  take(event: JournalEvent): void;
  /** Called where no transaction is half seen: after a commit, and at the journal's end. */
  settle(): void;
}

/** All invariants that need nothing but the events; `limits` replaces those that events name. */
export function createJournalInvariants(
  onViolation: (violation: Violation) => void,
  limits?: SpendLimits,
): JournalInvariants {
  const makers: readonly CreateInvariant[] = [
    createOneEffect,
    createTicketOnce,
    createOneGroup,
    createPositionSums,
    createAttemptLife,
    createJobsFinal,
    (report) => createSpend(report, limits),
    createExitsArmed,
    createExitsOutlive,
    createExitRulesOnce,
    createEntryGate,
    createSwitchOrder,
    createPanicWhole,
    createOneEpoch,
    createEvidence,
    createVoidHarmless,
  ];
  const invariants = makers.map((make) => {
    const invariant = make((detail) => onViolation({ name: invariant.name, detail }));
    return invariant;
  });
  return {
    take(event) {
      for (const invariant of invariants) invariant.take(event);
    },
    settle() {
      for (const invariant of invariants) invariant.settle?.();
    },
  };
}
