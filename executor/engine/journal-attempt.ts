import type { Evidence } from "@raptor/shared/domain/events.ts";
import {
  type EntryEnd,
  FINAL_ORDER_STATUSES,
  type OrderStatus,
} from "@raptor/shared/domain/order.ts";
import type { OrderRow } from "@raptor/shared/domain/rows.ts";
import type { Tx } from "../ports/store.ts";
import type { PreparedAttempt } from "../ports/venue.ts";
import type { EngineContext } from "./context.ts";
import { mayJoin, undecidedGroupOf } from "./attempt-lifetime.ts";
import { checkEntryGate } from "./entry-gate.ts";
import { attemptIdOf, slotOf } from "./ids.ts";
import { isNonceFree, isUnresolved, isValueSpent } from "./nonce-accounts.ts";
import { openPanicOf } from "./orders.ts";

/** `again`: what was prepared does not fit any more what stands in the journal by now. */
export type Journaled = "journaled" | "closed" | "again";

/**
 * Journals an attempt that may leave the process once this is committed. Deadline, kill state, slot
 * and exclusion group are judged on the state of this very transaction. A buy that may not go on is
 * closed; an exit is prepared anew. `joins` is the group that it must become part of.
 */
export function journalAttempt(
  context: EngineContext,
  tx: Tx,
  order: OrderRow,
  n: number,
  attempt: PreparedAttempt,
  joins: string | undefined,
): Journaled {
  const { clock, notices, venue } = context;
  const slot = slotOf(order);
  // While a copy was prepared, the first try may have landed.
  const status = tx.order(order.orderId)?.status;
  if (status === undefined || FINAL_ORDER_STATUSES.includes(status)) return "closed";
  if (order.side === "buy") {
    const stop = stopOfBuy(context, tx, order, attempt, clock.nowMs());
    if (stop !== undefined) {
      appendClosed(tx, order, stop.status, stop.reason);
      notices.order(tx, order.orderId);
      return "closed";
    }
  } else {
    // A panic sells everything: no part that is not under way yet comes before it any more.
    const isLate = order.source.kind !== "panic" && joins === undefined;
    if (isLate && openPanicOf(tx, order) !== undefined) return "again";
    if (!isSlotFitting(tx, order, attempt, joins)) return "again";
  }
  if (joins === undefined && !isLifetimeFree(context, tx, attempt)) return "again";
  // Two orders alike on one blockhash are the same bytes: they could take effect only once.
  if (isJournaled(tx, attempt)) return "again";
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
  // Whoever else is in the group reads that a dearer copy is under way.
  const group = joins === undefined ? [] : tx.attemptsOfGroup(joins);
  for (const orderId of new Set([order.orderId, ...group.map((one) => one.orderId)])) {
    notices.order(tx, orderId);
  }
  return "journaled";
}

function stopOfBuy(
  context: EngineContext,
  tx: Tx,
  order: OrderRow,
  { bound }: PreparedAttempt,
  nowMs: number,
): EntryEnd | undefined {
  const lost = bound.kind === "blockHeight" ? context.blockhashHold() : undefined;
  const gate = checkEntryGate(tx, order, nowMs, context.entryHold() ?? lost);
  if (gate !== undefined || tx.unresolvedInSlot(slotOf(order)) === undefined) return gate;
  return { status: "canceled", reason: "Another order of this token is not decided yet." };
}

function isJournaled(tx: Tx, { exclusionGroup, identity }: PreparedAttempt): boolean {
  return tx.attemptsOfGroup(exclusionGroup).some((known) => known.identity === identity);
}

/** The slot is empty, or holds just the group that this attempt was made for. */
function isSlotFitting(
  tx: Tx,
  order: OrderRow,
  { exclusionGroup }: PreparedAttempt,
  joins: string | undefined,
): boolean {
  const group = undecidedGroupOf(tx, slotOf(order));
  if (joins === undefined || group === undefined) return joins === undefined && group === undefined;
  const isSame = exclusionGroup === joins && group[0]?.exclusionGroup === joins;
  return isSame && mayJoin(tx, order, group);
}

/** Nobody else has begun to use the same nonce, and a blockhash may still be used at all. */
function isLifetimeFree(
  context: EngineContext,
  tx: Tx,
  { bound, exclusionGroup }: PreparedAttempt,
): boolean {
  if (bound.kind === "blockHeight") return context.blockhashHold() === undefined;
  const group = tx.attemptsOfGroup(exclusionGroup);
  if (isValueSpent(tx, exclusionGroup) || group.some(isUnresolved)) return false;
  return tx.nonceAccount(bound.account)?.state === "ready" && isNonceFree(tx, bound.account);
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
