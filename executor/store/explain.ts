import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import { openDatabaseReadOnly } from "./open-database.ts";
import { decodeEvent, JOURNAL_COLUMNS_SQL } from "./journal-rows.ts";
import { Statements } from "./statements.ts";

/**
 * Everything that an id can be known by, and how one thing leads to the next: a press is a job, a
 * job makes orders, an order makes attempts, an attempt makes fills, and one message tells of it.
 */
const STORY_SQL = `
with recursive
  links (a, b) as (
    select job_id, ticket from ticket_claims
    union all select order_id, json_extract(source, '$.jobId') from orders
    union all select order_id, notice_key from orders
    union all select order_id, attempt_id from attempts
    union all select attempt_id, identity from attempts
    union all select attempt_id, fill_id from fills
  ),
  story (id) as (
    select ?1
    union select case when links.a = story.id then links.b else links.a end
      from story join links on links.a = story.id or links.b = story.id
      where links.a is not null and links.b is not null
  )
select ${JOURNAL_COLUMNS_SQL} from journal
where payload ->> '$.jobId' in (select id from story)
  or payload ->> '$.orderId' in (select id from story)
  or payload ->> '$.attemptId' in (select id from story)
  or payload ->> '$.fillId' in (select id from story)
  or payload ->> '$.cause.fillId' in (select id from story)
  or payload ->> '$.source.jobId' in (select id from story)
  or payload ->> '$.key' in (select id from story)
  or payload ->> '$.positionId' = ?1
order by seq`;

/** The events of one story, by the id of any part of it: job, ticket, order, attempt, fill... */
export function explainId(path: string, id: string): JournalEvent[] {
  const database = openDatabaseReadOnly(path);
  try {
    return new Statements(database).all(STORY_SQL, id).map(decodeEvent);
  } finally {
    database.close();
  }
}
