import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import { revealEvent } from "./free-text.ts";
import { decodeEvent, JOURNAL_COLUMNS_SQL } from "./journal-rows.ts";
import type { Statements } from "./statements.ts";

/** Orders of one story; a position that was traded more often shows its newest ones. */
const ORDERS_MAX = 100;
/** Events of one thing: an exit that was tried for days is read from its end. */
const STREAM_EVENTS_MAX = 2_000;

/** What one question may cost: a tenth of a second, in which no exit can fire. */
const STORY_EVENTS_MAX = 10_000;

/** Every order that an id leads to: its own, a job's, a ticket's, an attempt's, a position's... */
const ORDERS_SQL = `
select order_id, source, notice_key, user_id from orders where order_id in (
  select order_id from orders where order_id = ?1
  union select order_id from orders where json_extract(source, '$.jobId') = ?1
  union select order_id from ticket_claims
    join orders on json_extract(source, '$.jobId') = ticket_claims.job_id where ticket = ?1
  union select order_id from attempts where attempt_id = ?1
  union select order_id from attempts where identity = ?1
  union select order_id from fills where fill_id = ?1
  union select order_id from orders where notice_key = ?1
  union select order_id from orders where position_id = ?1
  union select order_id from fills where position_id = ?1
)
order by rowid desc limit ${ORDERS_MAX}`;

const STREAM_SQL = `
select ${JOURNAL_COLUMNS_SQL} from journal where stream = ? order by seq desc
limit ${STREAM_EVENTS_MAX}`;

/** A panic's orders name the panic; the press that opened it stands in the event before it. */
const PANIC_SQL = `
select ${JOURNAL_COLUMNS_SQL} from journal where seq in (
  select seq from journal
    where stream = ?1 and kind = 'PanicOpened' and payload ->> '$.panicId' = ?2
  union select seq - 1 from journal
    where stream = ?1 and kind = 'PanicOpened' and payload ->> '$.panicId' = ?2
)`;

interface StoryOrder {
  orderId: string;
  causeId: string | null;
  isPanic: boolean;
  noticeKey: string;
  userId: number;
}

/**
 * The events of one story, oldest first, by the id of any part of it: a press is a job, a job makes
 * orders, an order makes attempts, an attempt makes fills, and one message tells of it.
 */
export function storyOf(statements: Statements, id: string): JournalEvent[] {
  const found = new Map<number, JournalEvent>();
  const add = (events: readonly JournalEvent[]): void => {
    for (const event of events) found.set(event.seq, event);
  };
  const orders = ordersOf(statements, id);
  const jobIds = new Set([id, ...ticketJobs(statements, id)]);
  const noticeKeys = new Set([id]);
  for (const order of orders) {
    if (found.size >= STORY_EVENTS_MAX) break;
    add(streamOf(statements, `order:${order.orderId}`));
    noticeKeys.add(order.noticeKey);
    if (order.causeId === null) continue;
    if (!order.isPanic) jobIds.add(order.causeId);
    else add(panicOf(statements, order, jobIds));
  }
  for (const jobId of jobIds) {
    add(streamOf(statements, `job:${jobId}`));
    noticeKeys.add(`job:${jobId}`);
  }
  for (const key of noticeKeys) add(streamOf(statements, `notice:${key}`));
  add(streamOf(statements, `position:${id}`));
  add(positionEventsOf(statements, orders, [...found.values()]));
  return [...found.values()]
    .toSorted((a, b) => a.seq - b.seq)
    .map((event) => revealEvent(statements, event));
}

function ordersOf(statements: Statements, id: string): StoryOrder[] {
  return statements.all(ORDERS_SQL, id).map(([orderId, source, noticeKey, userId]) => {
    const cause = JSON.parse(String(source)) as { kind: string; jobId?: string };
    return {
      orderId: String(orderId),
      causeId: cause.jobId ?? null,
      isPanic: cause.kind === "panic",
      noticeKey: String(noticeKey),
      userId: Number(userId),
    };
  });
}

function ticketJobs(statements: Statements, ticket: string): string[] {
  const rows = statements.all("select job_id from ticket_claims where ticket = ?", ticket);
  return rows.map(([jobId]) => String(jobId));
}

function streamOf(statements: Statements, stream: string): JournalEvent[] {
  return statements.all(STREAM_SQL, stream).map(decodeEvent);
}

function panicOf(statements: Statements, order: StoryOrder, jobIds: Set<string>): JournalEvent[] {
  const values = [`user:${order.userId}`, order.causeId ?? ""];
  const events = statements.all(PANIC_SQL, ...values).map(decodeEvent);
  for (const event of events) {
    if (event.kind === "UserPausedChanged") jobIds.add(event.payload.jobId);
  }
  return events;
}

/** Of the positions that these orders changed, only what these orders did to them. */
function positionEventsOf(
  statements: Statements,
  orders: readonly StoryOrder[],
  known: readonly JournalEvent[],
): JournalEvent[] {
  const orderIds = new Set(orders.map((order) => order.orderId));
  const fillIds = new Set<string>();
  const positionIds = new Set<string>();
  for (const event of known) {
    if (event.kind === "FillRecorded") {
      fillIds.add(event.payload.fillId);
      positionIds.add(event.payload.positionId);
    } else if (event.kind === "OrderInitialized" && event.payload.positionId !== null) {
      positionIds.add(event.payload.positionId);
    }
  }
  return [...positionIds].flatMap((positionId) => {
    const events = streamOf(statements, `position:${positionId}`).toReversed();
    let isOurs = false;
    return events.filter((event) => {
      if (event.kind === "PositionChanged") {
        const { cause } = event.payload;
        isOurs = cause.kind === "fill" && fillIds.has(cause.fillId);
        return isOurs;
      }
      if (event.kind === "ExitTriggered") return orderIds.has(event.payload.orderId);
      // Exits are armed and disarmed in the transaction of the change that they follow.
      return isOurs;
    });
  });
}
