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
 * Whether an end on a nonce is not final enough to be written. A revert: a fork may still let a
 * sibling land, or the same bytes, which never expire, beside the attempt that would follow. A
 * landing beside the booked fill of a sibling: only one of the two can be true.
 */
export function isTooEarly(
  tx: Tx,
  attempt: AttemptRow,
  report: AttemptReport,
  finality: Evidence | undefined,
): boolean {
  if (report.state === "reverted") {
    if (rivalFillOf(tx, attempt) !== undefined) return true;
    if (attempt.bound.kind !== "nonce" || isFinalRevert(report)) return false;
    return openSiblingsOf(tx, attempt).length > 0 || !sellsAll(tx, attempt);
  }
  // One of the two is not true, and the settlement of the fill will say which.
  if (report.state === "voided") return rivalFillOf(tx, attempt) !== undefined;
  if (report.state !== "landed") return false;
  const rival = rivalFillOf(tx, attempt);
  return rival !== undefined && (rival.state === "settled" || finality === undefined);
}

/** Nobody can sell the same tokens twice: what sells all of them may be tried anew at once. */
function sellsAll(tx: Tx, { orderId }: AttemptRow): boolean {
  const order = tx.order(orderId);
  if (order?.side !== "sell" || order.positionId === null) return false;
  const position = tx.position(order.positionId);
  return position !== undefined && BigInt(order.quantity) >= BigInt(position.quantity);
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
  assert(attempt.voids === null, `void ${attempt.attemptId} is booked as a fill`);
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
