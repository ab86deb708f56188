import pg from "pg";
import { afterAll, beforeAll, describe, it } from "vitest";
import { ShiftedClock } from "./real-clock.ts";
import { type PostgresServer, startPostgres } from "./postgres.ts";

let server: PostgresServer;
const clock = new ShiftedClock();

beforeAll(async () => {
  server = await startPostgres(clock);
});

afterAll(async () => {
  await server.close();
});

async function ask(text: string, connectionTimeoutMillis = 20_000): Promise<unknown> {
  const client = new pg.Client({ connectionString: server.url(), connectionTimeoutMillis });
  // The loss of a connection that is being killed is what some of these tests are about.
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ answer: unknown }>(text);
    return rows[0]?.answer;
  } finally {
    await client.end();
  }
}

describe("the local PostgreSQL", () => {
  it("runs as somebody who is not root, on loopback alone", async ({ expect }) => {
    const address = "select current_setting('listen_addresses') as answer";
    expect(await ask(address)).toBe("127.0.0.1");
    expect(server.port).toBeLessThan(32_768);
  });

  it("keeps what was committed over kill -9 and over a stop", async ({ expect }) => {
    await ask("create table kept as select 7 as answer");
    await server.kill();
    await expect(ask("select answer from kept")).rejects.toThrow(/ECONNREFUSED/);
    await server.start();
    expect(await ask("select answer from kept")).toBe(7);
    await server.restart();
    expect(await ask("select answer from kept")).toBe(7);
  });

  it("stands still while it is frozen, and goes on", async ({ expect }) => {
    server.freeze();
    await expect(ask("select 1 as answer", 400)).rejects.toThrow(/timeout/);
    server.thaw();
    expect(await ask("select 1 as answer")).toBe(1);
  });

  it("goes back to a kept copy", async ({ expect }) => {
    await ask("create table grown as select 1 as answer");
    await server.stop();
    server.keepCopy("older");
    await server.start();
    await ask("update grown set answer = 2");
    await server.stop();
    server.takeCopy("older");
    await server.start();
    expect(await ask("select answer from grown")).toBe(1);
  });
});
