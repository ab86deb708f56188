import { REVERSED_CAUSE } from "../fold/fold-orders.ts";
import type { ColumnSpec } from "../fold/table-spec.ts";
import { FOLDED_TABLES, sqlName, TABLE_NAMES } from "../fold/tables.ts";
import { OPERATIONAL_TABLES, type OperationalName } from "./operational-tables.ts";
import { MIGRATIONS } from "./migrations.ts";
import { ABSENT_INT, type Columns, type SqlValue } from "./row-codec.ts";

export const OPERATIONAL_NAMES = Object.keys(OPERATIONAL_TABLES) as OperationalName[];

const SQL_TYPES = { text: "text", amount: "text", int: "integer", bool: "integer", json: "text" };
/** What a row holds in a column that its writer did not know. */
const DEFAULTS = { text: "", amount: "0", int: 0, bool: 0, json: "null" } as const;

/** Conditions of partial indexes; a query must repeat them word for word to use the index. */
export const UNRESOLVED_SQL =
  "state in ('prepared', 'submitted', 'accepted', 'partiallyFilled', 'unknown')";
export const LIVE_ORDER_SQL =
  "status in ('initialized', 'submitted', 'accepted', 'partiallyFilled')";
/** The nonce account that an attempt stands on; null for one that a block height limits. */
export const NONCE_ACCOUNT_SQL = "json_extract(bound, '$.account')";
export const OUTBOX_DUE_SQL = "delivered_version < version and failure is null";

/** Lifted by nothing but a compaction, inside the transaction that leaves an anchor. */
export const NEVER_DELETED_SQL = `
create trigger journal_never_deleted before delete on journal
begin select raise(abort, 'the journal is append-only'); end;
`;

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

${NEVER_DELETED_SQL}`;

/**
 * A slot holds one unresolved exclusion group, and a group's unresolved attempts stand in one slot:
 * of a group the venue lets only one take effect, of two groups both. An attempt whose fill was
 * rolled back is the exception: the chain reopened it, and refusing that would only hide it. Only
 * an insert can break this, because no other change but a rolled back fill opens an attempt again.
 */
export const FOLDED_INDEX_SQL = `
create trigger if not exists attempts_one_unresolved_group_per_slot before insert on attempts
when exists (select 1 from attempts
  where slot = new.slot and exclusion_group <> new.exclusion_group
  and ${UNRESOLVED_SQL} and cause is not '${REVERSED_CAUSE}')
or exists (select 1 from attempts
  where exclusion_group = new.exclusion_group and slot <> new.slot and ${UNRESOLVED_SQL})
begin select raise(abort, 'a slot holds one unresolved exclusion group'); end;
create index if not exists attempts_group on attempts (exclusion_group);
create index if not exists attempts_nonce on attempts (${NONCE_ACCOUNT_SQL})
  where ${NONCE_ACCOUNT_SQL} is not null;
create unique index if not exists attempts_identity on attempts (venue, identity);
create unique index if not exists attempts_number on attempts (order_id, n);
create index if not exists attempts_unresolved on attempts (slot) where ${UNRESOLVED_SQL};

create index if not exists jobs_pending on jobs (received_ms) where state = 'pending';
create index if not exists ticket_claims_job on ticket_claims (job_id);
create unique index if not exists wallets_address on wallets (address);
create index if not exists wallets_user on wallets (user_id);
create index if not exists nonce_accounts_wallet on nonce_accounts (wallet_id);
create index if not exists orders_live on orders (status) where ${LIVE_ORDER_SQL};
create index if not exists orders_position on orders (position_id) where ${LIVE_ORDER_SQL};
create index if not exists orders_buys on orders (user_id, created_ms) where side = 'buy';
create index if not exists orders_job on orders (json_extract(source, '$.jobId'));
create unique index if not exists fills_seq on fills (seq);
create index if not exists fills_order on fills (order_id);
create index if not exists fills_attempt on fills (attempt_id);
create index if not exists fills_user on fills (user_id, seq);
create index if not exists fills_unsettled on fills (seq) where state = 'recorded';
create index if not exists positions_open on positions (user_id) where state = 'open';
create index if not exists positions_closed on positions (user_id) where state = 'closed';
create unique index if not exists positions_one_open on positions (wallet_id, instrument) where state = 'open';
create index if not exists positions_oversold on positions (wallet_id) where oversold != '0';
create index if not exists positions_last on positions (wallet_id, instrument, changed_ms);
create index if not exists exit_plans_armed on exit_plans (position_id) where state = 'armed';
create index if not exists tokens_user on tokens (user_id);
`;

export const OPERATIONAL_INDEX_SQL = `
create index if not exists outbox_due on outbox (next_try_ms) where ${OUTBOX_DUE_SQL};
create index if not exists views_prompt on views (chat_id, message_id) where prompt_expires_ms > 0;
`;

/**
 * `create table` from a specification: STRICT, and every number NOT NULL. Every column but the key
 * has a default, so that a release that does not know it can go on writing rows.
 */
export function createTableSql(table: string, key: string, columns: Columns): string {
  const lines = columns.map(([name, spec]) => {
    if (name !== key) return `  ${columnSql(name, spec)}`;
    return `  "${sqlName(name)}" ${SQL_TYPES[spec.kind]} not null primary key`;
  });
  return `create table "${table}" (\n${lines.join(",\n")}\n) strict;\n`;
}

function columnSql(name: string, spec: ColumnSpec): string {
  const text = `"${sqlName(name)}" ${SQL_TYPES[spec.kind]}`;
  return isNotNull(spec) ? `${text} not null default ${literal(defaultOf(spec))}` : text;
}

/** @returns what `encodeValue` would give for an absent value. */
export function defaultOf(spec: ColumnSpec): SqlValue {
  if (!spec.nullable) return DEFAULTS[spec.kind];
  return spec.kind === "int" ? ABSENT_INT : null;
}

function literal(value: SqlValue): string {
  return typeof value === "string" ? `'${value}'` : String(value);
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

/** Adds what an operational table lacks; rows that are there get the column's default. */
export function operationalTableSql(table: OperationalName, present: ReadonlySet<string>): string {
  const { key, columns } = OPERATIONAL_TABLES[table];
  const specs = Object.entries<ColumnSpec>(columns);
  if (present.size === 0) return createTableSql(table, key, specs);
  return specs
    .filter(([name]) => !present.has(sqlName(name)))
    .map(([name, spec]) => `alter table "${table}" add column ${columnSql(name, spec)};\n`)
    .join("");
}

/** What no release may drop or fold again, as a new file gets it. */
export function journalSql(): string {
  return [JOURNAL_SQL, ...Object.values(MIGRATIONS)].join("\n");
}
