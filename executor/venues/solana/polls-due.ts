import { SNAPSHOT_ACCOUNTS_MAX } from "./account-snapshots.ts";
import { isUnread, type Watched } from "./watched-account.ts";

/** All accounts are read by poll within this many rounds of verification. */
const VERIFY_ROUNDS = 12;
/** While streams are down the polls carry the prices: what free plans take beside other calls. */
const STALE_CALLS_MAX = 3;
/** Of each call of a round, so many are for what a fork may have taken back. */
const UNREAD_PER_CALL = SNAPSHOT_ACCOUNTS_MAX / 2;

/**
 * What to read now: the stale ones every time; and where a round is due, at `roundAtMs`, some of
 * the others. First those that a stream has told of and no poll has shown since, because a fork
 * may have taken that back; then the rest in turn, so that a stream that is silent is found out.
 * Neither takes the other's share; only above 600 accounts that can cost a call more.
 */
export function pollsDue(
  watched: ReadonlyMap<string, Watched>,
  isFresh: (one: Watched) => boolean,
  roundAtMs: number | undefined,
): Set<string> {
  const due = new Set<string>();
  for (const one of watched.values()) {
    if (due.size === STALE_CALLS_MAX * SNAPSHOT_ACCOUNTS_MAX) break;
    if (!isFresh(one)) due.add(one.address);
  }
  if (roundAtMs === undefined) return due;
  const stale = due.size;
  const calls = Math.ceil(watched.size / SNAPSHOT_ACCOUNTS_MAX / VERIFY_ROUNDS);
  for (const one of watched.values()) {
    if (due.size === stale + calls * UNREAD_PER_CALL) break;
    if (isUnread(one, roundAtMs)) due.add(one.address);
  }
  const inTurn = Math.ceil(watched.size / VERIFY_ROUNDS);
  const most = Math.max(stale + calls * SNAPSHOT_ACCOUNTS_MAX, due.size + inTurn);
  for (const address of watched.keys()) {
    if (due.size >= most) break;
    due.add(address);
  }
  return due;
}
