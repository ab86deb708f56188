import type { EventPayloads, Evidence, JournalEvent } from "@raptor/shared/domain/events.ts";
import type { Invariant, Report } from "./invariant.ts";

/** One node's word alone is never a proof of death. */
const PROVIDERS_MIN = 2;

/**
 * Invariant 17: every terminal transition carries evidence, and a death by block height shows, of
 * at least two nodes, a finalized height above the attempt's own bound and a look into the history
 * that came afterwards.
 */
export function createEvidence(report: Report): Invariant {
  const bounds = new Map<string, EventPayloads["AttemptPrepared"]["bound"]>();

  function checkHas(attemptId: string, evidence: Evidence): void {
    if (Object.keys(evidence).length === 0) report(`${attemptId} ended without evidence`);
  }

  function checkDeath({ attemptId, proof }: EventPayloads["AttemptDead"]): void {
    checkHas(attemptId, proof);
    const bound = bounds.get(attemptId);
    if (bound?.kind !== "blockHeight") return;
    const providers = Object.entries(recordOf(proof["providers"]));
    if (providers.length < PROVIDERS_MIN) {
      report(`${attemptId} was called dead on the word of ${providers.length} node(s)`);
    }
    for (const [name, said] of providers) {
      const { height, slot, historySlot } = recordOf(said);
      if (!(Number(height) > bound.lastValidBlockHeight)) {
        report(`${attemptId} was called dead at height ${String(height)} of ${name}`);
      }
      if (!(Number(historySlot) >= Number(slot))) {
        report(`${attemptId} was called dead from an older history of ${name}`);
      }
    }
  }

  function take({ kind, payload }: JournalEvent): void {
    switch (kind) {
      case "AttemptPrepared":
        bounds.set(payload.attemptId, payload.bound);
        return;
      case "AttemptDead":
        checkDeath(payload);
        bounds.delete(payload.attemptId);
        return;
      case "AttemptRejected":
      case "AttemptFailed":
      case "FillRecorded":
      case "FillReversed":
        return checkHas(payload.attemptId, payload.evidence);
      case "FillSettled":
        return checkHas(payload.fillId, payload.evidence);
      case "OrderClosed":
        if (payload.reason === "") report(`order ${payload.orderId} ended without a reason`);
        return;
      case "OrderDenied":
        if (payload.reasons.length === 0) report(`order ${payload.orderId} was denied for nothing`);
        return;
      default:
    }
  }

  return { name: "17 evidence", take };
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
