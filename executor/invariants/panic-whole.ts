import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import type { Invariant, Report } from "./invariant.ts";

/**
 * Invariant 10, for panic: it is over only when no order of the person is under way any more, those
 * of before the press included, and no position is open; but for those that it says it has left.
 */
export function createPanicWhole(report: Report): Invariant {
  const userOfOrder = new Map<string, number>();
  const positionOf = new Map<string, string>();
  /** Orders under way, and open positions, each with its person. */
  const underWay = new Map<string, number>();
  const open = new Map<string, number>();

  function close(userId: number, left: readonly string[]): void {
    for (const [orderId, owner] of underWay) {
      if (left.includes(positionOf.get(orderId) ?? "")) continue;
      if (owner === userId) report(`panic of ${userId} ended while order ${orderId} is under way`);
    }
    for (const [positionId, owner] of open) {
      if (left.includes(positionId)) continue;
      if (owner === userId) report(`panic of ${userId} ended while ${positionId} is open`);
    }
  }

  function take({ kind, payload }: JournalEvent): void {
    switch (kind) {
      case "OrderInitialized":
        userOfOrder.set(payload.orderId, payload.userId);
        if (payload.positionId !== null) positionOf.set(payload.orderId, payload.positionId);
        underWay.set(payload.orderId, payload.userId);
        return;
      case "OrderDenied":
      case "OrderClosed":
      case "FillRecorded":
        underWay.delete(payload.orderId);
        return;
      case "FillReversed": {
        const orderId = payload.attemptId.slice(0, payload.attemptId.lastIndexOf(":"));
        const userId = userOfOrder.get(orderId);
        if (userId !== undefined) underWay.set(orderId, userId);
        return;
      }
      case "PositionChanged":
        if (payload.state === "open") open.set(payload.positionId, payload.userId);
        else open.delete(payload.positionId);
        return;
      case "PanicClosed":
        return close(payload.userId, payload.left ?? []);
      default:
    }
  }

  return { name: "10 panic sells everything", take };
}
