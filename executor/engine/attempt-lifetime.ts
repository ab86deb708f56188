import type { AttemptRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import type { Reader } from "../ports/store.ts";
import type { Lifetime } from "../ports/venue.ts";
import type { EngineContext } from "./context.ts";
import { slotOf } from "./ids.ts";
import { freeNonceOf, isUnresolved, wantsNonce } from "./nonce-accounts.ts";

/** Copies of one exit on one nonce value; each bids twice as much as the one before. */
export const EXIT_COPIES_MAX = 5;

export type LifetimeChoice =
  /** `joins`: the undecided exclusion group that this attempt must become part of, or not leave. */
  | { kind: "use"; lifetime: Lifetime; joins: string | undefined; copies: number }
  | { kind: "wait"; cause: string };

const NONE: ReadonlySet<string> = new Set();

/** What limits the next attempt of an order, judged on committed state; `without`: not on these. */
export function chooseLifetime(
  context: EngineContext,
  order: OrderRow,
  without: ReadonlySet<string> = NONE,
): LifetimeChoice {
  const { store, clock } = context;
  if (order.side === "sell") {
    const group = undecidedGroupOf(store, slotOf(order));
    if (group !== undefined) return joinOf(store, order, group);
  }
  const hold = context.blockhashHold();
  if (wantsNonce(context, order) || hold !== undefined) {
    const free = freeNonceOf(store, order.walletId, clock.nowMs(), without);
    if (free !== undefined) {
      const lifetime: Lifetime = { kind: "nonce", account: free.account, value: null };
      return { kind: "use", lifetime, joins: undefined, copies: 0 };
    }
  }
  if (hold !== undefined) return { kind: "wait", cause: hold };
  return { kind: "use", lifetime: { kind: "blockHeight" }, joins: undefined, copies: 0 };
}

function joinOf(reader: Reader, order: OrderRow, group: readonly AttemptRow[]): LifetimeChoice {
  const [first] = group;
  if (first?.bound.kind !== "nonce" || !mayJoin(reader, order, group)) {
    return { kind: "wait", cause: "Another sell of this position is not decided yet." };
  }
  const { account, value } = first.bound;
  const lifetime: Lifetime = { kind: "nonce", account, value, firstTry: first.n };
  return { kind: "use", lifetime, joins: first.exclusionGroup, copies: group.length };
}

/** Every attempt of the group that holds a slot undecided, oldest first. */
export function undecidedGroupOf(reader: Reader, slot: string): AttemptRow[] | undefined {
  const newest = reader.unresolvedInSlot(slot);
  return newest === undefined ? undefined : reader.attemptsOfGroup(newest.exclusionGroup);
}

/**
 * Whether a dearer copy may join a group: its nonce still stands as far as anybody knows, and the
 * order is the one that tried last, or one that sells all of the same position. The venue lets one
 * of them all take effect, so this can never sell twice.
 */
export function mayJoin(reader: Reader, order: OrderRow, group: readonly AttemptRow[]): boolean {
  const newest = group.at(-1);
  if (newest?.slot !== slotOf(order) || !isJoinable(reader, group)) return false;
  const own = group.filter(({ orderId }) => orderId === order.orderId);
  if (own.length >= EXIT_COPIES_MAX) return false;
  return newest.orderId === order.orderId || isTakeover(reader, order, newest, own);
}

/** Nothing on its nonce has happened as far as anybody knows, and something still may. */
export function isJoinable(reader: Reader, group: readonly AttemptRow[]): boolean {
  if (group.at(-1)?.bound.kind !== "nonce") return false;
  const isSpent = group.some(
    (attempt) =>
      attempt.state === "failed" ||
      attempt.state === "accepted" ||
      reader.fillOfAttempt(attempt.attemptId) !== undefined,
  );
  return !isSpent && group.some(isUnresolved);
}

/**
 * A panic, or a stop of all that is left, joins what another order of its position has under way,
 * once; then it is the newest. Nothing joins a panic.
 */
function isTakeover(
  reader: Reader,
  { source, quantity, positionId }: OrderRow,
  newest: AttemptRow,
  own: readonly AttemptRow[],
): boolean {
  if (own.length > 0 || source.kind === "job") return false;
  if (source.kind === "panic") return true;
  const held = positionId === null ? undefined : reader.position(positionId);
  const isAll = held !== undefined && BigInt(quantity) >= BigInt(held.quantity);
  return isAll && reader.order(newest.orderId)?.source.kind !== "panic";
}
