import type { EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";
import type { Invariant, Report } from "./invariant.ts";

/**
 * Invariant 9, for sells under way: an exit or a panic sell is given up only when its position has
 * nothing left, whatever the venue, the kill switch or a person's pause says.
 */
export function createExitsOutlive(report: Report): Invariant {
  const sells = new Map<string, string>();
  const open = new Set<string>();

  function note({ orderId, source }: EventPayloads["OrderInitialized"]): void {
    if (source.kind !== "job") sells.set(orderId, source.positionId);
  }

  function take({ kind, payload }: JournalEvent): void {
    switch (kind) {
      case "OrderInitialized":
        return note(payload);
      case "PositionChanged":
        if (payload.state === "open") open.add(payload.positionId);
        else open.delete(payload.positionId);
        return;
      case "OrderDenied":
      case "OrderClosed": {
        const positionId = sells.get(payload.orderId);
        if (positionId === undefined || !open.has(positionId)) return;
        return report(`exit ${payload.orderId} was given up while ${positionId} is open`);
      }
      default:
    }
  }

  return { name: "9 exits outlive everything", take };
}
