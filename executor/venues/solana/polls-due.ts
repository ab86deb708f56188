import { SNAPSHOT_ACCOUNTS_MAX } from "./account-snapshots.ts";
import type { Watched } from "./watched-account.ts";

/** All accounts are read by poll within this many rounds of verification. */
const VERIFY_ROUNDS = 12;
/** While streams are down the polls carry the prices: what free plans take beside other calls. */
const STALE_CALLS_MAX = 3;

/** What to read now: the stale ones every time, all others in turn where a round is due. */
export function* pollsDue(
  watched: ReadonlyMap<string, Watched>,
  isFresh: (one: Watched) => boolean,
  isRoundDue: boolean,
): Generator<string> {
  let stale = STALE_CALLS_MAX * SNAPSHOT_ACCOUNTS_MAX;
  const perCall = Math.ceil(watched.size / SNAPSHOT_ACCOUNTS_MAX / VERIFY_ROUNDS);
  let fresh = isRoundDue ? perCall * SNAPSHOT_ACCOUNTS_MAX : 0;
  for (const one of watched.values()) {
    if (stale === 0 && fresh === 0) return;
    if (stale > 0 && !isFresh(one)) stale -= 1;
    else if (fresh > 0) fresh -= 1;
    else continue;
    yield one.address;
  }
}
