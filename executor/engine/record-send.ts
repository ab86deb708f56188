import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Tx } from "../ports/store.ts";
import type { SubmitOutcome, Venue } from "../ports/venue.ts";

export type SentOutcome = Exclude<SubmitOutcome, { outcome: "held" }>;

/** A venue that fails instead of answering may have taken the bytes. */
export async function submitTo(
  venue: Pick<Venue, "submit">,
  attempt: AttemptRow,
): Promise<SubmitOutcome> {
  try {
    return await venue.submit(attempt);
  } catch (error) {
    if (!isRaptorError(error)) throw error;
    return { outcome: "unknown", lanes: [], cause: error.message };
  }
}

/** Of bytes that may have left before, a refusal proves nothing. */
export function withoutRejection(outcome: SentOutcome): SentOutcome {
  if (outcome.outcome !== "rejected") return outcome;
  return { outcome: "unknown", lanes: [], cause: `refused when sent again: ${outcome.reason}` };
}

/** Writes what a send came to, when something left or may have left. */
export function recordSend(
  tx: Pick<Tx, "append">,
  attempt: AttemptRow,
  outcome: SentOutcome,
  atMs: number,
): void {
  const { attemptId, orderId, state } = attempt;
  const stream = `order:${orderId}`;
  if (outcome.outcome === "rejected") {
    const { reason, evidence } = outcome;
    tx.append({ stream, kind: "AttemptRejected", payload: { attemptId, reason, evidence } });
    return;
  }
  if (attempt.submittedMs === null) {
    const { lanes } = outcome;
    tx.append({ stream, kind: "AttemptSubmitted", payload: { attemptId, lanes, atMs } });
  }
  if (outcome.outcome === "unknown" && state !== "unknown" && state !== "accepted") {
    tx.append({ stream, kind: "AttemptUnknown", payload: { attemptId, cause: outcome.cause } });
  }
}
