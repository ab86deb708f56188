import type { EventPayloads, Evidence } from "@raptor/shared/domain/events.ts";
import { UNRESOLVED_ATTEMPT_STATES } from "@raptor/shared/domain/order.ts";
import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { AttemptReport, Venue } from "../ports/venue.ts";
import type { EngineContext } from "./context.ts";
import { rivalFillOf } from "./group-end.ts";
import { voidedText } from "./void-rules.ts";

/** What is journaled of an attempt that landed without its effect, or only used its nonce up. */
export function failureOf(
  attemptId: string,
  report: Extract<AttemptReport, { state: "reverted" | "voided" }>,
): EventPayloads["AttemptFailed"] {
  const { evidence } = report;
  const costLamports = report.costLamports.toString();
  if (report.state === "reverted") {
    return { attemptId, venueError: report.venueError, costLamports, evidence };
  }
  const venueError = voidedText(report.costLamports);
  return { attemptId, venueError, costLamports, evidence, isVoid: true };
}

/**
 * Whether a nonce was used up by an attempt of ours that decides for this one too. One that has
 * come to its end, for good, decides for nobody else any more.
 */
export function isOurs(
  { store }: Pick<EngineContext, "store">,
  { venue }: AttemptRow,
  proof: Evidence,
): boolean {
  const identity = proof["spender"];
  const spender =
    typeof identity === "string" ? store.attemptByIdentity(venue, identity) : undefined;
  if (spender === undefined) return false;
  const fill = store.fillOfAttempt(spender.attemptId);
  return UNRESOLVED_ATTEMPT_STATES.includes(spender.state) || fill?.state === "recorded";
}

/** The venue's word that this landing is final, asked only where a copy is booked already. */
export async function fetchFinality(
  { store, venue }: Pick<EngineContext, "store" | "venue">,
  attempt: AttemptRow,
  report: AttemptReport,
): Promise<Evidence | undefined> {
  if (report.state !== "landed" || rivalFillOf(store, attempt) === undefined) return undefined;
  try {
    const { identity, bound } = attempt;
    const found = await venue.fetchSettlement(identity, bound, report.venueSlot);
    // After a fork it may have been executed again in another block, with other amounts.
    const isSame = (found.venueSlot ?? report.venueSlot) === report.venueSlot;
    return found.state === "settled" && isSame ? found.evidence : undefined;
  } catch (error) {
    if (!isRaptorError(error)) throw error;
    return undefined;
  }
}

/** An error of the venue says nothing of the attempt. */
export async function fetchReport(
  venue: Pick<Venue, "fetchAttempt">,
  attempt: AttemptRow,
): Promise<AttemptReport> {
  try {
    return await venue.fetchAttempt(attempt);
  } catch (error) {
    if (!isRaptorError(error)) throw error;
    return { state: "pending", detail: error.message };
  }
}
