-- The copy of the journal, and how far it reaches. Every statement may run again.

create schema if not exists raptor;
revoke all on schema raptor from public;

create table if not exists raptor.migrations (
  name text not null primary key,
  sha256 text not null,
  applied_at timestamptz not null default now()
);

create table if not exists raptor.journal (
  seq bigint not null primary key,
  ts_ms bigint not null,
  stream text not null,
  kind text not null,
  version integer not null,
  -- Text, not JSON: its bytes are what the hash was made of.
  payload text not null,
  prev_hash text not null,
  hash text not null
);
create index if not exists journal_stream on raptor.journal (stream, seq);

-- One row: the last event that was copied, and which release folded the tables.
create table if not exists raptor.mirror_cursor (
  id integer not null primary key check (id = 1),
  seq bigint not null,
  hash text not null,
  fold_digest text not null default '',
  updated_at timestamptz not null default now()
);
insert into raptor.mirror_cursor (id, seq, hash)
values (1, 0, repeat('0', 64))
on conflict (id) do nothing;

-- Wrapped wallet keys, only where the operator asked for them. Nobody but the owner reads it.
create table if not exists raptor.vault (
  wallet_id text not null primary key,
  wrapped text not null,
  sha256 text not null
);

alter table raptor.migrations enable row level security;
alter table raptor.journal enable row level security;
alter table raptor.mirror_cursor enable row level security;
alter table raptor.vault enable row level security;

create or replace function raptor.refuse_change() returns trigger
language plpgsql set search_path = '' as $$
begin
  raise exception 'the journal is append-only';
end
$$;
revoke all on function raptor.refuse_change() from public;

create or replace function raptor.check_link() returns trigger
language plpgsql set search_path = '' as $$
begin
  if new.seq = 1 and new.prev_hash = repeat('0', 64) then
    return new;
  end if;
  if exists (
    select from raptor.journal where seq = new.seq - 1 and hash = new.prev_hash
  ) then
    return new;
  end if;
  raise exception 'event % does not follow the one before it', new.seq;
end
$$;
revoke all on function raptor.check_link() from public;

drop trigger if exists journal_linked on raptor.journal;
create trigger journal_linked before insert on raptor.journal
for each row execute function raptor.check_link();

drop trigger if exists journal_never_changed on raptor.journal;
create trigger journal_never_changed before update or delete on raptor.journal
for each row execute function raptor.refuse_change();

drop trigger if exists journal_never_emptied on raptor.journal;
create trigger journal_never_emptied before truncate on raptor.journal
for each statement execute function raptor.refuse_change();
