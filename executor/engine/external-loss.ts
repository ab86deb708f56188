import type { PositionRow } from "@raptor/shared/domain/rows.ts";
import type { Drift } from "@raptor/shared/wire/read.ts";
import type { Reader, Tx } from "../ports/store.ts";
import type { EngineContext } from "./context.ts";
import { mintOf } from "./ids.ts";
import { applyExternal } from "./positions.ts";
import { disarmExits } from "./settle.ts";

/** Fills looked back on: far more than land between two reads of a wallet. */
const FILLS_BACK_MAX = 50;

/** A balance read at or before the newest fill's slot says nothing about that fill. */
export function isReadTooEarly(
  reader: Reader,
  userId: number,
  instrument: string,
  slot: number,
): boolean {
  return reader
    .fillsPage(userId, FILLS_BACK_MAX, null)
    .some((fill) => fill.instrument === instrument && slot <= fill.venueSlot);
}

/** Chain truth wins: tokens that left the wallet outside Raptor leave the position too. */
export function bookExternalLoss(
  tx: Tx,
  position: PositionRow,
  seen: { address: string; quantity: bigint; slot: number },
): Drift {
  const { quantity, slot } = seen;
  const { positionId } = position;
  const detail = `the wallet holds ${quantity} of ${position.quantity} base units at slot ${slot}`;
  const change = applyExternal(position, quantity, detail);
  tx.append({ stream: `position:${positionId}`, kind: "PositionChanged", payload: change });
  if (change.state === "closed") disarmExits(tx, positionId, "sold outside Raptor");
  return {
    userId: position.userId,
    wallet: seen.address,
    mint: mintOf(position.instrument),
    ledgerQuantity: position.quantity,
    chainQuantity: quantity.toString(),
    class: "external",
  };
}

/** Entries of a person whose wallet surprised us wait until that person has looked at it. */
export function holdEntries(
  context: Pick<EngineContext, "notices">,
  tx: Tx,
  userId: number,
  lost: readonly Drift[],
): void {
  const reason = "The wallet holds less than the ledger said; look at the notice first.";
  if (tx.user(userId)?.heldReason === "") {
    tx.append({ stream: `user:${userId}`, kind: "EntriesHeld", payload: { userId, reason } });
  }
  context.notices.drift(tx, userId, `drift:${userId}:${tx.headSeq()}`, lost);
}
