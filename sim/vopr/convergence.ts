import type { Store } from "@raptor/executor/ports/store.ts";
import type { Services } from "./services.ts";

/** What is still under way; empty once everything has come to rest. */
export function listUnfinished(store: Store, { qstash }: Services): string[] {
  const pending = store.pendingJobs().map(({ jobId, kind }) => `${kind} job ${jobId}`);
  const attempts = store
    .unresolvedAttempts()
    .map(({ attemptId, state, cause }) => `attempt ${attemptId} is ${state}: ${cause ?? ""}`);
  const orders = store
    .openOrders()
    .map(({ orderId, side, status }) => `${side} order ${orderId} is ${status}`);
  const fills = store.unsettledFills().map(({ fillId }) => `fill ${fillId} is not settled`);
  const panics = store
    .users()
    .flatMap(({ userId, panicId }) => (panicId === null ? [] : [`panic of ${userId}`]));
  const notices = store.outboxPendingCount();
  const told = notices === 0 ? [] : [`${notices} notices are not delivered`];
  const queued = [...qstash.messages.values()]
    .filter(({ state, scheduleId }) => scheduleId === undefined && !isQueueFinal(state))
    .map(({ id, state }) => `queued message ${id} is ${state}`);
  // The edge's watchdog brings those back that were not refused for good.
  const dead = [...qstash.deadLetters.values()]
    .filter(({ message, answer }) => message.scheduleId === undefined && answer?.status !== 489)
    .map(({ dlqId }) => `dead letter ${dlqId} waits`);
  return [...pending, ...attempts, ...orders, ...fills, ...panics, ...told, ...queued, ...dead];
}

function isQueueFinal(state: string): boolean {
  return state === "DELIVERED" || state === "FAILED" || state === "CANCELLED";
}
