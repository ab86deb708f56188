import { assert, isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { PgRow, PgSession, PgValue, Postgres } from "../ports/postgres.ts";
import type { ClaimPhase, LeaseDatabase, LeaseRow, LeaseSession } from "./lease-database.ts";

/** Longer than any wait for the lock, so that an answer is never given up while it may come. */
const LOCK_GRACE_MS = 1_000;
const LOCK_WAIT_MS_MAX = 1_000;
/** "rapt" and 1: no other program of the same database uses this pair by chance. */
const LOCK_KEYS = "1918988404, 1";
const LOCK_NOT_AVAILABLE = "55P03";
const ALREADY_THERE = /^(23505|42P06|42P07|42710)$/;

const EXISTS_SQL = "select to_regclass('raptor.executor_lease') is not null";

/**
 * Denied to everybody but its owner: no policy is made for it, and what a project grants by default
 * is taken back, as policies do not cover truncation. Runs in the SQL editor as it is.
 */
export const LEASE_TABLE_SQL = `
create schema if not exists raptor;
create table if not exists raptor.executor_lease (
  id integer not null primary key check (id = 1),
  epoch bigint not null,
  renewals bigint not null,
  holder text not null,
  volume text not null,
  machine text not null,
  phase text not null check (phase in ('held', 'released', 'handingOver', 'handedOver')),
  head_seq bigint,
  renewed_at timestamptz not null default now()
);
alter table raptor.executor_lease enable row level security;
revoke all on raptor.executor_lease from public;
do $$
declare
  reader text;
begin
  for reader in
    select rolname from pg_catalog.pg_roles
    where rolname in ('anon', 'authenticated', 'service_role')
  loop
    execute format('revoke all on raptor.executor_lease from %I', reader);
  end loop;
end
$$;
`;

const COLUMNS = "epoch, renewals, holder, volume, machine, phase, head_seq";
const READ_SQL = `select ${COLUMNS} from raptor.executor_lease where id = 1`;

const INSERT_SQL = `
insert into raptor.executor_lease (id, ${COLUMNS}) values (1, $1, $2, $3, $4, $5, $6, $7)
on conflict (id) do nothing`;

const SWAP_SQL = `
update raptor.executor_lease
set epoch = $1, renewals = $2, holder = $3, volume = $4, machine = $5, phase = $6, head_seq = $7,
  renewed_at = now()
where id = 1 and epoch = $8 and renewals = $9 and holder = $10`;

const LOCK_SQL = `select pg_advisory_lock(${LOCK_KEYS})`;
const TRY_LOCK_SQL = `select pg_try_advisory_lock(${LOCK_KEYS})`;

/** A two-key lock stands in pg_locks with objsubid 2; only sessions of this database count. */
const END_HOLDER_SQL = `
select pg_terminate_backend(pid) from pg_locks
where locktype = 'advisory' and objsubid = 2 and granted
  and classid::bigint = 1918988404 and objid::bigint = 1
  and database = (select oid from pg_database where datname = current_database())
  and pid <> pg_backend_pid()`;

/** The lease in PostgreSQL. The session must be a real one, not one of a transaction pooler. */
export function createPostgresLease(postgres: Postgres, answerMsMax: number): LeaseDatabase {
  const timeoutMs = Math.max(answerMsMax, LOCK_WAIT_MS_MAX + LOCK_GRACE_MS);
  return {
    async open() {
      const session = await postgres.open("lease", timeoutMs);
      try {
        await ensureTable(session);
        return new PostgresLeaseSession(session);
      } catch (error) {
        session.close();
        throw error;
      }
    },
  };
}

class PostgresLeaseSession implements LeaseSession {
  readonly #session: PgSession;

  constructor(session: PgSession) {
    this.#session = session;
  }

  get isLost(): boolean {
    return this.#session.isLost;
  }

  async read(): Promise<LeaseRow | undefined> {
    const { rows } = await this.#session.query(READ_SQL);
    return rows[0] === undefined ? undefined : parseRow(rows[0]);
  }

  async swap(seen: LeaseRow | undefined, next: LeaseRow): Promise<boolean> {
    const values = valuesOf(next);
    const { changed } =
      seen === undefined
        ? await this.#session.query(INSERT_SQL, values)
        : await this.#session.query(SWAP_SQL, [...values, seen.epoch, seen.renewals, seen.holder]);
    return changed === 1;
  }

  async lock(waitMs: number): Promise<boolean> {
    if (waitMs < 1) {
      const { rows } = await this.#session.query(TRY_LOCK_SQL);
      return rows[0]?.[0] === "t";
    }
    const limitMs = Math.ceil(Math.min(waitMs, LOCK_WAIT_MS_MAX));
    await this.#session.query(`set lock_timeout = ${limitMs}`);
    try {
      await this.#session.query(LOCK_SQL);
      return true;
    } catch (error) {
      if (!isRaptorError(error, "RAPTOR_POSTGRES__REFUSED")) throw error;
      if (error.context["sqlState"] !== LOCK_NOT_AVAILABLE) throw error;
      return false;
    }
  }

  async endLockHolder(): Promise<void> {
    await this.#session.query(END_HOLDER_SQL);
  }

  onLost(listener: () => void): void {
    this.#session.onLost(listener);
  }

  close(): void {
    this.#session.close();
  }
}

/** Two executors may make it at the same moment; the later one finds it made. */
async function ensureTable(session: PgSession): Promise<void> {
  const { rows } = await session.query(EXISTS_SQL);
  if (rows[0]?.[0] === "t") return;
  try {
    await session.query(LEASE_TABLE_SQL);
  } catch (error) {
    if (!isRaptorError(error, "RAPTOR_POSTGRES__REFUSED")) throw error;
    if (!ALREADY_THERE.test(String(error.context["sqlState"]))) throw error;
  }
}

function valuesOf(row: LeaseRow): PgValue[] {
  const { epoch, renewals, holder, volume, machine, phase, headSeq } = row;
  return [epoch, renewals, holder, volume, machine, phase, headSeq];
}

const PHASES: readonly ClaimPhase[] = ["held", "released", "handingOver", "handedOver"];

function parseRow(row: PgRow): LeaseRow {
  const [epoch, renewals, holder, volume, machine, phaseText, headSeq] = row;
  const phase = PHASES.find((known) => known === phaseText);
  assert(phase !== undefined, "the lease's phase is one of those that the table allows");
  return {
    epoch: Number(epoch),
    renewals: Number(renewals),
    holder: holder ?? "",
    volume: volume ?? "",
    machine: machine ?? "",
    phase,
    headSeq: headSeq === null || headSeq === undefined ? null : Number(headSeq),
  };
}
