import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import type { PositionRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import type { Drift } from "@raptor/shared/wire/read.ts";
import type { Reader, Tx } from "../ports/store.ts";
import type { EngineContext } from "./context.ts";
import { mintOf } from "./ids.ts";
import { applyExternal, applyReturn } from "./positions.ts";
import { armExits, disarmExits } from "./exit-arming.ts";
import { describeViews, type TokenTruth } from "./wallet-truth.ts";

/** Chain truth wins: tokens that left the wallet outside Raptor leave the position too. */
export function bookExternalLoss(
  tx: Tx,
  position: PositionRow,
  seen: { address: string; quantity: bigint },
): Drift {
  const { quantity } = seen;
  const { positionId } = position;
  const detail = `every node shows at most ${quantity} of ${position.quantity} base units`;
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

/**
 * While the network may still take a fill back, tokens that are missing may be just that: the
 * reversal will book it, and a loss booked beside it would count it twice.
 */
export function hasUnsettledFill(reader: Reader, userId: number, instrument: string): boolean {
  return reader.unsettledInstruments(userId).has(instrument);
}

/** Entries of a person whose wallet surprised us wait until that person has looked at it. */
export function holdEntries(
  context: Pick<EngineContext, "notices" | "clock">,
  tx: Tx,
  userId: number,
  lost: readonly Drift[],
): void {
  const reason = "The wallet holds less than the ledger said; look at the notice first.";
  const user = tx.user(userId);
  if (user !== undefined) {
    // Again with every news: whoever allows buys has to have seen the newest.
    const tightenedMs = Math.max(user.pausedMs, context.clock.nowMs());
    const payload = { userId, reason, tightenedMs };
    tx.append({ stream: `user:${userId}`, kind: "EntriesHeld", payload });
  }
  context.notices.drift(tx, userId, `drift:${userId}:${tx.headSeq()}`, lost);
}

/**
 * Nodes disagree about a position, or one does not answer: nothing is booked and the exits stay
 * armed, because a position closed on one node's word would be left without protection.
 */
export function reportDispute(
  context: Pick<EngineContext, "notices" | "shout">,
  tx: Tx,
  wallet: WalletRow,
  position: PositionRow,
  truth: TokenTruth,
): Drift {
  const mint = mintOf(position.instrument);
  const views = describeViews(truth.views);
  const shown = views.map(({ provider, quantity }) => `${provider}: ${quantity ?? "no answer"}`);
  const key = `disputed:${wallet.walletId}:${mint}:${shown.join("|")}`;
  if (tx.outbox(key) === undefined) {
    context.notices.alert(tx, wallet.userId, key, [
      `The nodes do not agree about your ${position.symbol}.`,
      `The ledger says ${position.quantity} base units. ${shown.join(", ")}.`,
      "Nothing was changed; exits stay armed.",
    ]);
    context.shout(`Nodes disagree about ${mint} of ${wallet.address}: ${shown.join(", ")}`);
  }
  return {
    userId: wallet.userId,
    wallet: wallet.address,
    mint,
    ledgerQuantity: position.quantity,
    chainQuantity: (truth.most ?? 0n).toString(),
    class: "disputed",
    views,
  };
}

/**
 * Opens a position again that was closed because its tokens had left, now that they are back: with
 * its old cost and armed exits. Undefined when the tokens were never those of such a position.
 */
export function reopenReturned(
  context: EngineContext,
  tx: Tx,
  wallet: WalletRow,
  instrument: string,
  quantity: bigint,
): Drift | undefined {
  const closed = tx.lastPositionOf(wallet.walletId, instrument);
  if (closed === undefined || closed.state !== "closed") return undefined;
  const { positionId, symbol } = closed;
  const { lost } = closed;
  // Losses of earlier releases did not say what was held before them.
  const before =
    lost === null ? beforeLoss(context.store.eventsOf(`position:${positionId}`)) : amountsOf(lost);
  if (before === undefined) return undefined;
  const detail = `the wallet holds ${quantity} base units again`;
  const change = applyReturn(closed, before, quantity, detail);
  tx.append({ stream: `position:${positionId}`, kind: "PositionChanged", payload: change });
  armExits(context, tx, change);
  context.notices.alert(tx, wallet.userId, `returned:${positionId}:${tx.headSeq()}`, [
    `Your ${symbol} is back in the wallet.`,
    `Its position is open again with ${change.quantity} base units, and its exits are armed.`,
  ]);
  return {
    userId: wallet.userId,
    wallet: wallet.address,
    mint: mintOf(instrument),
    ledgerQuantity: "0",
    chainQuantity: quantity.toString(),
    class: "adopt",
  };
}

/**
 * Takes back as much of a loss that was booked since `sinceMs` as a fill, or the end of one, now
 * explains: the tokens had left by it. Called before that is booked, which then finds what it
 * takes. What was lost before the fill's bytes were made is no work of theirs.
 */
export function recallLoss(
  context: Pick<EngineContext, "store">,
  tx: Tx,
  position: PositionRow | undefined,
  quantity: bigint,
  sinceMs: number,
): void {
  if (position === undefined) return;
  const { walletId, instrument, positionId } = position;
  const open = tx.openPositionOf(walletId, instrument);
  // A wallet has one open position of a token: beside it the reconcile finds what is right.
  if (open !== undefined && open.positionId !== positionId) return;
  const stream = `position:${positionId}`;
  const lost = lossOf(context.store.eventsOf(stream), sinceMs);
  if (lost.quantity <= 0n) return;
  const detail = "what was missing had left by a fill that was not known";
  const payload = applyReturn(position, lost, quantity, detail);
  tx.append({ stream, kind: "PositionChanged", payload });
}

/** What a position lost without a fill and did not get back since. */
function lossOf(
  events: readonly JournalEvent[],
  sinceMs: number,
): { quantity: bigint; costLamports: bigint } {
  const held = { quantity: 0n, costLamports: 0n };
  const lost = { quantity: 0n, costLamports: 0n };
  for (const { kind, payload, tsMs } of events) {
    if (kind !== "PositionChanged") continue;
    const { cause } = payload;
    const [quantity, costLamports] = [BigInt(payload.quantity), BigInt(payload.costLamports)];
    if (cause.kind === "external" && tsMs >= sinceMs) {
      const before = amountsOf(cause.before) ?? held;
      lost.quantity += before.quantity - quantity;
      lost.costLamports += before.costLamports - costLamports;
    }
    Object.assign(held, { quantity, costLamports });
  }
  return lost;
}

/** What was held before the losses that ended a position; undefined when a sale ended it. */
function beforeLoss(
  events: readonly JournalEvent[],
): { quantity: bigint; costLamports: bigint } | undefined {
  const changes = events.flatMap((event) =>
    event.kind === "PositionChanged" ? [event.payload] : [],
  );
  const last = changes.at(-1)?.cause;
  if (last?.kind !== "external") return undefined;
  // Of losses one after the other the last one ended it.
  if (last.before !== undefined) return amountsOf(last.before);
  const held = changes.findLast(
    (change, at) => change.state === "open" && changes[at + 1]?.cause.kind === "external",
  );
  return amountsOf(held);
}

function amountsOf(
  held: { quantity: string; costLamports: string } | undefined,
): { quantity: bigint; costLamports: bigint } | undefined {
  if (held === undefined) return undefined;
  return { quantity: BigInt(held.quantity), costLamports: BigInt(held.costLamports) };
}
