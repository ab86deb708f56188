import type { EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";
import type { Invariant, Report } from "./invariant.ts";

type Fill = EventPayloads["FillRecorded"];

/**
 * Invariant 4, its ledger half: per wallet and token the fills that were not taken back, with what
 * people moved themselves, add up to the positions. Per token and not per position, because a sell
 * that is taken back may leave its tokens to a newer position.
 */
export function createPositionSums(report: Report): Invariant {
  const holdings = new Map<string, { keyOf: string; quantity: bigint }>();
  const fills = new Map<string, Fill>();
  /** Fills minus what fills did to positions, by wallet and token: zero when all is well. */
  const gaps = new Map<string, bigint>();
  /** What positions gained and lost without a fill. */
  const outside = new Map<string, bigint>();
  const changed = new Set<string>();
  /** Fills whose position is not known yet: its event comes next in the same transaction. */
  const waiting: { positionId: string; quantity: bigint }[] = [];

  function add(key: string, quantity: bigint): void {
    gaps.set(key, (gaps.get(key) ?? 0n) + quantity);
    changed.add(key);
  }

  function addFill(positionId: string, quantity: bigint): void {
    const key = holdings.get(positionId)?.keyOf;
    if (key === undefined) waiting.push({ positionId, quantity });
    else add(key, quantity);
  }

  function move(next: EventPayloads["PositionChanged"]): void {
    const { positionId, walletId, instrument, cause } = next;
    const keyOf = `${instrument} of ${walletId}`;
    const quantity = BigInt(next.quantity) - BigInt(next.oversold ?? "0");
    const delta = quantity - (holdings.get(positionId)?.quantity ?? 0n);
    holdings.set(positionId, { keyOf, quantity });
    if (cause.kind === "fill") add(keyOf, -delta);
    else outside.set(keyOf, (outside.get(keyOf) ?? 0n) + delta);
    for (const fill of waiting.splice(0)) addFill(fill.positionId, fill.quantity);
  }

  /**
   * Tokens that a fork took back may first have been seen as gone: the loss that was booked then
   * was this very fill's, and the position has nothing left to give for it.
   */
  function explainLoss(key: string, gap: bigint): bigint {
    const lost = outside.get(key) ?? 0n;
    if (gap >= 0n || lost >= 0n) return gap;
    const explained = gap < lost ? lost : gap;
    outside.set(key, lost - explained);
    return gap - explained;
  }

  function take({ kind, payload }: JournalEvent): void {
    if (kind === "FillRecorded") {
      fills.set(payload.fillId, payload);
      addFill(payload.positionId, signed(payload));
    }
    if (kind === "FillReversed") {
      const fill = fills.get(payload.fillId);
      fills.delete(payload.fillId);
      if (fill !== undefined) addFill(fill.positionId, -signed(fill));
    }
    if (kind === "PositionChanged") move(payload);
  }

  return {
    name: "4 fills and positions",
    take,
    settle() {
      for (const { positionId } of waiting.splice(0)) report(`fill of ${positionId} without it`);
      for (const key of changed) {
        const gap = explainLoss(key, gaps.get(key) ?? 0n);
        if (gap !== 0n) report(`${key}: fills give ${gap} base units more than the positions hold`);
        gaps.delete(key);
      }
      changed.clear();
    },
  };
}

function signed({ side, quantity }: Fill): bigint {
  return side === "buy" ? BigInt(quantity) : -BigInt(quantity);
}
