-- Made from executor/fold/tables.ts by tools/mirror-migrations.ts; do not edit.

create table if not exists raptor."jobs" ("job_id" text not null primary key);
alter table raptor."jobs" add column if not exists "digest" text not null default '';
alter table raptor."jobs" add column if not exists "user_id" bigint;
alter table raptor."jobs" add column if not exists "kind" text not null default '';
alter table raptor."jobs" add column if not exists "state" text not null default '';
alter table raptor."jobs" add column if not exists "outcome" text;
alter table raptor."jobs" add column if not exists "deadline_ms" bigint;
alter table raptor."jobs" add column if not exists "received_ms" bigint not null default 0;
alter table raptor."jobs" add column if not exists "job" json;
create index if not exists jobs_user_id on raptor."jobs" (user_id);
alter table raptor."jobs" enable row level security;

create table if not exists raptor."ticket_claims" ("ticket" text not null primary key);
alter table raptor."ticket_claims" add column if not exists "job_id" text not null default '';
alter table raptor."ticket_claims" add column if not exists "user_id" bigint not null default 0;
create index if not exists ticket_claims_user_id on raptor."ticket_claims" (user_id);
alter table raptor."ticket_claims" enable row level security;

create table if not exists raptor."users" ("user_id" bigint not null primary key);
alter table raptor."users" add column if not exists "chat_id" bigint not null default 0;
alter table raptor."users" add column if not exists "name" text not null default '';
alter table raptor."users" add column if not exists "paused" boolean not null default false;
alter table raptor."users" add column if not exists "held_reason" text not null default '';
alter table raptor."users" add column if not exists "panic_id" text;
alter table raptor."users" add column if not exists "paused_ms" bigint not null default 0;
alter table raptor."users" enable row level security;

create table if not exists raptor."wallets" ("wallet_id" text not null primary key);
alter table raptor."wallets" add column if not exists "user_id" bigint not null default 0;
alter table raptor."wallets" add column if not exists "address" text not null default '';
alter table raptor."wallets" add column if not exists "vault_sha256" text not null default '';
create index if not exists wallets_user_id on raptor."wallets" (user_id);
alter table raptor."wallets" enable row level security;

create table if not exists raptor."orders" ("order_id" text not null primary key);
alter table raptor."orders" add column if not exists "user_id" bigint not null default 0;
alter table raptor."orders" add column if not exists "wallet_id" text not null default '';
alter table raptor."orders" add column if not exists "venue" text not null default '';
alter table raptor."orders" add column if not exists "instrument" text not null default '';
alter table raptor."orders" add column if not exists "symbol" text not null default '';
alter table raptor."orders" add column if not exists "decimals" bigint not null default 0;
alter table raptor."orders" add column if not exists "token_program" text not null default '';
alter table raptor."orders" add column if not exists "side" text not null default '';
alter table raptor."orders" add column if not exists "source" json not null default 'null';
alter table raptor."orders" add column if not exists "status" text not null default '';
alter table raptor."orders" add column if not exists "reason" text;
alter table raptor."orders" add column if not exists "notional_lamports" numeric(78, 0) not null default 0;
alter table raptor."orders" add column if not exists "quantity" numeric(78, 0) not null default 0;
alter table raptor."orders" add column if not exists "slippage_bps_max" bigint not null default 0;
alter table raptor."orders" add column if not exists "position_id" text;
alter table raptor."orders" add column if not exists "entry_price_e9" numeric(78, 0);
alter table raptor."orders" add column if not exists "deadline_ms" bigint;
alter table raptor."orders" add column if not exists "guard_override" boolean not null default false;
alter table raptor."orders" add column if not exists "notice_key" text not null default '';
alter table raptor."orders" add column if not exists "created_ms" bigint not null default 0;
create index if not exists orders_user_id on raptor."orders" (user_id);
alter table raptor."orders" enable row level security;

create table if not exists raptor."attempts" ("attempt_id" text not null primary key);
alter table raptor."attempts" add column if not exists "order_id" text not null default '';
alter table raptor."attempts" add column if not exists "n" bigint not null default 0;
alter table raptor."attempts" add column if not exists "venue" text not null default '';
alter table raptor."attempts" add column if not exists "identity" text not null default '';
alter table raptor."attempts" add column if not exists "payload" text not null default '';
alter table raptor."attempts" add column if not exists "bound" json not null default 'null';
alter table raptor."attempts" add column if not exists "exclusion_group" text not null default '';
alter table raptor."attempts" add column if not exists "slot" text not null default '';
alter table raptor."attempts" add column if not exists "state" text not null default '';
alter table raptor."attempts" add column if not exists "cost_cap_lamports" numeric(78, 0) not null default 0;
alter table raptor."attempts" add column if not exists "quantity_out_min" numeric(78, 0) not null default 0;
alter table raptor."attempts" add column if not exists "route" json not null default 'null';
alter table raptor."attempts" add column if not exists "witness" json not null default 'null';
alter table raptor."attempts" add column if not exists "cause" text;
alter table raptor."attempts" add column if not exists "evidence" json;
alter table raptor."attempts" add column if not exists "epoch" bigint not null default 0;
alter table raptor."attempts" add column if not exists "voids" json;
alter table raptor."attempts" add column if not exists "prepared_ms" bigint not null default 0;
alter table raptor."attempts" add column if not exists "submitted_ms" bigint;
alter table raptor."attempts" enable row level security;

create table if not exists raptor."fills" ("fill_id" text not null primary key);
alter table raptor."fills" add column if not exists "attempt_id" text not null default '';
alter table raptor."fills" add column if not exists "order_id" text not null default '';
alter table raptor."fills" add column if not exists "user_id" bigint not null default 0;
alter table raptor."fills" add column if not exists "position_id" text not null default '';
alter table raptor."fills" add column if not exists "instrument" text not null default '';
alter table raptor."fills" add column if not exists "side" text not null default '';
alter table raptor."fills" add column if not exists "quantity" numeric(78, 0) not null default 0;
alter table raptor."fills" add column if not exists "notional_lamports" numeric(78, 0) not null default 0;
alter table raptor."fills" add column if not exists "fee_lamports" numeric(78, 0) not null default 0;
alter table raptor."fills" add column if not exists "rent_lamports" numeric(78, 0) not null default 0;
alter table raptor."fills" add column if not exists "sold_cost_lamports" numeric(78, 0);
alter table raptor."fills" add column if not exists "venue_slot" bigint not null default 0;
alter table raptor."fills" add column if not exists "seq" bigint not null default 0;
alter table raptor."fills" add column if not exists "ts_ms" bigint not null default 0;
alter table raptor."fills" add column if not exists "evidence" json not null default 'null';
alter table raptor."fills" add column if not exists "state" text not null default '';
create index if not exists fills_user_id on raptor."fills" (user_id);
alter table raptor."fills" enable row level security;

create table if not exists raptor."positions" ("position_id" text not null primary key);
alter table raptor."positions" add column if not exists "user_id" bigint not null default 0;
alter table raptor."positions" add column if not exists "wallet_id" text not null default '';
alter table raptor."positions" add column if not exists "venue" text not null default '';
alter table raptor."positions" add column if not exists "instrument" text not null default '';
alter table raptor."positions" add column if not exists "symbol" text not null default '';
alter table raptor."positions" add column if not exists "decimals" bigint not null default 0;
alter table raptor."positions" add column if not exists "token_program" text not null default '';
alter table raptor."positions" add column if not exists "quantity" numeric(78, 0) not null default 0;
alter table raptor."positions" add column if not exists "cost_lamports" numeric(78, 0) not null default 0;
alter table raptor."positions" add column if not exists "realised_lamports" numeric(78, 0) not null default 0;
alter table raptor."positions" add column if not exists "entry_price_e9" numeric(78, 0) not null default 0;
alter table raptor."positions" add column if not exists "oversold" numeric(78, 0) not null default 0;
alter table raptor."positions" add column if not exists "lost" json;
alter table raptor."positions" add column if not exists "state" text not null default '';
alter table raptor."positions" add column if not exists "opened_ms" bigint not null default 0;
alter table raptor."positions" add column if not exists "changed_ms" bigint not null default 0;
create index if not exists positions_user_id on raptor."positions" (user_id);
alter table raptor."positions" enable row level security;

create table if not exists raptor."exit_plans" ("position_id" text not null primary key);
alter table raptor."exit_plans" add column if not exists "user_id" bigint not null default 0;
alter table raptor."exit_plans" add column if not exists "instrument" text not null default '';
alter table raptor."exit_plans" add column if not exists "rules" json not null default 'null';
alter table raptor."exit_plans" add column if not exists "state" text not null default '';
alter table raptor."exit_plans" add column if not exists "triggers" bigint not null default 0;
alter table raptor."exit_plans" add column if not exists "done" json;
alter table raptor."exit_plans" add column if not exists "original_quantity" numeric(78, 0) not null default 0;
alter table raptor."exit_plans" add column if not exists "mark_e9" numeric(78, 0) not null default 0;
alter table raptor."exit_plans" add column if not exists "version" bigint not null default 0;
alter table raptor."exit_plans" add column if not exists "rule_count" bigint not null default 0;
create index if not exists exit_plans_user_id on raptor."exit_plans" (user_id);
alter table raptor."exit_plans" enable row level security;

create table if not exists raptor."exit_presets" ("user_id" bigint not null primary key);
alter table raptor."exit_presets" add column if not exists "specs" json not null default 'null';
alter table raptor."exit_presets" enable row level security;

create table if not exists raptor."mev_choices" ("user_id" bigint not null primary key);
alter table raptor."mev_choices" add column if not exists "protect" text not null default '';
alter table raptor."mev_choices" enable row level security;

create table if not exists raptor."armed_entries" ("entry_id" text not null primary key);
alter table raptor."armed_entries" add column if not exists "user_id" bigint not null default 0;
alter table raptor."armed_entries" add column if not exists "wallet_id" text not null default '';
alter table raptor."armed_entries" add column if not exists "venue" text not null default '';
alter table raptor."armed_entries" add column if not exists "instrument" text not null default '';
alter table raptor."armed_entries" add column if not exists "symbol" text not null default '';
alter table raptor."armed_entries" add column if not exists "decimals" bigint not null default 0;
alter table raptor."armed_entries" add column if not exists "token_program" text not null default '';
alter table raptor."armed_entries" add column if not exists "trigger_price_e9" numeric(78, 0) not null default 0;
alter table raptor."armed_entries" add column if not exists "notional_lamports" numeric(78, 0) not null default 0;
alter table raptor."armed_entries" add column if not exists "slippage_bps_max" bigint not null default 0;
alter table raptor."armed_entries" add column if not exists "deadline_ms" bigint not null default 0;
alter table raptor."armed_entries" add column if not exists "job_id" text not null default '';
alter table raptor."armed_entries" add column if not exists "state" text not null default '';
alter table raptor."armed_entries" add column if not exists "reason" text not null default '';
alter table raptor."armed_entries" add column if not exists "armed_ms" bigint not null default 0;
create index if not exists armed_entries_user_id on raptor."armed_entries" (user_id);
alter table raptor."armed_entries" enable row level security;

create table if not exists raptor."nonce_accounts" ("account" text not null primary key);
alter table raptor."nonce_accounts" add column if not exists "wallet_id" text not null default '';
alter table raptor."nonce_accounts" add column if not exists "nonce_index" bigint not null default 0;
alter table raptor."nonce_accounts" add column if not exists "state" text not null default '';
alter table raptor."nonce_accounts" add column if not exists "lamports" numeric(78, 0) not null default 0;
alter table raptor."nonce_accounts" add column if not exists "reason" text;
alter table raptor."nonce_accounts" add column if not exists "changed_ms" bigint not null default 0;
alter table raptor."nonce_accounts" enable row level security;

create table if not exists raptor."denials" ("order_id" text not null primary key);
alter table raptor."denials" add column if not exists "inputs" json;
alter table raptor."denials" enable row level security;

create table if not exists raptor."exit_triggers" ("order_id" text not null primary key);
alter table raptor."exit_triggers" add column if not exists "position_id" text not null default '';
alter table raptor."exit_triggers" add column if not exists "rule" text not null default '';
alter table raptor."exit_triggers" add column if not exists "rule_id" text;
alter table raptor."exit_triggers" add column if not exists "n" bigint not null default 0;
alter table raptor."exit_triggers" add column if not exists "trigger_price_e9" numeric(78, 0) not null default 0;
alter table raptor."exit_triggers" add column if not exists "price_e9" numeric(78, 0) not null default 0;
alter table raptor."exit_triggers" add column if not exists "price_age_ms" bigint not null default 0;
alter table raptor."exit_triggers" add column if not exists "mark_e9" numeric(78, 0);
alter table raptor."exit_triggers" add column if not exists "fired_ms" bigint not null default 0;
alter table raptor."exit_triggers" enable row level security;

create table if not exists raptor."notices" ("key" text not null primary key);
alter table raptor."notices" add column if not exists "chat_id" bigint not null default 0;
alter table raptor."notices" add column if not exists "message_id" bigint not null default 0;
create index if not exists notices_chat_id on raptor."notices" (chat_id);
alter table raptor."notices" enable row level security;

create table if not exists raptor."tokens" ("token_id" text not null primary key);
alter table raptor."tokens" add column if not exists "user_id" bigint not null default 0;
alter table raptor."tokens" add column if not exists "scopes" json not null default 'null';
alter table raptor."tokens" add column if not exists "revoked" boolean not null default false;
create index if not exists tokens_user_id on raptor."tokens" (user_id);
alter table raptor."tokens" enable row level security;

create table if not exists raptor."control" ("id" bigint not null primary key);
alter table raptor."control" add column if not exists "trading_state" text not null default '';
alter table raptor."control" add column if not exists "reason" text not null default '';
alter table raptor."control" add column if not exists "by" text not null default '';
alter table raptor."control" add column if not exists "tightened_ms" bigint not null default 0;
alter table raptor."control" enable row level security;

create table if not exists raptor."last_reconcile" ("id" bigint not null primary key);
alter table raptor."last_reconcile" add column if not exists "at_ms" bigint not null default 0;
alter table raptor."last_reconcile" add column if not exists "trigger" text not null default '';
alter table raptor."last_reconcile" add column if not exists "drift" json not null default 'null';
alter table raptor."last_reconcile" enable row level security;

create table if not exists raptor."epochs" ("epoch" bigint not null primary key);
alter table raptor."epochs" add column if not exists "version" text not null default '';
alter table raptor."epochs" add column if not exists "pid" bigint not null default 0;
alter table raptor."epochs" add column if not exists "started_ms" bigint not null default 0;
alter table raptor."epochs" enable row level security;

create table if not exists raptor."history_cursors" ("wallet_id" text not null primary key);
alter table raptor."history_cursors" add column if not exists "slot" bigint not null default 0;
alter table raptor."history_cursors" add column if not exists "read_ms" bigint not null default 0;
alter table raptor."history_cursors" enable row level security;

create table if not exists raptor."token_words" ("word_id" text not null primary key);
alter table raptor."token_words" add column if not exists "wallet_id" text not null default '';
alter table raptor."token_words" add column if not exists "mint" text not null default '';
alter table raptor."token_words" add column if not exists "word" text not null default '';
alter table raptor."token_words" add column if not exists "quantity" numeric(78, 0) not null default 0;
alter table raptor."token_words" add column if not exists "said_ms" bigint not null default 0;
alter table raptor."token_words" enable row level security;
