import type { Evidence } from "@raptor/shared/domain/events.ts";
import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { Tx } from "../ports/store.ts";
import type { AttemptReport } from "../ports/venue.ts";
import type { EngineContext } from "./context.ts";
import { isFinalRevert, openSiblingsOf, rivalFillOf } from "./group-end.ts";
import { bookFill } from "./settle.ts";
import { reverseFill, settleFill } from "./settlement.ts";

type Landed = Extract<AttemptReport, { state: "landed" }>;

/**
 * Whether an end among several attempts on one nonce value is not final enough to be written: a
 * revert, because a fork may still let a sibling land; a landing beside the booked fill of a
 * sibling, because only one of the two can be true.
 */
export function isTooEarly(
  tx: Tx,
  attempt: AttemptRow,
  report: AttemptReport,
  finality: Evidence | undefined,
): boolean {
  if (report.state === "reverted") {
    if (rivalFillOf(tx, attempt) !== undefined) return true;
    return openSiblingsOf(tx, attempt).length > 0 && !isFinalRevert(report);
  }
  if (report.state !== "landed") return false;
  const rival = rivalFillOf(tx, attempt);
  return rival !== undefined && (rival.state === "settled" || finality === undefined);
}

/**
 * Books a landing. Where a sibling was booked in its place before a fork, that fill is taken back
 * first, in the same transaction: no moment has two fills of one nonce value.
 */
export function bookLanding(
  context: EngineContext,
  tx: Tx,
  attempt: AttemptRow,
  landed: Landed,
  finality: Evidence | undefined,
): string[] {
  const order = tx.order(attempt.orderId);
  assert(order !== undefined, `attempt ${attempt.attemptId} has no order`);
  const rival = rivalFillOf(tx, attempt);
  if (rival === undefined) {
    bookFill(context, tx, order, attempt, landed);
    return [];
  }
  assert(finality !== undefined, `${attempt.attemptId} is booked beside ${rival.fillId}`);
  reverseFill(context, tx, rival, { supersededBy: attempt.identity, settlement: finality });
  bookFill(context, tx, order, attempt, landed);
  const fill = tx.fill(landed.fillId);
  assert(fill !== undefined, `fill ${landed.fillId} was not booked`);
  return settleFill(context, tx, fill, attempt, finality);
}
