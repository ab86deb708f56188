import type { AttemptRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import type { Reader } from "../ports/store.ts";
import type { EngineContext } from "./context.ts";
import { checkEntryGate } from "./entry-gate.ts";
import { rivalFillOf } from "./group-end.ts";
import { isVoid, planVoid } from "./void-rules.ts";

/**
 * The same bytes may always be sent again without a second effect; but an entry that was never
 * sent must not start after its deadline or before the venue's truth is known, nor any entry
 * after a kill, pause or panic. An entry on a nonce never expires: once it was sent, only its
 * landing or failing decides it, and so only the kill switch keeps it from being sent again.
 */
export function maySend(context: EngineContext, attempt: AttemptRow, order: OrderRow): boolean {
  const { store, clock } = context;
  const wasSent = attempt.submittedMs !== null;
  const isBlockhash = attempt.bound.kind === "blockHeight";
  if (isBlockhash && !wasSent && context.blockhashHold() !== undefined) return false;
  // Of a group one took effect, or so it seems: the others wait until that is final or undone.
  if (rivalFillOf(store, attempt) !== undefined) return false;
  if (order.side === "sell" || isVoid(attempt)) return true;
  // Once it is being called off, or ought to be, nothing brings it back.
  if (isCalledOff(store, attempt)) return false;
  if (!isBlockhash && planVoid(store, order, clock.nowMs()) !== undefined) return false;
  if (!isBlockhash && wasSent) return store.control().tradingState === "active";
  const gated = wasSent ? { ...order, deadlineMs: null } : order;
  const hold = wasSent ? undefined : context.entryHold();
  return checkEntryGate(store, gated, clock.nowMs(), hold) === undefined;
}

function isCalledOff(reader: Reader, { bound, exclusionGroup }: AttemptRow): boolean {
  return bound.kind === "nonce" && reader.attemptsOfGroup(exclusionGroup).some(isVoid);
}
