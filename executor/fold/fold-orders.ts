import type { EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";
import {
  FINAL_ORDER_STATUSES,
  UNRESOLVED_ATTEMPT_STATES,
  type OrderStatus,
} from "@raptor/shared/domain/order.ts";
import type { RowChange } from "./row-change.ts";

export type EventHead = Pick<JournalEvent, "seq" | "tsMs">;

const LIVE_ORDER_STATUSES: readonly OrderStatus[] = [
  "initialized",
  "submitted",
  "accepted",
  "partiallyFilled",
];

/** Why an attempt is open again after its fill was rolled back; a newer one may hold its slot. */
export const REVERSED_CAUSE = "fill reversed";

export function foldOrderInitialized(
  order: EventPayloads["OrderInitialized"],
  head: EventHead,
): RowChange[] {
  return [
    {
      op: "insert",
      table: "orders",
      row: { ...order, status: "initialized", reason: null, createdMs: head.tsMs },
    },
  ];
}

export function foldOrderDenied(denied: EventPayloads["OrderDenied"]): RowChange[] {
  return [
    {
      op: "update",
      table: "orders",
      where: { orderId: denied.orderId, status: "initialized" },
      set: { status: "denied", reason: denied.reasons.join("\n") },
      rows: "one",
    },
    {
      op: "insert",
      table: "denials",
      row: { orderId: denied.orderId, inputs: denied.inputs },
    },
  ];
}

export function foldOrderClosed(closed: EventPayloads["OrderClosed"]): RowChange[] {
  return [
    {
      op: "update",
      table: "orders",
      where: { orderId: closed.orderId, status: LIVE_ORDER_STATUSES },
      set: { status: closed.status, reason: closed.reason },
      rows: "one",
    },
  ];
}

/** An order that has ended cannot get another attempt: the update then meets no row. */
export function foldAttemptPrepared(
  attempt: EventPayloads["AttemptPrepared"],
  head: EventHead,
): RowChange[] {
  return [
    {
      op: "insert",
      table: "attempts",
      row: {
        ...attempt,
        voids: attempt.voids ?? null,
        state: "prepared",
        cause: null,
        evidence: null,
        preparedMs: head.tsMs,
        submittedMs: null,
      },
    },
    {
      op: "update",
      table: "orders",
      where: { orderId: attempt.orderId, status: LIVE_ORDER_STATUSES },
      set: { status: "submitted" },
      rows: "one",
    },
  ];
}

/** The record may be written after the answer's: it then only adds the first time of sending. */
export function foldAttemptSubmitted(sent: EventPayloads["AttemptSubmitted"]): RowChange[] {
  const { attemptId } = sent;
  return [
    {
      op: "update",
      table: "attempts",
      where: { attemptId, state: "prepared" },
      set: { state: "submitted" },
      rows: "any",
    },
    {
      op: "update",
      table: "attempts",
      where: { attemptId, submittedMs: null },
      set: { submittedMs: sent.atMs },
      rows: "any",
    },
  ];
}

/** Late news about an attempt that is resolved changes nothing; the journal keeps it. */
export function foldAttemptAccepted(accepted: EventPayloads["AttemptAccepted"]): RowChange[] {
  const { attemptId, evidence } = accepted;
  return [
    {
      op: "update",
      table: "attempts",
      where: { attemptId, state: UNRESOLVED_ATTEMPT_STATES },
      set: { state: "accepted", evidence },
      rows: "any",
    },
    {
      op: "update",
      table: "orders",
      where: { orderId: { orderOfAttempt: attemptId }, status: ["initialized", "submitted"] },
      set: { status: "accepted" },
      rows: "any",
    },
  ];
}

export function foldAttemptUnknown(unknown: EventPayloads["AttemptUnknown"]): RowChange[] {
  return [
    {
      op: "update",
      table: "attempts",
      where: { attemptId: unknown.attemptId, state: UNRESOLVED_ATTEMPT_STATES },
      set: { state: "unknown", cause: unknown.cause },
      rows: "any",
    },
  ];
}

/**
 * A definite end of one attempt. The order returns to `submitted`: the engine decides between
 * another attempt and OrderClosed. An attempt that has ended otherwise contradicts it.
 */
function foldAttemptEnd(
  attemptId: string,
  set: Pick<
    Extract<RowChange, { table: "attempts"; op: "update" }>["set"],
    "state" | "cause" | "evidence"
  >,
): RowChange[] {
  return [
    {
      op: "update",
      table: "attempts",
      where: { attemptId, state: UNRESOLVED_ATTEMPT_STATES },
      set,
      rows: "one",
    },
    {
      op: "update",
      table: "orders",
      where: { orderId: { orderOfAttempt: attemptId }, status: "accepted" },
      set: { status: "submitted" },
      rows: "any",
    },
  ];
}

export function foldAttemptRejected(rejected: EventPayloads["AttemptRejected"]): RowChange[] {
  const { attemptId, reason, evidence } = rejected;
  return foldAttemptEnd(attemptId, { state: "rejected", cause: reason, evidence });
}

export function foldAttemptFailed(failed: EventPayloads["AttemptFailed"]): RowChange[] {
  const { attemptId, venueError, evidence } = failed;
  return foldAttemptEnd(attemptId, { state: "failed", cause: venueError, evidence });
}

export function foldAttemptDead(dead: EventPayloads["AttemptDead"]): RowChange[] {
  return foldAttemptEnd(dead.attemptId, { state: "dead", cause: null, evidence: dead.proof });
}

/**
 * A fill is the venue's truth and is booked whatever we believed of its attempt. The same fill
 * is booked once; only after it was rolled back may it come again.
 */
export function foldFillRecorded(
  fill: EventPayloads["FillRecorded"],
  head: EventHead,
): RowChange[] {
  const { soldCostLamports = null } = fill;
  return [
    {
      op: "upsert",
      table: "fills",
      row: { ...fill, soldCostLamports, seq: head.seq, tsMs: head.tsMs, state: "recorded" },
      onlyOver: { state: "reversed" },
    },
    {
      op: "update",
      table: "attempts",
      where: { attemptId: fill.attemptId },
      set: { state: "filled", cause: null, evidence: fill.evidence },
      rows: "one",
    },
    {
      op: "update",
      table: "orders",
      where: { orderId: fill.orderId },
      set: { status: "filled", reason: null },
      rows: "one",
    },
  ];
}

/** The same bytes may land again, so the attempt is open and the order is on its way again. */
export function foldFillReversed(reversed: EventPayloads["FillReversed"]): RowChange[] {
  const { attemptId, fillId, evidence } = reversed;
  return [
    {
      op: "update",
      table: "fills",
      where: { fillId, attemptId, state: ["recorded", "settled"] },
      set: { state: "reversed" },
      rows: "one",
    },
    {
      op: "update",
      table: "attempts",
      where: { attemptId },
      set: { state: "unknown", cause: REVERSED_CAUSE, evidence },
      rows: "one",
    },
    {
      op: "update",
      table: "orders",
      where: { orderId: { orderOfAttempt: attemptId }, status: FINAL_ORDER_STATUSES },
      set: { status: "submitted" },
      rows: "any",
    },
  ];
}

export function foldFillSettled(settled: EventPayloads["FillSettled"]): RowChange[] {
  return [
    {
      op: "update",
      table: "fills",
      where: { fillId: settled.fillId, state: ["recorded", "settled"] },
      set: { state: "settled" },
      rows: "one",
    },
  ];
}
