import type { EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";
import type { Invariant, Report } from "./invariant.ts";

/**
 * Invariant 9, for sells under way: an exit or a panic sell is given up only when its position has
 * nothing left or another sell of it goes on, whatever the venue, the kill switch or a pause says;
 * or when the panic has ended and told that it leaves the position, being too small to sell or
 * being taken by nobody.
 */
export function createExitsOutlive(report: Report): Invariant {
  /** Sells under way and their positions; by order. */
  const selling = new Map<string, string>();
  /** Those that nobody may give up. */
  const exits = new Set<string>();
  /** Sells that are booked, by fill, until that is final: a fork may set them going again. */
  const sold = new Map<string, { orderId: string; positionId: string }>();
  const open = new Set<string>();
  /** Positions that a panic has left, until something is bought or sold of them. */
  const left = new Set<string>();

  function note({ orderId, side, source, positionId }: EventPayloads["OrderInitialized"]): void {
    if (side !== "sell" || positionId === null) return;
    selling.set(orderId, positionId);
    if (source.kind !== "job") exits.add(orderId);
  }

  function goOn(fillId: string): void {
    const fill = sold.get(fillId);
    sold.delete(fillId);
    if (fill !== undefined) selling.set(fill.orderId, fill.positionId);
  }

  function end(orderId: string): void {
    const positionId = selling.get(orderId);
    selling.delete(orderId);
    if (positionId === undefined || !exits.has(orderId) || !open.has(positionId)) return;
    if (left.has(positionId)) return;
    if ([...selling.values()].includes(positionId)) return;
    report(`exit ${orderId} was given up while ${positionId} is open`);
  }

  function take({ kind, payload }: JournalEvent): void {
    switch (kind) {
      case "OrderInitialized":
        return note(payload);
      case "PositionChanged":
        left.delete(payload.positionId);
        if (payload.state === "open") open.add(payload.positionId);
        else open.delete(payload.positionId);
        return;
      case "PanicClosed":
        for (const positionId of payload.left ?? []) left.add(positionId);
        return;
      case "OrderDenied":
      case "OrderClosed":
        return end(payload.orderId);
      case "FillRecorded":
        selling.delete(payload.orderId);
        if (payload.side === "sell") sold.set(payload.fillId, payload);
        return;
      case "FillReversed":
        return goOn(payload.fillId);
      case "FillSettled":
        sold.delete(payload.fillId);
        return;
      default:
    }
  }

  return { name: "9 exits outlive everything", take };
}
