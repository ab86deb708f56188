import { REVERSED_CAUSE } from "../fold/fold-orders.ts";
import { FOLDED_TABLES, sqlName, TABLE_NAMES, type ColumnSpec } from "../fold/tables.ts";
import { OPERATIONAL_TABLES, type OperationalName } from "./operational-tables.ts";
import type { Columns } from "./row-codec.ts";

/** Raised by every change to the tables; data of a newer release is refused. */
export const SCHEMA_VERSION = 1;
/** The shape of event payloads, stored with every event. */
export const EVENT_VERSION = 1;

const OPERATIONAL_NAMES = Object.keys(OPERATIONAL_TABLES) as OperationalName[];

const SQL_TYPES = { text: "text", amount: "text", int: "integer", bool: "integer", json: "text" };

/** Conditions of partial indexes; a query must repeat them word for word to use the index. */
export const UNRESOLVED_SQL =
  "state in ('prepared', 'submitted', 'accepted', 'partiallyFilled', 'unknown')";
export const LIVE_ORDER_SQL =
  "status in ('initialized', 'submitted', 'accepted', 'partiallyFilled')";
export const OUTBOX_DUE_SQL = "delivered_version < version and failure is null";

const JOURNAL_SQL = `
create table meta (key text not null primary key, value text not null) strict;

create table journal (
  seq integer not null primary key,
  ts_ms integer not null,
  stream text not null,
  kind text not null,
  version integer not null,
  payload text not null,
  prev_hash text not null,
  hash text not null
) strict;
create index journal_stream on journal (stream, seq);

create trigger journal_without_holes before insert on journal
when new.seq is not (select coalesce(max(seq), 0) + 1 from journal)
begin select raise(abort, 'the journal is numbered without holes'); end;

create trigger journal_never_updated before update on journal
begin select raise(abort, 'the journal is append-only'); end;

create trigger journal_never_deleted before delete on journal
begin select raise(abort, 'the journal is append-only'); end;
`;

/**
 * A slot holds one unresolved attempt. An attempt whose fill was rolled back is the exception: the
 * chain reopened it, and refusing that would only hide it.
 */
const INDEX_SQL = `
create unique index attempts_one_unresolved_per_slot on attempts (slot)
  where ${UNRESOLVED_SQL} and cause is not '${REVERSED_CAUSE}';
create unique index attempts_identity on attempts (venue, identity);
create unique index attempts_number on attempts (order_id, n);
create index attempts_unresolved on attempts (slot) where ${UNRESOLVED_SQL};

create index jobs_pending on jobs (received_ms) where state = 'pending';
create index ticket_claims_job on ticket_claims (job_id);
create unique index wallets_address on wallets (address);
create index wallets_user on wallets (user_id);
create index orders_live on orders (status) where ${LIVE_ORDER_SQL};
create index orders_buys on orders (user_id, created_ms) where side = 'buy';
create index orders_job on orders (json_extract(source, '$.jobId'));
create unique index fills_seq on fills (seq);
create index fills_order on fills (order_id);
create index fills_user on fills (user_id, seq);
create index fills_unsettled on fills (seq) where state = 'recorded';
create index positions_open on positions (user_id) where state = 'open';
create index positions_closed on positions (user_id) where state = 'closed';
create unique index positions_one_open on positions (wallet_id, instrument) where state = 'open';
create index exit_plans_armed on exit_plans (position_id) where state = 'armed';
create index tokens_user on tokens (user_id);

create index outbox_due on outbox (next_try_ms) where ${OUTBOX_DUE_SQL};
create index views_prompt on views (chat_id, message_id) where prompt_expires_ms > 0;
`;

/** `create table` from a specification: STRICT, and every number NOT NULL. */
export function createTableSql(table: string, key: string, columns: Columns): string {
  const lines = columns.map(([name, spec]) => {
    const constraint = isNotNull(spec) ? " not null" : "";
    const isKey = name === key ? " primary key" : "";
    return `  "${sqlName(name)}" ${SQL_TYPES[spec.kind]}${constraint}${isKey}`;
  });
  return `create table "${table}" (\n${lines.join(",\n")}\n) strict;\n`;
}

function isNotNull(spec: ColumnSpec): boolean {
  return !spec.nullable || spec.kind === "int" || spec.kind === "bool";
}

/** The folded tables alone, as the journal is folded again from zero for a comparison. */
export function foldedTablesSql(): string {
  return TABLE_NAMES.map((table) => {
    const spec = FOLDED_TABLES[table];
    return createTableSql(table, spec.key, Object.entries<ColumnSpec>(spec.columns));
  }).join("\n");
}

/** Everything of a new journal file. */
export function schemaSql(): string {
  const operational = OPERATIONAL_NAMES.map((table) => {
    const spec = OPERATIONAL_TABLES[table];
    return createTableSql(table, spec.key, Object.entries<ColumnSpec>(spec.columns));
  });
  return [JOURNAL_SQL, foldedTablesSql(), ...operational, INDEX_SQL].join("\n");
}
