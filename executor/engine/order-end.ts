import type { Evidence } from "@raptor/shared/domain/events.ts";
import type { OrderStatus } from "@raptor/shared/domain/order.ts";
import type { AttemptRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import type { EngineContext } from "./context.ts";
import { checkEntryGate } from "./entry-gate.ts";
import { replacedBy } from "./group-end.ts";
import { appendClosed } from "./journal-attempt.ts";
import { isOrderOver, openPanicOf } from "./orders.ts";
import { checkRestoredOrder } from "./restored-order.ts";
import { ENTRY_ATTEMPTS_MAX } from "./settings.ts";
import { endOfVoided, isVoid } from "./void-rules.ts";

/** Why an order ends here, of which nothing is undecided; undefined when it goes on. */
export function checkOrderEnd(
  { store, clock, entryHold }: Pick<EngineContext, "store" | "clock" | "entryHold">,
  order: OrderRow,
  attempts: readonly AttemptRow[],
): { status: OrderStatus; reason: string } | undefined {
  if (order.side === "sell") {
    const position = order.positionId === null ? undefined : store.position(order.positionId);
    if (position === undefined || position.state !== "open") {
      return { status: "canceled", reason: "Nothing is left to sell." };
    }
    const panic = order.source.kind === "panic" ? undefined : openPanicOf(store, order);
    if (panic !== undefined) return { status: "canceled", reason: replacedBy(panic) };
    return checkRestoredOrder(store, attempts);
  }
  const voided = endOfVoided(attempts);
  if (voided !== undefined) return voided;
  const last = attempts.findLast((attempt) => !isVoid(attempt));
  if (last?.state === "failed") {
    return { status: "rejected", reason: last.cause ?? "The transaction was reverted." };
  }
  if (last?.state === "rejected") {
    return { status: "rejected", reason: last.cause ?? "The venue refused the transaction." };
  }
  if (attempts.length >= ENTRY_ATTEMPTS_MAX) {
    return { status: "expired", reason: "The network did not take it in several tries." };
  }
  const restored = checkRestoredOrder(store, attempts);
  if (restored !== undefined) return restored;
  return checkEntryGate(store, order, clock.nowMs(), entryHold());
}

/** Journals the end of an order, unless it has come to another one meanwhile, and tells of it. */
export async function closeOrder(
  { store, notices, metrics }: Pick<EngineContext, "store" | "notices" | "metrics">,
  order: OrderRow,
  status: OrderStatus,
  reason: string,
  refusedRoute?: Evidence,
): Promise<void> {
  await store.transact((tx) => {
    if (isOrderOver(tx, order)) return;
    appendClosed(tx, order, status, reason, refusedRoute);
    notices.order(tx, order.orderId);
  });
  metrics.count("orders_total", { side: order.side, outcome: status });
}
