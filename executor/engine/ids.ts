import { createHash } from "node:crypto";
import type { OrderRow } from "@raptor/shared/domain/rows.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";

/**
 * Ids are pure functions of their cause, so that recovery derives the same ones again and a
 * repeated cause meets its own trace. 80 bits of SHA-256 in base32 are ample for one desk.
 */
function deriveId(prefix: string, cause: string): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyz234567";
  let bits = BigInt(`0x${createHash("sha256").update(`raptor/v1|${cause}`).digest("hex")}`) >> 176n;
  let text = "";
  for (let at = 0; at < 16; at++) {
    text = alphabet[Number(bits & 31n)] + text;
    bits >>= 5n;
  }
  return `${prefix}_${text}`;
}

export function deriveOrderId(cause: string): string {
  return deriveId("ord", cause);
}

export function deriveJobOrderId(jobId: string, leg: number): string {
  return deriveOrderId(`job|${jobId}|${leg}`);
}

/** Exit triggers are keyed `exit:<position>:<rule>:<n>`. */
export function deriveExitOrderId(positionId: string, rule: string, n: number): string {
  return deriveOrderId(`exit:${positionId}:${rule}:${n}`);
}

export function derivePanicOrderId(panicId: string, positionId: string, n: number): string {
  return deriveOrderId(`panic:${panicId}:${positionId}:${n}`);
}

/** The position that a buy opens is named after the order that opened it. */
export function derivePositionId(orderId: string): string {
  return deriveId("pos", orderId);
}

/** A limit buy is named after the press that armed it. */
export function deriveEntryId(jobId: string): string {
  return deriveId("ent", `entry|${jobId}`);
}

export function deriveEntryOrderId(entryId: string): string {
  return deriveOrderId(`entry:${entryId}`);
}

export function derivePanicId(jobId: string): string {
  return deriveId("pan", jobId);
}

export function deriveWalletId(userId: number): string {
  return deriveId("wal", `wallet|${userId}|0`);
}

export function attemptIdOf(orderId: string, n: number): string {
  return `${orderId}:${n}`;
}

export function instrumentOf(mint: string): string {
  return `${mint}.SOLANA`;
}

export function mintOf(instrument: string): string {
  return instrument.slice(0, instrument.indexOf("."));
}

export function openingSlotOf(walletId: string, instrument: string): string {
  return `open:${walletId}:${instrument}:buy`;
}

export function closingSlotOf(positionId: string): string {
  return `close:${positionId}`;
}

/** What an order's attempts occupy while they are not decided. */
export function slotOf(
  order: Pick<OrderRow, "orderId" | "side" | "walletId" | "instrument" | "positionId">,
): string {
  if (order.side === "buy") return openingSlotOf(order.walletId, order.instrument);
  assert(order.positionId !== null, `sell ${order.orderId} has no position`);
  return closingSlotOf(order.positionId);
}
