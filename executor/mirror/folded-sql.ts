import type { ColumnKind, ColumnSpec } from "../fold/table-spec.ts";
import { columnsOf, FOLDED_TABLES, sqlName, TABLE_NAMES, type TableName } from "../fold/tables.ts";

/**
 * `json`, not `jsonb`: it keeps the text as it was written, so that rows can be compared, and it
 * takes every text that our own encoder writes.
 */
const SQL_TYPES: Readonly<Record<ColumnKind, string>> = {
  text: "text",
  amount: "numeric(78, 0)",
  int: "bigint",
  bool: "boolean",
  json: "json",
};
const DEFAULTS: Readonly<Record<ColumnKind, string>> = {
  text: "''",
  amount: "0",
  int: "0",
  bool: "false",
  json: "'null'",
};

/** What a reader may see of a table that does not say whose its rows are. */
const OWNED_THROUGH: { readonly [T in TableName]?: { table: TableName; by: string } } = {
  attempts: { table: "orders", by: "order_id" },
  denials: { table: "orders", by: "order_id" },
  nonce_accounts: { table: "wallets", by: "wallet_id" },
  exit_triggers: { table: "positions", by: "position_id" },
};
/** In a private chat, and there are no others, chat and person have the same number. */
const OWNER_COLUMNS: { readonly [T in TableName]?: string } = { notices: "chat_id" };

const HEADER = "-- Made from executor/fold/tables.ts by tools/mirror-migrations.ts; do not edit.\n";

/** Names every folded table as PostgreSQL does. */
export function pgTable(table: TableName): string {
  return `raptor."${table}"`;
}

/** Tables and columns. Additive: what is there stays, so it may run again and after any release. */
export function foldedTablesSql(): string {
  return [HEADER, ...TABLE_NAMES.map(tableSql)].join("\n");
}

function tableSql(table: TableName): string {
  const name = pgTable(table);
  const { key } = FOLDED_TABLES[table];
  const lines = columnsOf(table).map(([column, spec]) =>
    column === key
      ? `create table if not exists ${name} (${columnSql(column, spec)} not null primary key);`
      : `alter table ${name} add column if not exists ${columnSql(column, spec)}${restSql(spec)};`,
  );
  const owner = ownerColumnOf(table);
  if (owner !== undefined && owner !== sqlName(key)) {
    lines.push(`create index if not exists ${table}_${owner} on ${name} (${owner});`);
  }
  lines.push(`alter table ${name} enable row level security;`);
  return `${lines.join("\n")}\n`;
}

function columnSql(column: string, spec: ColumnSpec): string {
  return `"${sqlName(column)}" ${SQL_TYPES[spec.kind]}`;
}

function restSql(spec: ColumnSpec): string {
  return spec.nullable ? "" : ` not null default ${DEFAULTS[spec.kind]}`;
}

function ownerColumnOf(table: TableName): string | undefined {
  const known = OWNER_COLUMNS[table];
  if (known !== undefined) return known;
  return columnsOf(table).some(([name]) => name === "userId") ? "user_id" : undefined;
}

/** The condition under which a reader sees a row; undefined: nobody but the owner sees any. */
function ownRowsSql(table: TableName): string | undefined {
  const owner = ownerColumnOf(table);
  if (owner !== undefined) return `${owner} = (select raptor.reader_id())`;
  const through = OWNED_THROUGH[table];
  if (through === undefined) return undefined;
  const { table: parent, by } = through;
  return (
    `exists (select from ${pgTable(parent)} owned where owned.${by} = ` +
    `${pgTable(table)}.${by} and owned.user_id = (select raptor.reader_id()))`
  );
}

/** Who may read what. Whatever is not named here stays denied. */
export function accessSql(): string {
  const policies = TABLE_NAMES.flatMap((table) => {
    const condition = ownRowsSql(table);
    return condition === undefined ? [] : [policySql(table, condition)];
  });
  return [HEADER, ROLES_SQL, READER_SQL, REVOKE_SQL, readersSql(policies)].join("\n");
}

const ROLES_SQL = `-- Supabase has these roles. Elsewhere they are made if we may; if not, nobody but the owner reads.
do $$
declare
  missing text;
begin
  foreach missing in array array['anon', 'authenticated', 'service_role'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = missing) then
      execute format('create role %I nologin noinherit', missing);
    end if;
  end loop;
exception when insufficient_privilege then
  raise notice 'roles were not created: %', sqlerrm;
end
$$;
`;

const READER_SQL = `-- The reader's Telegram id: the claim app_metadata.telegram_id, which only the project can set.
create or replace function raptor.reader_id() returns bigint
language sql stable set search_path = '' as $$
  select case when claim ~ '^[0-9]{1,16}$' then claim::bigint end
  from (
    select nullif(current_setting('request.jwt.claims', true), '')::json
      -> 'app_metadata' ->> 'telegram_id' as claim
  ) as claims
$$;
revoke all on function raptor.reader_id() from public;
`;

const REVOKE_SQL = `-- Nothing is inherited from defaults that the project may have.
revoke all on all tables in schema raptor from public;
do $$
declare
  reader text;
begin
  for reader in
    select rolname from pg_catalog.pg_roles
    where rolname in ('anon', 'authenticated', 'service_role')
  loop
    execute format('revoke all on all tables in schema raptor from %I', reader);
    execute format('revoke all on all functions in schema raptor from %I', reader);
    execute format('revoke all on schema raptor from %I', reader);
  end loop;
end
$$;
`;

function readersSql(policies: readonly string[]): string {
  return `do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'authenticated') then
    return;
  end if;
  grant usage on schema raptor to authenticated;
  grant execute on function raptor.reader_id() to authenticated;
${policies.join("\n")}
end
$$;
`;
}

function policySql(table: TableName, condition: string): string {
  const name = pgTable(table);
  return `
  grant select on ${name} to authenticated;
  drop policy if exists own_rows on ${name};
  create policy own_rows on ${name} for select to authenticated
    using (${condition});`;
}
