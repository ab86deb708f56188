import type { Evidence } from "@raptor/shared/domain/events.ts";
import type { OrderStatus } from "@raptor/shared/domain/order.ts";
import type { OrderRow } from "@raptor/shared/domain/rows.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { Tx } from "../ports/store.ts";
import type { PreparedAttempt } from "../ports/venue.ts";
import type { EngineContext } from "./context.ts";
import { checkEntryGate } from "./entry-gate.ts";
import { attemptIdOf, closingSlotOf, openingSlotOf } from "./ids.ts";

/**
 * Journals an attempt that may leave the process once this is committed. Deadline, kill state and
 * slot are judged on the state of this very transaction; when they say no the order is closed and
 * the answer is false.
 */
export function journalAttempt(
  context: EngineContext,
  tx: Tx,
  order: OrderRow,
  n: number,
  attempt: PreparedAttempt,
): boolean {
  const { clock, notices, venue } = context;
  const hold = context.entryHold();
  const gate = order.side === "buy" ? checkEntryGate(tx, order, clock.nowMs(), hold) : undefined;
  const slot = slotOf(order);
  const taken = tx.unresolvedInSlot(slot);
  if (gate !== undefined || taken !== undefined) {
    const reason = gate?.reason ?? "Another order of this token is not decided yet.";
    appendClosed(tx, order, gate?.status ?? "canceled", reason);
    notices.order(tx, order.orderId);
    return false;
  }
  tx.append({
    stream: `order:${order.orderId}`,
    kind: "AttemptPrepared",
    payload: {
      attemptId: attemptIdOf(order.orderId, n),
      orderId: order.orderId,
      n,
      venue: venue.id,
      identity: attempt.identity,
      payload: attempt.payload,
      bound: attempt.bound,
      exclusionGroup: attempt.exclusionGroup,
      slot,
      costCapLamports: attempt.costCapLamports.toString(),
      quantityOutMin: attempt.quantityOutMin.toString(),
      route: attempt.route,
      witness: {
        lamports: attempt.witness.lamports.toString(),
        quantity: attempt.witness.quantity.toString(),
      },
      epoch: tx.epoch(),
    },
  });
  notices.order(tx, order.orderId);
  return true;
}

export function slotOf(order: OrderRow): string {
  if (order.side === "buy") return openingSlotOf(order.walletId, order.instrument);
  assert(order.positionId !== null, `sell ${order.orderId} has no position`);
  return closingSlotOf(order.positionId);
}

export function appendClosed(
  tx: Tx,
  { orderId }: Pick<OrderRow, "orderId">,
  status: OrderStatus,
  reason: string,
  refusedRoute?: Evidence,
): void {
  const closed = { orderId, status, reason };
  const payload = refusedRoute === undefined ? closed : { ...closed, refusedRoute };
  tx.append({ stream: `order:${orderId}`, kind: "OrderClosed", payload });
}
