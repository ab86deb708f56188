import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { PositionRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import type { Tx } from "../ports/store.ts";
import { disarmExits } from "./exit-arming.ts";
import { applyOffset, applyOversold } from "./positions.ts";
import type { TokenTruth } from "./wallet-truth.ts";

/**
 * Ends what was sold beyond positions once nothing is under way and no fork can take a fill back.
 * Usually a fork has given it back before. What is left was either sold of a position that was
 * opened since, which then holds so much less, or of tokens that came without an order; the wallet
 * tells which.
 */
export function settleOversold(
  tx: Tx,
  wallet: WalletRow,
  truthOf: (instrument: string) => TokenTruth | undefined,
): void {
  for (const { positionId, instrument } of tx.oversoldOf(wallet.walletId)) {
    const truth = truthOf(instrument);
    if (truth?.least === undefined || !truth.isWhole || truth.least !== truth.most) continue;
    offsetOversold(tx, { walletId: wallet.walletId, instrument }, truth.least);
    const left = tx.position(positionId);
    if (left === undefined || left.oversold === "0") continue;
    const detail = `${left.oversold} of the base units that were sold came without an order`;
    appendChange(tx, applyOversold(left, 0n, detail));
  }
}

/** Takes what was sold beyond positions out of the open one, as far as the wallet lacks it. */
export function offsetOversold(
  tx: Tx,
  { walletId, instrument }: Pick<PositionRow, "walletId" | "instrument">,
  held: bigint,
): void {
  for (const { positionId, ...owing } of tx.oversoldOf(walletId)) {
    const open = tx.openPositionOf(walletId, instrument);
    if (open === undefined || owing.instrument !== instrument) continue;
    const owed = BigInt(owing.oversold);
    const missing = BigInt(open.quantity) - held;
    const taken = missing < owed ? missing : owed;
    if (taken <= 0n) continue;
    const detail = `${taken} base units were sold beyond ${positionId}`;
    const change = applyOffset(open, taken, detail);
    appendChange(tx, change);
    if (change.state === "closed") disarmExits(tx, open.positionId, "sold before");
    // Read anew, because the open position may be the very one.
    const now = tx.position(positionId);
    if (now !== undefined) appendChange(tx, applyOversold(now, owed - taken, detail));
  }
}

function appendChange(tx: Tx, payload: EventPayloads["PositionChanged"]): void {
  tx.append({ stream: `position:${payload.positionId}`, kind: "PositionChanged", payload });
}
