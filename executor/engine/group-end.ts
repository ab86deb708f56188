import type { Evidence } from "@raptor/shared/domain/events.ts";
import { FINAL_ORDER_STATUSES } from "@raptor/shared/domain/order.ts";
import type { AttemptRow, FillRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { Reader, Tx } from "../ports/store.ts";
import type { AttemptReport } from "../ports/venue.ts";
import type { EngineContext } from "./context.ts";
import { appendClosed } from "./journal-attempt.ts";
import { isUnresolved } from "./nonce-accounts.ts";

/** The other attempts that share a nonce value with this one and are not decided. */
export function openSiblingsOf(reader: Reader, attempt: AttemptRow): AttemptRow[] {
  if (attempt.bound.kind !== "nonce") return [];
  return reader
    .attemptsOfGroup(attempt.exclusionGroup)
    .filter((one) => one.attemptId !== attempt.attemptId && isUnresolved(one));
}

/** The booked fill of another attempt on the same nonce value: at most one of the two is true. */
export function rivalFillOf(reader: Reader, attempt: AttemptRow): FillRow | undefined {
  if (attempt.bound.kind !== "nonce") return undefined;
  return reader
    .attemptsOfGroup(attempt.exclusionGroup)
    .filter(({ attemptId }) => attemptId !== attempt.attemptId)
    .map(({ attemptId }) => reader.fillOfAttempt(attemptId))
    .find((fill) => fill !== undefined);
}

/** Whether a revert has used its nonce up for good; until then a fork may let a sibling land. */
export function isFinalRevert(report: AttemptReport): boolean {
  return report.state === "reverted" && report.evidence["commitment"] === "finalized";
}

/**
 * Ends a group of which one attempt took effect, or failed, for good: the venue can execute none of
 * the others any more. Orders that lost their last attempt to another order end as replaced, unless
 * that one has sold only a part: then they go on with the rest. After a revert the order that tried
 * last goes on alone. Sells of other positions that stood on the same value are not replaced by it.
 * @returns the orders to look at again.
 */
export function buryGroup(
  context: Pick<EngineContext, "notices">,
  tx: Tx,
  decided: AttemptRow,
  end: "filled" | "reverted" | "voided",
  settlement: Evidence,
): string[] {
  const siblings = openSiblingsOf(tx, decided);
  if (siblings.length === 0) return [];
  const group = tx.attemptsOfGroup(decided.exclusionGroup);
  for (const { attemptId, orderId } of siblings) {
    const by = { attemptId: decided.attemptId, end };
    const proof = { supersededBy: decided.identity, by, settlement };
    const payload = { attemptId, proof };
    tx.append({ stream: `order:${orderId}`, kind: "AttemptDead", payload });
  }
  // A refused try, or one that a fork took back, leaves its nonce's value to other positions' sells.
  const own = group.filter(({ slot }) => slot === decided.slot);
  const keeperId = end === "filled" ? decided.orderId : (own.at(-1) ?? decided).orderId;
  const keeper = orderOf(tx, keeperId);
  const orderIds = [...new Set(group.map(({ orderId }) => orderId))];
  for (const orderId of orderIds) {
    const order = orderOf(tx, orderId);
    const isRival = orderId !== keeperId && own.some((attempt) => attempt.orderId === orderId);
    const isDone = end !== "filled" || !isPositionOpen(tx, order);
    if (isRival && isDone) closeReplaced(tx, order, keeper);
    context.notices.order(tx, orderId);
  }
  return orderIds;
}

function closeReplaced(tx: Tx, order: OrderRow, keeper: OrderRow): void {
  if (FINAL_ORDER_STATUSES.includes(order.status)) return;
  if (tx.attemptsOf(order.orderId).some(isUnresolved)) return;
  appendClosed(tx, order, "canceled", replacedBy(keeper));
}

function isPositionOpen(reader: Reader, { positionId }: OrderRow): boolean {
  return positionId !== null && reader.position(positionId)?.state === "open";
}

export function replacedBy(keeper: Pick<OrderRow, "orderId" | "source">): string {
  const { source } = keeper;
  const kinds = { job: "a sell by hand", panic: "the panic sell", exit: "an exit" };
  return `Replaced by ${kinds[source.kind]} of the same position, order ${keeper.orderId}.`;
}

function orderOf(reader: Reader, orderId: string): OrderRow {
  const order = reader.order(orderId);
  assert(order !== undefined, `order ${orderId} of a group is gone`);
  return order;
}
