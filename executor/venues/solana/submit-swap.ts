import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import type { SubmitOutcome } from "../../ports/venue.ts";
import { parseLanding } from "./attempt-route.ts";
import type { LaneSet } from "./lanes.ts";

/** Sends an attempt's bytes on all lanes that its journaled route allows; only these bytes. */
export function submitSwap(lanes: LaneSet, attempt: AttemptRow): Promise<SubmitOutcome> {
  return lanes.submit(attempt.payload, attempt.identity, parseLanding(attempt));
}
