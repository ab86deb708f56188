import { UNRESOLVED_ATTEMPT_STATES } from "@raptor/shared/domain/order.ts";
import type { AttemptRow, NonceAccountRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import type { Reader } from "../ports/store.ts";
import type { EngineContext } from "./context.ts";

/** Attempts looked back on per account: more than the copies of one exit and of the panic on it. */
const ATTEMPTS_BACK_MAX = 16;
/** Addresses have numbers below this; the venue refuses higher ones. */
const NONCE_INDEXES_MAX = 64;
/** An account that the venue refused is asked for again after this. */
export const REFUSED_WAIT_MS = 600_000;
/**
 * A reclaimed address rests: a second copy of its reclaim may still be on its way, and would close
 * the new account under the attempts that stand on it. Blockhashes live for about a minute.
 */
export const RECLAIMED_REST_MS = 300_000;

export function isUnresolved({ state }: Pick<AttemptRow, "state">): boolean {
  return UNRESOLVED_ATTEMPT_STATES.includes(state);
}

/**
 * No attempt on this account is undecided, and what landed on it is final: a value that a fork may
 * still take back would leave an attempt on it that can neither land nor be proven dead.
 */
export function isNonceFree(reader: Reader, account: string): boolean {
  return reader
    .attemptsOnNonce(account, ATTEMPTS_BACK_MAX)
    .every(
      (attempt) =>
        !isUnresolved(attempt) && reader.fillOfAttempt(attempt.attemptId)?.state !== "recorded",
    );
}

/**
 * A value that was used up once is gone: whatever stands on it now could never end. It shows again
 * where a fork took back what had used it, and on nodes that are behind.
 */
export function isValueSpent(reader: Reader, exclusionGroup: string): boolean {
  return reader
    .attemptsOfGroup(exclusionGroup)
    .some(
      ({ state, attemptId }) => state === "failed" || reader.fillOfAttempt(attemptId) !== undefined,
    );
}

/**
 * The free account of a wallet that has rested longest, if any. One whose reclaim was refused rests
 * as well: an earlier try may still be on its way, and would close it under what stands on it.
 * `without`: accounts that were found to be of no use right now.
 */
export function freeNonceOf(
  reader: Reader,
  walletId: string,
  nowMs: number,
  without: ReadonlySet<string>,
): NonceAccountRow | undefined {
  // Behind all others: one whose newest attempt reverted, as a fork may have given its value back.
  const turnOf = ({ account }: NonceAccountRow): number => {
    const newest = reader.attemptsOnNonce(account, 1)[0];
    return newest?.state === "failed" ? Number.MAX_SAFE_INTEGER : (newest?.preparedMs ?? 0);
  };
  return reader
    .nonceAccounts(walletId)
    .filter(({ account, state }) => state === "ready" && isNonceFree(reader, account))
    .filter(({ account }) => !without.has(account))
    .filter((row) => row.reason === null || !isRecent(row, RECLAIMED_REST_MS, nowMs))
    .toSorted((one, other) => turnOf(one) - turnOf(other))[0];
}

/** Buys of this size stand on a nonce; so does everything else that closes a position. */
export function wantsNonce(
  { settings }: Pick<EngineContext, "settings">,
  order: Pick<OrderRow, "side" | "notionalLamports">,
): boolean {
  if (settings.nonceAccountsMax === 0) return false;
  return order.side === "sell" || BigInt(order.notionalLamports) >= settings.nonceBuyLamportsMin;
}

/**
 * Numbers of the accounts that this wallet lacks for a buy: one for the exit of each position that
 * is open or being opened, one for the buy itself where it stands on a nonce, up to the maximum.
 */
export function lackingNonces(
  context: Pick<EngineContext, "settings">,
  reader: Reader,
  order: OrderRow,
  nowMs: number,
): number[] {
  const rows = reader.nonceAccounts(order.walletId);
  const isRefused = rows.some(
    (row) => row.state === "refused" && isRecent(row, REFUSED_WAIT_MS, nowMs),
  );
  if (isRefused) return [];
  const isUsable = ({ state }: NonceAccountRow): boolean => state === "wanted" || state === "ready";
  const lacking = targetOf(context, reader, order) - rows.filter(isUsable).length;
  const byIndex = new Map(rows.map((row) => [row.nonceIndex, row]));
  const indexes: number[] = [];
  for (let index = 0; index < NONCE_INDEXES_MAX && indexes.length < lacking; index++) {
    const row = byIndex.get(index);
    const isRested = row?.state === "reclaimed" && !isRecent(row, RECLAIMED_REST_MS, nowMs);
    if (row === undefined || row.state === "refused" || isRested) indexes.push(index);
  }
  return indexes;
}

function isRecent({ changedMs }: NonceAccountRow, ms: number, nowMs: number): boolean {
  return Math.abs(nowMs - changedMs) < ms;
}

function targetOf(
  context: Pick<EngineContext, "settings">,
  reader: Reader,
  order: OrderRow,
): number {
  const ofWallet = ({ walletId }: { walletId: string }): boolean => walletId === order.walletId;
  const held = reader.openPositions(order.userId).filter(ofWallet);
  const buys = reader.openOrders().filter((one) => one.side === "buy" && ofWallet(one));
  const instruments = new Set([...held, ...buys, order].map(({ instrument }) => instrument));
  const own = wantsNonce(context, order) ? 1 : 0;
  return Math.min(context.settings.nonceAccountsMax, instruments.size + own);
}

/** Lamports that accounts of this wallet will hold back and that its balance still shows. */
export function nonceRentDue(
  context: Pick<EngineContext, "settings" | "venue">,
  reader: Reader,
  order: OrderRow,
  nowMs: number,
): bigint {
  const wanted = reader.nonceAccounts(order.walletId).filter(({ state }) => state === "wanted");
  const lacking = lackingNonces(context, reader, order, nowMs);
  return context.venue.nonceRentLamports * BigInt(wanted.length + lacking.length);
}
