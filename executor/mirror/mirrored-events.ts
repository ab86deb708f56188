import type { PgSession } from "../ports/postgres.ts";
import type { Head } from "../store/hash-chain.ts";
import { JOURNAL_COLUMNS_SQL, readStoredEvent, type StoredEvent } from "../store/journal-rows.ts";
import { MirrorStop } from "./mirror-stop.ts";
import { checkLinks } from "./ship.ts";

/** Events of one page: many enough to hide the way there and back, few enough for memory. */
const PAGE_EVENTS = 500;

const PAGE_SQL = `
select ${JOURNAL_COLUMNS_SQL}
from raptor.journal where seq > $1 and seq <= $2 order by seq limit ${PAGE_EVENTS}`;

/**
 * The copied events up to `to`, page by page, each link checked.
 * @throws MirrorStop when the copy has a hole, was altered, or does not end in `to`.
 */
export async function* mirroredEvents(
  session: PgSession,
  from: Head,
  to: Head,
): AsyncIterable<StoredEvent[]> {
  let head = from;
  while (head.seq < to.seq) {
    const { rows } = await session.query(PAGE_SQL, [head.seq, to.seq]);
    const events = rows.map(readStoredEvent);
    const before = head.seq;
    head = checkLinks(head, events);
    if (head.seq === before) break;
    yield events;
  }
  if (head.seq === to.seq && head.hash === to.hash) return;
  const ends = `${head.seq} (${head.hash.slice(0, 8)})`;
  const named = `${to.seq} (${to.hash.slice(0, 8)})`;
  throw new MirrorStop("gap", `the copy ends with event ${ends}, its cursor names ${named}`);
}
