import { afterAll, beforeAll, describe, it } from "vitest";
import type { PgRow, PgSession } from "@raptor/executor/ports/postgres.ts";
import { LEASE_TABLE_SQL } from "@raptor/executor/lease/postgres-lease.ts";
import { TABLE_NAMES } from "@raptor/executor/fold/tables.ts";
import { readMigrations } from "@raptor/executor/mirror/migrate.ts";
import { MirrorScene, until } from "./mirror-fixture.ts";

const ANN = 7;
const BOB = 8;
/** Tables in which each of the two has rows. */
const OWN = ["users", "wallets", "jobs", "orders", "attempts", "fills", "positions", "notices"];
let scene: MirrorScene;

beforeAll(async () => {
  scene = await MirrorScene.start();
  for (const user of [ANN, BOB]) {
    await scene.trade(user);
    await scene.trade(user);
    await scene.putWallet(user);
  }
  await scene.store.transact((tx) => {
    const payload = { epoch: 1, version: "1", pid: 1 };
    tx.append({ stream: "executor", kind: "EpochStarted", payload });
  });
  const mirror = scene.mirror({ copiesVault: true });
  mirror.start();
  await scene.caughtUp();
  await mirror.stop();
});

afterAll(async () => {
  await scene.close();
});

/** A session as PostgREST opens one: a role, and the claims of the checked token. */
async function as<T>(
  role: string,
  claims: unknown,
  work: (session: PgSession) => Promise<T>,
): Promise<T> {
  const session = await scene.postgres().open("test", 5_000);
  try {
    await session.query("select set_config('request.jwt.claims', $1, false)", [
      typeof claims === "string" ? claims : JSON.stringify(claims),
    ]);
    await session.query(`set role ${role}`);
    return await work(session);
  } finally {
    session.close();
  }
}

function claimsOf(telegramId: unknown): unknown {
  return { role: "authenticated", sub: "some-uuid", app_metadata: { telegram_id: telegramId } };
}

async function countOf(session: PgSession, table: string): Promise<number> {
  const { rows } = await session.query(`select count(*) from raptor."${table}"`);
  return Number(rows[0]?.[0]);
}

async function stateOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return "allowed";
  } catch (error) {
    return (error as { context?: { sqlState?: unknown } }).context?.sqlState;
  }
}

const DENIED = "42501";

describe("the row that says whose turn it is", () => {
  it("is out of every reader's reach, whatever the project grants by default", async ({
    expect,
  }) => {
    await scene.ask("alter default privileges grant all on tables to authenticated");
    await scene.ask(LEASE_TABLE_SQL);
    await scene.ask("alter default privileges revoke all on tables from authenticated");
    await as("authenticated", claimsOf(ANN), async (session) => {
      // Row-level security does not cover it.
      expect(await stateOf(session.query("truncate raptor.executor_lease"))).toBe(DENIED);
    });
  });
});

describe("a reader with a token of the project", () => {
  it("sees the rows of the person in the token, and of nobody else", async ({ expect }) => {
    for (const user of [ANN, BOB]) {
      await as("authenticated", claimsOf(user), async (session) => {
        const { rows } = await session.query("select distinct user_id from raptor.orders");
        expect(rows).toEqual([[String(user)]]);
        for (const table of OWN) {
          const all = await scene.ask(`select count(*) from raptor."${table}"`);
          expect([table, 2 * (await countOf(session, table))]).toEqual([
            table,
            Number(all[0]?.[0]),
          ]);
        }
        const attempts = await session.query(
          "select distinct o.user_id from raptor.attempts a join raptor.orders o using (order_id)",
        );
        expect(attempts.rows).toEqual([[String(user)]]);
      });
    }
  });

  it("reads a number in the token whether it is text or number", async ({ expect }) => {
    await as("authenticated", claimsOf(String(ANN)), async (session) => {
      expect(await countOf(session, "orders")).toBe(2);
    });
  });

  it("sees nothing with any other claim", async ({ expect }) => {
    const others: unknown[] = [
      {},
      { telegram_id: ANN },
      { user_metadata: { telegram_id: ANN } },
      claimsOf(null),
      claimsOf("7 or 1=1"),
      claimsOf([ANN]),
      claimsOf(7.5),
      claimsOf("99999999999999999999"),
      { app_metadata: String(ANN) },
      "",
    ];
    for (const claims of others) {
      await as("authenticated", claims, async (session) => {
        for (const table of OWN) expect(await countOf(session, table)).toBe(0);
      });
    }
    await as("authenticated", "not json", async (session) => {
      expect(await stateOf(countOf(session, "orders"))).toBe("22P02");
    });
  });

  it("cannot write, not even its own rows", async ({ expect }) => {
    await as("authenticated", claimsOf(ANN), async (session) => {
      for (const table of TABLE_NAMES) {
        const name = `raptor."${table}"`;
        expect(await stateOf(session.query(`delete from ${name}`))).toBe(DENIED);
        expect(await stateOf(session.query(`insert into ${name} default values`))).toBe(DENIED);
        expect(await stateOf(session.query(`truncate ${name}`))).toBe(DENIED);
      }
      const update = "update raptor.orders set status = 'filled'";
      expect(await stateOf(session.query(update))).toBe(DENIED);
      const move = "update raptor.mirror_cursor set seq = 0";
      expect(await stateOf(session.query(move))).toBe(DENIED);
      expect(await stateOf(session.query("create table raptor.mine (i int)"))).toBe(DENIED);
    });
  });

  it("cannot look into what belongs to the desk", async ({ expect }) => {
    await as("authenticated", claimsOf(ANN), async (session) => {
      const desk = ["journal", "vault", "mirror_cursor", "migrations", "control", "epochs"];
      for (const table of [...desk, "last_reconcile"]) {
        expect([table, await stateOf(countOf(session, table))]).toEqual([table, DENIED]);
      }
      expect(await stateOf(session.query("select raptor.check_link()"))).toBe(DENIED);
      expect(await stateOf(session.query("select raptor.refuse_change()"))).toBe(DENIED);
    });
  });

  it("belongs to no role that could do more", async ({ expect }) => {
    const rows: PgRow[] = await scene.ask(
      "select rolname from pg_roles where pg_has_role('authenticated', oid, 'member') order by 1",
    );
    expect(rows).toEqual([["authenticated"]]);
  });
});

describe("everybody else", () => {
  it("may not even enter: anon and service_role", async ({ expect }) => {
    for (const role of ["anon", "service_role"]) {
      await as(role, claimsOf(ANN), async (session) => {
        for (const table of [...TABLE_NAMES, "journal", "vault"]) {
          expect(await stateOf(countOf(session, table))).toBe(DENIED);
        }
        expect(await stateOf(session.query("select raptor.reader_id()"))).toBe(DENIED);
      });
    }
  });

  it("finds every table of the schema closed by row-level security", async ({ expect }) => {
    const open = await scene.ask(
      `select relname from pg_class where relnamespace = 'raptor'::regnamespace
       and relkind in ('r', 'p', 'v', 'm') and not relrowsecurity`,
    );
    expect(open).toEqual([]);
    const policies = await scene.ask(
      `select distinct tablename from pg_policies where schemaname = 'raptor' and tablename in
       ('journal', 'vault', 'mirror_cursor', 'migrations', 'control', 'epochs', 'last_reconcile')`,
    );
    expect(policies).toEqual([]);
  });
});

describe("the migrations", () => {
  it("run by hand in an editor, again and again, and then by the mirror", async ({ expect }) => {
    await scene.emptyDatabase();
    for (let round = 0; round < 2; round += 1) {
      for (const { sql } of readMigrations()) await scene.ask(sql);
    }
    const mirror = scene.mirror();
    mirror.start();
    await scene.caughtUp();
    await mirror.stop();
    expect(await scene.difference()).toBe(undefined);
    const applied = await scene.ask("select name from raptor.migrations order by name");
    expect(applied).toEqual(readMigrations().map(({ name }) => [name]));
  });

  it("do without the roles where they may not make them", async ({ expect }) => {
    await scene.emptyDatabase();
    await scene.ask("drop role if exists anon, authenticated, service_role, desk_owner");
    await scene.ask("drop database if exists desk");
    await scene.ask("create role desk_owner login");
    await scene.ask("create database desk owner desk_owner");
    const url = scene.server.url("desk_owner", "desk");
    const mirror = scene.mirror({ postgres: scene.postgresAt(url) });
    mirror.start();
    await until(() => mirror.health().detail.includes(`seq ${scene.store.headSeq()},`));
    await mirror.stop();
    const roles = "select count(*) from pg_roles where rolname in ('anon', 'authenticated')";
    expect(await scene.ask(roles)).toEqual([["0"]]);
  });
});
