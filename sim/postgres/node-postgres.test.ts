import { afterAll, beforeAll, describe, it } from "vitest";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { createNodePostgres } from "@raptor/executor/server/node-postgres.ts";
import type { PgSession } from "@raptor/executor/ports/postgres.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { ShiftedClock } from "../servers/real-clock.ts";

const clock = new ShiftedClock();
const TIMEOUT_MS = 5_000;
const POLL = { timeout: 10_000, interval: 20 };
let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres(clock);
});

afterAll(async () => {
  await server.close();
});

function open(timeoutMs = TIMEOUT_MS, user = "postgres"): Promise<PgSession> {
  const postgres = createNodePostgres({ connectionString: server.url(user), clock });
  return postgres.open("test", timeoutMs);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "answered";
  } catch (error) {
    return isRaptorError(error) ? error.code : String(error);
  }
}

describe("a session of Postgres", () => {
  it("gives back every value as the text that the server wrote", async ({ expect }) => {
    const session = await open();
    const { rows } = await session.query(
      "select $1::numeric, $2::bigint, $3::boolean, null, $4::jsonb, $5::text[]",
      ["18446744073709551615", 9_007_199_254_740_991, true, '{"b":1}', ["a,b", null, '"']],
    );
    expect(rows).toEqual([
      ["18446744073709551615", "9007199254740991", "t", null, '{"b": 1}', '{"a,b",NULL,"\\""}'],
    ]);
    session.close();
  });

  it("runs a script of several statements and counts changed rows", async ({ expect }) => {
    const session = await open();
    const made = await session.query("create table n (i int); insert into n values (1), (2);");
    expect(made.changed).toBe(2);
    session.close();
  });

  it("goes on after a refusal, which carries the server's state", async ({ expect }) => {
    const session = await open();
    await expect(session.query("select * from nowhere")).rejects.toMatchObject({
      code: "RAPTOR_POSTGRES__REFUSED",
      context: { sqlState: "42P01" },
    });
    expect((await session.query("select 1")).rows).toEqual([["1"]]);
    session.close();
    expect(await codeOf(open(TIMEOUT_MS, "stranger"))).toBe("RAPTOR_POSTGRES__REFUSED");
  });

  it("is lost when no answer comes in time, and stays lost", async ({ expect }) => {
    const session = await open(150);
    let told = 0;
    session.onLost(() => {
      told += 1;
    });
    server.freeze();
    try {
      expect(await codeOf(session.query("select 1"))).toBe("RAPTOR_POSTGRES__LOST");
      expect(await codeOf(open(150))).toBe("RAPTOR_POSTGRES__LOST");
    } finally {
      server.thaw();
    }
    expect(await codeOf(session.query("select 1"))).toBe("RAPTOR_POSTGRES__LOST");
    expect(session.isLost).toBe(true);
    expect(told).toBe(1);
  });

  it("tells of its loss while nobody asks, and gives its lock away", async ({ expect }) => {
    const first = await open();
    await first.query("select pg_advisory_lock(7)");
    const gone = new Promise<void>((resolve) => {
      first.onLost(resolve);
    });
    const second = await open();
    await second.query("select pg_terminate_backend(pid) from pg_locks where objid = 7");
    await gone;
    // The server tells the client first and lets go a moment later.
    await expect
      .poll(async () => (await second.query("select pg_try_advisory_lock(7)")).rows, POLL)
      .toEqual([["t"]]);
    second.close();
  });

  it("is lost with kill -9 of the server, whatever was asked", async ({ expect }) => {
    const session = await open();
    const asked = codeOf(session.query("select pg_sleep(30)"));
    const queued = codeOf(session.query("select 1"));
    await server.kill();
    expect(await Promise.all([asked, queued])).toEqual([
      "RAPTOR_POSTGRES__LOST",
      "RAPTOR_POSTGRES__LOST",
    ]);
    expect(await codeOf(open())).toBe("RAPTOR_POSTGRES__LOST");
    await server.start();
    const again = await open();
    expect((await again.query("select 1")).rows).toEqual([["1"]]);
    again.close();
  });
});
