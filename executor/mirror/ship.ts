import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { PgSession, PgValue } from "../ports/postgres.ts";
import { chainHash, type Head } from "../store/hash-chain.ts";
import type { StoredEvent } from "../store/journal-rows.ts";
import { planFold } from "./fold-into.ts";
import { MirrorStop } from "./mirror-stop.ts";

/** The cursor is not where it was: another session wrote, or an answer of ours was lost. */
export class CursorMoved extends Error {
  constructor() {
    super("the mirror's cursor has moved");
    this.name = "CursorMoved";
  }
}

const MOVE_SQL = `
update raptor.mirror_cursor set seq = $1, hash = $2, updated_at = now()
where id = 1 and seq = $3 and hash = $4`;

const INSERT_SQL = `
insert into raptor.journal (seq, ts_ms, stream, kind, version, payload, prev_hash, hash)
select * from unnest(
  $1::bigint[], $2::bigint[], $3::text[], $4::text[],
  $5::integer[], $6::text[], $7::text[], $8::text[]
) order by 1`;

/**
 * Copies the events after `from` and folds them, all in one transaction. The cursor moves first:
 * its row lock and its comparison let every event in exactly once, whoever else may be writing.
 * @throws CursorMoved, MirrorStop, or the session's own errors; nothing is copied then, except
 * after a lost answer to the commit, which the cursor tells the next time.
 */
export async function shipBatch(
  session: PgSession,
  from: Head,
  events: readonly StoredEvent[],
): Promise<Head> {
  const to = checkLinks(from, events);
  const columns = columnsOf(events);
  const fold = planFold(events);
  // Sent in one go: the answers come back in one, however far the server is.
  const begun = session.query("begin");
  const moved = session.query(MOVE_SQL, [to.seq, to.hash, from.seq, from.hash]);
  const inserted = session.query(INSERT_SQL, columns);
  const all = [begun, moved, inserted, ...fold.ask(session)];
  const results = await Promise.allSettled(all);
  const fence = results[1];
  try {
    if (fence?.status === "fulfilled" && fence.value.changed !== 1) throw new CursorMoved();
    const [, , , ...answers] = await Promise.all(all);
    fold.settle(answers);
  } catch (error) {
    if (!session.isLost) await session.query("rollback");
    throw error;
  }
  await session.query("commit");
  return to;
}

/**
 * Every event must follow the one before it and have the hash of its content.
 * @throws MirrorStop: the local journal has a hole or was altered.
 */
export function checkLinks(from: Head, events: readonly StoredEvent[]): Head {
  let head = from;
  for (const event of events) {
    const { seq, hash, prevHash } = event;
    if (seq !== head.seq + 1) {
      throw new MirrorStop("gap", `event ${head.seq + 1} is missing, the next one is ${seq}`);
    }
    if (prevHash !== head.hash) {
      throw new MirrorStop("fork", `event ${seq} does not follow event ${head.seq}`);
    }
    if (chainHash(event) !== hash) {
      throw new MirrorStop("damaged", `the content of event ${seq} does not give its hash`);
    }
    head = { seq, hash };
  }
  return head;
}

function columnsOf(events: readonly StoredEvent[]): PgValue[] {
  const texts = (pick: (event: StoredEvent) => string): string[] =>
    events.map((event) => {
      const text = pick(event);
      assert(!text.includes("\0"), `expected no NUL in event ${event.seq}`);
      return text;
    });
  return [
    events.map(({ seq }) => seq),
    events.map(({ tsMs }) => tsMs),
    texts(({ stream }) => stream),
    texts(({ kind }) => kind),
    events.map(({ version }) => version),
    texts(({ payload }) => payload),
    texts(({ prevHash }) => prevHash),
    texts(({ hash }) => hash),
  ];
}
