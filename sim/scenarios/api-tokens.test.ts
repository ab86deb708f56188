import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PositionView, TradeView } from "@raptor/shared/wire/read.ts";
import { answerTo } from "./chat-mark.ts";
import { type Person, waitUntil } from "./person.ts";
import { bearer, call, executorMetrics, growth, type HttpAnswer, until } from "./probes.ts";
import type { ScenarioWorld } from "./scenario-world.ts";
import { findSecrets, startWithKnownKeys } from "./secret-search.ts";

let world: ScenarioWorld;
let alice: Person;
let bob: Person;

beforeAll(async () => {
  world = await startWithKnownKeys();
  ({ alice, bob } = world);
  await Promise.all([alice.begin(), bob.begin()]);
  await Promise.all([alice.buy(world.mint("normal", 0)), bob.buy(world.mint("normal", 1))]);
});

afterAll(() => world.close());

function get(path: string, token: string | undefined): Promise<HttpAnswer> {
  const headers = token === undefined ? {} : bearer(token);
  return call(`${world.file.edge}${path}`, { headers });
}

/** Asks the bot for a token and reads it off the chat. */
async function issueToken(person: Person, command = "/token"): Promise<string> {
  const known = await tokensOf(person);
  await person.say(command);
  return waitUntil(async () => (await tokensOf(person)).find((token) => !known.includes(token)));
}

async function tokensOf(person: Person): Promise<string[]> {
  const received = await person.received();
  return received.flatMap(({ text = "" }) => /rpt_\S+/.exec(text)?.[0] ?? []);
}

function expectProblem(answer: HttpAnswer, status: number): void {
  expect(answer.status).toBe(status);
  expect(answer.type).toBe("application/problem+json");
  const problem = JSON.parse(answer.text) as Record<string, unknown>;
  expect(problem["status"]).toBe(status);
  for (const name of ["type", "title", "detail", "instance", "code"]) {
    expect(problem[name]).toEqual(expect.any(String));
  }
}

describe("a person's token", () => {
  test("reads that person's positions and trades, and the admin's reads all", async () => {
    const ofAlice = await issueToken(alice);
    const ofBob = await issueToken(bob);
    for (const [person, token] of [
      [alice, ofAlice],
      [bob, ofBob],
    ] as const) {
      const { positions } = JSON.parse((await get("/v1/positions", token)).text) as {
        positions: PositionView[];
      };
      expect(positions.map(({ userId }) => userId)).toEqual([person.id]);
      const { trades } = JSON.parse((await get("/v1/trades", token)).text) as {
        trades: TradeView[];
      };
      expect(trades.map(({ userId }) => userId)).toEqual([person.id]);
    }
    expect(await world.positions()).toHaveLength(2);
    expect(await world.trades()).toHaveLength(2);
  });

  test("finds that person's jobs; another's, and a made-up one, are not there", async () => {
    const token = await issueToken(alice);
    const jobOf = (userId: number): string => {
      const found = world
        .eventsOf("JobAccepted")
        .find(({ payload }) => payload["userId"] === userId);
      return encodeURIComponent(String(found?.payload["jobId"]));
    };
    const own = await get(`/v1/jobs/${jobOf(alice.id)}`, token);
    expect(JSON.parse(own.text)).toMatchObject({ kind: "start", state: "done" });
    const foreign = await get(`/v1/jobs/${jobOf(bob.id)}`, token);
    const none = await get("/v1/jobs/tg%3A1%3A1", token);
    expectProblem(foreign, 404);
    expectProblem(none, 404);
    // Whether a job of somebody else exists must not show.
    const shape = ({ text }: HttpAnswer) => ({ ...(JSON.parse(text) as object), instance: "" });
    expect(shape(foreign)).toEqual(shape(none));
    expect((await get(`/v1/jobs/${jobOf(bob.id)}`, world.file.adminToken)).status).toBe(200);
  });

  test("does only what its scopes say", async () => {
    const before = await executorMetrics(world.file);
    const token = await issueToken(alice, "/token status trades");
    expect((await get("/v1/status", token)).status).toBe(200);
    expect((await get("/v1/trades?limit=1", token)).status).toBe(200);
    expectProblem(await get("/v1/positions", token), 403);
    expectProblem(await get("/v1/jobs/tg%3A1%3A1", token), 403);
    expectProblem(await get("/v1/metrics", token), 401);
    const after = await executorMetrics(world.file);
    expect(growth(before, after, 'raptor_jobs_refused_total{reason="scope"}')).toBe(2);
  });

  test("is worth nothing after /token revoke, and others' tokens stay", async () => {
    const token = await issueToken(alice);
    const ofBob = await issueToken(bob);
    expect((await get("/v1/positions", token)).status).toBe(200);
    await answerTo(alice, "/token revoke", "All your access tokens are revoked");
    for (const old of await tokensOf(alice)) expectProblem(await get("/v1/positions", old), 401);
    expect((await get("/v1/positions", ofBob)).status).toBe(200);
    const again = await issueToken(alice);
    expect((await get("/v1/positions", again)).status).toBe(200);
  });

  test("survives a restart of the executor", async () => {
    const token = await issueToken(bob);
    const { executor } = world.world;
    const { main } = executor.pids;
    executor.killMain();
    await until(() => executor.pids.main !== main);
    await until(async () => (await get("/v1/positions", token)).status === 200);
  });
});

test("every refusal of the API is a problem document", async () => {
  const admin = world.file.adminToken;
  for (const path of ["/v1/status", "/v1/positions", "/v1/trades", "/v1/jobs/x", "/v1/metrics"]) {
    expectProblem(await get(path, undefined), 401);
    expectProblem(await get(path, `rpt_${"A".repeat(12)}_${"A".repeat(43)}`), 401);
    expectProblem(await get(path, `${admin}0`), 401);
  }
  expectProblem(await get("/v1/nothing", admin), 404);
  expectProblem(
    await get("/", admin).then((root) => (root.status === 200 ? get("/x", admin) : root)),
    404,
  );
  for (const query of ["limit=0", "limit=201", "limit=1e3", "limit=-1", "before=x", "before=0"]) {
    expectProblem(await get(`/v1/trades?${query}`, admin), 422);
  }
  for (const path of ["/v1/status", "/v1/health", "/openapi.json"]) {
    expectProblem(await call(`${world.file.edge}${path}`, { method: "DELETE" }), 405);
  }
  expectProblem(await call(`${world.file.edge}/telegram/webhook`), 405);
});

test("no secret stands in the log, the chats, the journal or the refusals", async () => {
  const tokens = [...(await tokensOf(alice)), ...(await tokensOf(bob))];
  expect(tokens.length).toBeGreaterThan(0);
  // A token is shown once, in its own protected message; nothing else ever holds it.
  expect(tokens.filter((token) => world.executorLog().includes(token))).toEqual([]);
  expect(tokens.filter((token) => JSON.stringify(world.journal()).includes(token))).toEqual([]);
  const files = readdirSync(world.file.dataDir).filter((name) => name.startsWith("journal.db"));
  expect(files.length).toBeGreaterThan(0);
  for (const name of files) {
    const bytes = readFileSync(join(world.file.dataDir, name));
    expect(tokens.filter((token) => bytes.includes(token))).toEqual([]);
  }
  expect(await findSecrets(world)).toEqual([]);
});
