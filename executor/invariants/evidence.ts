import type { EventPayloads, Evidence, JournalEvent } from "@raptor/shared/domain/events.ts";
import type { Invariant, Report } from "./invariant.ts";

/** One node's word alone is never a proof of death. */
const PROVIDERS_MIN = 2;

/**
 * Invariant 17: every terminal transition carries evidence, and a death by block height shows, of
 * at least two nodes, a finalized height above the attempt's own bound and a look into the history
 * that came afterwards. An
 * attempt on a nonce dies only of a sibling that is settled or failed, or of a transaction that is
 * not in this journal and that stood on the same value.
 */
export function createEvidence(report: Report): Invariant {
  const attempts = new Map<string, EventPayloads["AttemptPrepared"]>();
  const attemptOfFill = new Map<string, string>();
  /** Nonce values that a settled or failed attempt has used up. */
  const usedUp = new Set<string>();

  function checkHas(attemptId: string, evidence: Evidence): void {
    if (Object.keys(evidence).length === 0) report(`${attemptId} ended without evidence`);
  }

  function checkDeath({ attemptId, proof }: EventPayloads["AttemptDead"]): void {
    checkHas(attemptId, proof);
    const attempt = attempts.get(attemptId);
    if (attempt === undefined) return;
    const { bound, exclusionGroup } = attempt;
    if (bound.kind === "nonce") {
      const isShown = isSpent(proof, bound.value);
      if (!isShown && !usedUp.has(exclusionGroup)) {
        report(`${attemptId} was called dead on a living nonce`);
      }
      return;
    }
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

  function useUp(attemptId: string | undefined): void {
    const attempt = attempts.get(attemptId ?? "");
    if (attempt?.bound.kind === "nonce") usedUp.add(attempt.exclusionGroup);
  }

  function take({ kind, payload }: JournalEvent): void {
    switch (kind) {
      case "AttemptPrepared":
        attempts.set(payload.attemptId, payload);
        return;
      case "AttemptDead":
        return checkDeath(payload);
      case "AttemptFailed":
        useUp(payload.attemptId);
        return checkHas(payload.attemptId, payload.evidence);
      case "FillRecorded":
        attemptOfFill.set(payload.fillId, payload.attemptId);
        return checkHas(payload.attemptId, payload.evidence);
      case "AttemptRejected":
      case "FillReversed":
        return checkHas(payload.attemptId, payload.evidence);
      case "FillSettled":
        useUp(attemptOfFill.get(payload.fillId));
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

/** At least two nodes told of another value, finalized, and what used this one up is named. */
function isSpent(proof: Evidence, standing: string): boolean {
  const words = Object.values(recordOf(proof["providers"])).map(recordOf);
  const isMoved = words.length >= PROVIDERS_MIN && words.every(({ value }) => value !== standing);
  return typeof proof["spender"] === "string" && isMoved;
}
