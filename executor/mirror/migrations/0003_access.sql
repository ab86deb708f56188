-- Made from executor/fold/tables.ts by tools/mirror-migrations.ts; do not edit.

-- Supabase has these roles. Elsewhere they are made if we may; if not, nobody but the owner reads.
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

-- The reader's Telegram id: the claim app_metadata.telegram_id, which only the project can set.
create or replace function raptor.reader_id() returns bigint
language sql stable set search_path = '' as $$
  select case when claim ~ '^[0-9]{1,16}$' then claim::bigint end
  from (
    select nullif(current_setting('request.jwt.claims', true), '')::json
      -> 'app_metadata' ->> 'telegram_id' as claim
  ) as claims
$$;
revoke all on function raptor.reader_id() from public;

-- Nothing is inherited from defaults that the project may have.
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

do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'authenticated') then
    return;
  end if;
  grant usage on schema raptor to authenticated;
  grant execute on function raptor.reader_id() to authenticated;

  grant select on raptor."jobs" to authenticated;
  drop policy if exists own_rows on raptor."jobs";
  create policy own_rows on raptor."jobs" for select to authenticated
    using (user_id = (select raptor.reader_id()));

  grant select on raptor."ticket_claims" to authenticated;
  drop policy if exists own_rows on raptor."ticket_claims";
  create policy own_rows on raptor."ticket_claims" for select to authenticated
    using (user_id = (select raptor.reader_id()));

  grant select on raptor."users" to authenticated;
  drop policy if exists own_rows on raptor."users";
  create policy own_rows on raptor."users" for select to authenticated
    using (user_id = (select raptor.reader_id()));

  grant select on raptor."wallets" to authenticated;
  drop policy if exists own_rows on raptor."wallets";
  create policy own_rows on raptor."wallets" for select to authenticated
    using (user_id = (select raptor.reader_id()));

  grant select on raptor."orders" to authenticated;
  drop policy if exists own_rows on raptor."orders";
  create policy own_rows on raptor."orders" for select to authenticated
    using (user_id = (select raptor.reader_id()));

  grant select on raptor."attempts" to authenticated;
  drop policy if exists own_rows on raptor."attempts";
  create policy own_rows on raptor."attempts" for select to authenticated
    using (exists (select from raptor."orders" owned where owned.order_id = raptor."attempts".order_id and owned.user_id = (select raptor.reader_id())));

  grant select on raptor."fills" to authenticated;
  drop policy if exists own_rows on raptor."fills";
  create policy own_rows on raptor."fills" for select to authenticated
    using (user_id = (select raptor.reader_id()));

  grant select on raptor."positions" to authenticated;
  drop policy if exists own_rows on raptor."positions";
  create policy own_rows on raptor."positions" for select to authenticated
    using (user_id = (select raptor.reader_id()));

  grant select on raptor."exit_plans" to authenticated;
  drop policy if exists own_rows on raptor."exit_plans";
  create policy own_rows on raptor."exit_plans" for select to authenticated
    using (user_id = (select raptor.reader_id()));

  grant select on raptor."exit_presets" to authenticated;
  drop policy if exists own_rows on raptor."exit_presets";
  create policy own_rows on raptor."exit_presets" for select to authenticated
    using (user_id = (select raptor.reader_id()));

  grant select on raptor."mev_choices" to authenticated;
  drop policy if exists own_rows on raptor."mev_choices";
  create policy own_rows on raptor."mev_choices" for select to authenticated
    using (user_id = (select raptor.reader_id()));

  grant select on raptor."armed_entries" to authenticated;
  drop policy if exists own_rows on raptor."armed_entries";
  create policy own_rows on raptor."armed_entries" for select to authenticated
    using (user_id = (select raptor.reader_id()));

  grant select on raptor."nonce_accounts" to authenticated;
  drop policy if exists own_rows on raptor."nonce_accounts";
  create policy own_rows on raptor."nonce_accounts" for select to authenticated
    using (exists (select from raptor."wallets" owned where owned.wallet_id = raptor."nonce_accounts".wallet_id and owned.user_id = (select raptor.reader_id())));

  grant select on raptor."denials" to authenticated;
  drop policy if exists own_rows on raptor."denials";
  create policy own_rows on raptor."denials" for select to authenticated
    using (exists (select from raptor."orders" owned where owned.order_id = raptor."denials".order_id and owned.user_id = (select raptor.reader_id())));

  grant select on raptor."exit_triggers" to authenticated;
  drop policy if exists own_rows on raptor."exit_triggers";
  create policy own_rows on raptor."exit_triggers" for select to authenticated
    using (exists (select from raptor."positions" owned where owned.position_id = raptor."exit_triggers".position_id and owned.user_id = (select raptor.reader_id())));

  grant select on raptor."notices" to authenticated;
  drop policy if exists own_rows on raptor."notices";
  create policy own_rows on raptor."notices" for select to authenticated
    using (chat_id = (select raptor.reader_id()));

  grant select on raptor."tokens" to authenticated;
  drop policy if exists own_rows on raptor."tokens";
  create policy own_rows on raptor."tokens" for select to authenticated
    using (user_id = (select raptor.reader_id()));
end
$$;
