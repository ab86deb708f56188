import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  forgeJob,
  forgeries,
  haltingJob,
  signAsStranger,
  signDelivery,
  unsigned,
} from "./forge.ts";
import { countRows, headSeq } from "./journal-view.ts";
import { pause, Person } from "./person.ts";
import { call, edgeMetrics, executorMetrics, growth, type HttpAnswer, until } from "./probes.ts";
import type { ScenarioWorld } from "./scenario-world.ts";
import { findSecrets, startWithKnownKeys } from "./secret-search.ts";

const JOSE = { "content-type": "application/jose" };
const RUBBISH_COUNT = 2_000;
const RUBBISH_AT_ONCE = 40;

let world: ScenarioWorld;

beforeAll(async () => {
  world = await startWithKnownKeys();
  // What the start itself still writes would look like an effect of a forgery.
  let head = -1;
  await until(async () => {
    const before = head;
    await pause(3_000);
    head = headSeq(world);
    return head === before && (await world.status()).lastReconcile !== null;
  });
});

afterAll(() => world.close());

function postJob(body: string, headers: Record<string, string> = JOSE): Promise<HttpAnswer> {
  return call(`${world.file.executor}/jobs`, { method: "POST", headers, body });
}

describe("a job that the edge did not sign for this moment and place", () => {
  test("is refused with its status, counted by reason, and changes nothing", async () => {
    const before = await executorMetrics(world.file);
    const rows = countRows(world);
    const wanted = new Map<string, number>();
    for (const { name, body, status, reason } of forgeries(world.file)) {
      const answer = await postJob(body);
      expect({ name, status: answer.status }).toEqual({ name, status });
      expect(answer.text.length).toBeLessThan(1_000);
      wanted.set(reason, (wanted.get(reason) ?? 0) + 1);
    }
    const after = await executorMetrics(world.file);
    for (const [reason, count] of wanted) {
      const series = `raptor_jobs_refused_total{reason="${reason}"}`;
      expect({ reason, count: growth(before, after, series) }).toEqual({ reason, count });
    }
    expect(countRows(world)).toEqual(rows);
    expect((await world.status()).tradingState).toBe("active");
  });

  test("is refused in any other wrapping than application/jose, and counted", async () => {
    const before = await executorMetrics(world.file);
    const good = forgeJob(world.file);
    for (const type of ["application/json", "text/plain", "application/jose; charset=utf-8x"]) {
      expect((await postJob(good, { "content-type": type })).status).toBe(415);
    }
    expect((await call(`${world.file.executor}/jobs`)).status).toBe(405);
    expect((await call(`${world.file.executor}/metrics`)).status).toBe(404);
    const after = await executorMetrics(world.file);
    const series = 'raptor_jobs_refused_total{reason="content-type"}';
    expect(growth(before, after, series)).toBe(3);
    expect(growth(before, after, 'raptor_jobs_refused_total{reason="method"}')).toBe(1);
    expect((await world.status()).tradingState).toBe("active");
  });
});

describe("a job that is replayed", () => {
  test("is a duplicate the second time and has one effect", async () => {
    const job = { ...haltingJob(), state: "reducing" };
    const jws = forgeJob(world.file, { job });
    const answers = [await postJob(jws), await postJob(jws), await postJob(jws)];
    expect(answers.map(({ status }) => status)).toEqual([202, 200, 200]);
    expect(JSON.parse(answers[1]?.text ?? "")).toMatchObject({ status: "duplicate" });
    const changes = world.eventsOf("TradingStateChanged");
    expect(changes.filter(({ payload }) => payload["jobId"] === job.id)).toHaveLength(1);
    const back = { ...haltingJob(), state: "active" };
    expect((await postJob(forgeJob(world.file, { job: back }))).status).toBe(202);
    // The old message comes once more, later: it must not undo what came after it.
    expect((await postJob(jws)).status).toBe(200);
    expect((await world.status()).tradingState).toBe("active");
  });

  test("under the same id with another content is a conflict", async () => {
    const job = { ...haltingJob(), state: "active" };
    expect((await postJob(forgeJob(world.file, { job }))).status).toBe(202);
    const before = await executorMetrics(world.file);
    const other = forgeJob(world.file, { job: { ...job, state: "halted" } });
    expect((await postJob(other)).status).toBe(409);
    const after = await executorMetrics(world.file);
    expect(growth(before, after, 'raptor_jobs_refused_total{reason="conflict"}')).toBe(1);
    expect((await world.status()).tradingState).toBe("active");
  });
});

describe("the edge", () => {
  test("takes no update without Telegram's secret", async () => {
    const url = `${world.file.edge}/telegram/webhook`;
    const before = await edgeMetrics(world.file);
    const rows = countRows(world);
    const update = {
      update_id: 900_000_001,
      message: {
        message_id: 1,
        date: Math.floor(Date.now() / 1_000),
        from: { id: 7_001, is_bot: false, first_name: "Alice" },
        chat: { id: 7_001, type: "private" },
        text: "/kill halted",
      },
    };
    const { webhookSecret } = world.file;
    const guesses = [undefined, "", "guess", webhookSecret.slice(0, -1), `${webhookSecret}0`];
    for (const guess of guesses) {
      const headers: Record<string, string> = { "content-type": "application/json" };
      if (guess !== undefined) headers["x-telegram-bot-api-secret-token"] = guess;
      const answer = await call(url, { method: "POST", headers, body: JSON.stringify(update) });
      expect(answer.status).toBe(401);
      expect(answer.type).toBe("application/problem+json");
    }
    const after = await edgeMetrics(world.file);
    const series = 'raptor_edge_refusals_total{reason="webhook-secret"}';
    expect(growth(before, after, series)).toBe(guesses.length);
    expect(countRows(world)).toEqual(rows);
    expect((await world.status()).tradingState).toBe("active");
  });

  test("takes a tick only with QStash's signature over this body and this url", async () => {
    const { edge, qstashCurrentKey: key, qstashNextKey } = world.file;
    const url = `${edge}/cron/reconcile`;
    const nowS = Math.floor(Date.now() / 1_000);
    const before = await edgeMetrics(world.file);
    const reconciles = world.eventsOf("ReconcileCompleted").length;
    const tick = (signature: string | undefined): Promise<HttpAnswer> => {
      const headers: Record<string, string> = { "upstash-message-id": `msg_${randomUUID()}` };
      if (signature !== undefined) headers["upstash-signature"] = signature;
      return call(url, { method: "POST", headers });
    };
    const refused: [string, string | undefined][] = [
      ["missing", undefined],
      ["signature", "rubbish"],
      ["signature", signDelivery({ key: "sig_of-somebody-else", url })],
      ["claims", signDelivery({ key, url: `${edge}/internal/redeliver` })],
      ["claims", signDelivery({ key, url: "https://elsewhere.example/cron/reconcile" })],
      ["expired", signDelivery({ key, url, nowS: nowS - 3_600 })],
      ["body", signDelivery({ key, url, body: "another body" })],
    ];
    for (const [reason, signature] of refused) {
      const { status, type } = await tick(signature);
      expect({ reason, status, type }).toEqual({
        reason,
        status: 401,
        type: "application/problem+json",
      });
    }
    const after = await edgeMetrics(world.file);
    for (const reason of new Set(refused.map(([name]) => name))) {
      const series = `raptor_edge_refusals_total{reason="queue-signature-${reason}"}`;
      const count = refused.filter(([name]) => name === reason).length;
      expect({ reason, count: growth(before, after, series) }).toEqual({ reason, count });
    }
    expect(world.eventsOf("ReconcileCompleted")).toHaveLength(reconciles);
    for (const good of [key, qstashNextKey]) {
      expect((await tick(signDelivery({ key: good, url }))).status).toBe(200);
    }
    await until(() => world.eventsOf("ReconcileCompleted").length > reconciles);
  });

  test("redelivers only its own jobs, whoever holds QStash's keys", async () => {
    const { file } = world;
    const url = `${file.edge}/internal/redeliver`;
    const rows = countRows(world);
    const deliver = (body: string): Promise<HttpAnswer> => {
      const signature = signDelivery({ key: file.qstashCurrentKey, url, body });
      const id = { "upstash-message-id": `msg_${randomUUID()}` };
      return call(url, {
        method: "POST",
        headers: { ...id, "upstash-signature": signature },
        body,
      });
    };
    expect((await deliver(forgeJob(file, { sign: signAsStranger }))).status).toBe(489);
    expect((await deliver(unsigned(file, "none"))).status).toBe(489);
    expect((await deliver(JSON.stringify(haltingJob()))).status).toBe(489);
    expect(countRows(world)).toEqual(rows);
    const late = forgeJob(file, {
      claims: { iat: 1_700_000_000, exp: 1_700_000_060 },
      job: { ...haltingJob(), state: "active" },
    });
    expect((await deliver(late)).status).toBe(200);
    expect(countRows(world)["jobs"]).toBe((rows["jobs"] ?? 0) + 1);
  });
});

test("2,000 pieces of rubbish leave no row anywhere and few lines in the log", async () => {
  const pieces = forgeries(world.file);
  const rows = countRows(world);
  const seq = headSeq(world);
  const linesBefore = refusalLines();
  const startedMs = performance.now();
  let next = 0;
  const send = async (): Promise<void> => {
    while (next < RUBBISH_COUNT) {
      const piece = pieces[next++ % pieces.length];
      if (piece === undefined) return;
      const { status } = await postJob(piece.body);
      if (status !== piece.status) throw new Error(`${piece.name} was answered ${status}`);
    }
  };
  await Promise.all(Array.from({ length: RUBBISH_AT_ONCE }, send));
  const elapsedS = Math.ceil((performance.now() - startedMs) / 1_000);
  expect(headSeq(world)).toBe(seq);
  expect(countRows(world)).toEqual(rows);
  const reasons = new Set(pieces.map(({ reason }) => reason)).size;
  const lines = refusalLines() - linesBefore;
  expect(lines).toBeGreaterThan(0);
  expect(lines).toBeLessThanOrEqual(reasons * (elapsedS + 1));
  expect((await world.status()).phase).toBe("ready");
});

test("a stranger is told once per message, politely, and leaves nothing behind", async () => {
  const mallory = new Person(world.file, 7_003);
  const rows = countRows(world);
  const before = await executorMetrics(world.file);
  const mint = world.mint();
  const texts = ["/start", mint, `/buy ${mint} 0.5`, "/panic", "/kill halted", "/token"];
  for (const text of texts) await mallory.say(text);
  await until(async () => (await mallory.received()).length >= texts.length);
  const received = await mallory.received();
  expect(received).toHaveLength(texts.length);
  for (const { text } of received) {
    expect(text).toContain("This desk is private. Your Telegram id is 7003");
    expect(text).toContain("Nothing was done");
  }
  const after = await executorMetrics(world.file);
  const series = 'raptor_jobs_refused_total{reason="stranger"}';
  expect(growth(before, after, series)).toBe(texts.length);
  expect(countRows(world)).toEqual(rows);
  expect((await world.status()).tradingState).toBe("active");
});

test("no secret stands in the log, the chats, the journal or the refusals", async () => {
  expect(await findSecrets(world)).toEqual([]);
});

function refusalLines(): number {
  return world
    .executorLog()
    .split("\n")
    .filter((line) => line.includes("a message was refused")).length;
}
