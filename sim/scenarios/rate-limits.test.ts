import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answerTo, ChatMark } from "./chat-mark.ts";
import { countRows } from "./journal-view.ts";
import { type ChatMessage, Person, postJson } from "./person.ts";
import { bearer, call, edgeMetrics, from, growth, type HttpAnswer, until } from "./probes.ts";
import type { ScenarioWorld } from "./scenario-world.ts";
import { findSecrets, startWithKnownKeys } from "./secret-search.ts";

const LIMITS = { trade: 5, read: 8, user: 9, api: 12, emergency: 6, fallbackTrade: 3 };
/** A minute may turn while a limit is filled; it is full again before twice its number. */
const TRIES_MAX = 2;
const WINDOW_MS = 61_000;

let world: ScenarioWorld;
let alice: Person;
let bob: Person;
let mallory: Person;
let address: string;
let receipt: ChatMessage;

beforeAll(async () => {
  world = await startWithKnownKeys({
    edgeVars: {
      RATE_TRADE_PER_MIN: String(LIMITS.trade),
      RATE_READ_PER_MIN: String(LIMITS.read),
      RATE_USER_PER_MIN: String(LIMITS.user),
      RATE_API_IP_PER_MIN: String(LIMITS.api),
      RATE_EMERGENCY_PER_MIN: String(LIMITS.emergency),
      RATE_FALLBACK_TRADE_PER_MIN: String(LIMITS.fallbackTrade),
    },
    executorEnv: { DUPLICATE_BUY_GUARD_HOURS: "0" },
  });
  ({ alice, bob } = world);
  mallory = new Person(world.file, 7_003);
  address = await alice.begin();
  receipt = await alice.buy(world.mint(), "0.25 SOL");
});

afterAll(() => world.close());

/** Says the texts in turn until the limit's sentence comes. */
async function sayUntil(person: Person, texts: string[], part: string, limit: number) {
  for (let n = 0; n < limit * TRIES_MAX + 1; n++) {
    const mark = await ChatMark.of(person);
    await person.say(texts[n % texts.length] ?? "");
    await until(async () => (await mark.news()).length > 0);
    const last = (await mark.news()).findLast(({ text }) => text?.includes(part));
    if (last !== undefined) return { said: n + 1, text: last.text ?? "" };
  }
  throw new Error(`"${part}" was not said within ${limit * TRIES_MAX + 1} messages`);
}

/** The answer of the first call that is refused, and how many came through before it. */
async function callUntil429(limit: number, once: () => Promise<HttpAnswer>) {
  for (let n = 0; n < limit * TRIES_MAX + 1; n++) {
    const answer = await once();
    if (answer.status === 429) return { passed: n, answer };
  }
  throw new Error(`no 429 within ${limit * TRIES_MAX + 1} calls`);
}

async function limited(name: string, by: "redis" | "isolate"): Promise<number> {
  const series = await edgeMetrics(world.file);
  return series.get(`raptor_edge_rate_limited_total{class="${name}",by="${by}"}`) ?? 0;
}

let askedFrom = 0;

/** What `/v1/health` says; each time from another address, or the limit would answer. */
async function isRedisOk(): Promise<boolean> {
  const headers = from(`10.1.0.${++askedFrom}`);
  const { text } = await call(`${world.file.edge}/v1/health`, { headers });
  const { status, redis } = JSON.parse(text) as { status: string; redis: { ok: boolean } };
  expect(status).toBe(redis.ok ? "ok" : "degraded");
  return redis.ok;
}

let bittenMs = 0;

describe("a limit bites:", () => {
  test("trade commands, while sells go on", async () => {
    const jobs = countRows(world)["jobs"] ?? 0;
    const part = "Too many trade commands: try again in";
    const { said, text } = await sayUntil(alice, [`/buy ${world.mint()} 0`], part, LIMITS.trade);
    bittenMs = performance.now();
    expect(text).toContain("Nothing was done");
    expect(countRows(world)["jobs"]).toBe(jobs + said - 1);
    expect(await limited("trade", "redis")).toBe(1);
    const mark = await ChatMark.of(alice);
    await alice.press(receipt, "50 %");
    await mark.next("✅ Sold");
  });

  test("screens", async () => {
    await sayUntil(mallory, ["/status"], "Too many screens: try again in", LIMITS.read);
    expect(await limited("read", "redis")).toBe(1);
  });

  test("all messages of one person together", async () => {
    const texts = [`/buy ${world.mint()} 0`, "/status"];
    await sayUntil(bob, texts, "Too many messages: try again in", LIMITS.user);
    expect(await limited("user", "redis")).toBe(1);
  });

  test("the API, per address", async () => {
    const ask = (ip: string): Promise<HttpAnswer> =>
      call(`${world.file.edge}/v1/health`, { headers: from(ip) });
    const { answer } = await callUntil429(LIMITS.api, () => ask("10.0.0.1"));
    expect(answer.type).toBe("application/problem+json");
    expect(JSON.parse(answer.text)).toMatchObject({ code: "RAPTOR_EDGE__TOO_MANY_REQUESTS" });
    expect((await ask("10.0.0.2")).status).toBe(200);
    expect(await limited("api", "redis")).toBe(1);
  });

  test("the kill switch, per address, so that no stranger can close it to the operator", async () => {
    const press = (ip: string, token: string): Promise<HttpAnswer> =>
      call(`${world.file.edge}/admin/kill-switch`, {
        method: "POST",
        headers: { "content-type": "application/json", ...from(ip), ...bearer(token) },
        body: JSON.stringify({ state: "active", reason: "limit" }),
      });
    const wrong = "0".repeat(64);
    const { passed } = await callUntil429(LIMITS.emergency, () => press("10.0.0.3", wrong));
    expect(passed).toBeGreaterThanOrEqual(LIMITS.emergency);
    expect((await press("10.0.0.4", world.file.adminToken)).status).toBe(200);
    expect(await limited("emergency", "isolate")).toBe(1);
  });
});

describe("without Redis", () => {
  test("health says so, and buys go on under the limit of the isolate", async () => {
    const before = await edgeMetrics(world.file);
    await postJson(`${world.file.redisControl}/world/stop`, {});
    await until(async () => !(await isRedisOk()));
    const held = await world.chainQuantity(address, world.mint());
    await alice.say(`/buy ${world.mint()} 0.1`);
    await until(async () => (await world.chainQuantity(address, world.mint())) > held);
    const seen = (await alice.received()).length;
    await sayUntil(alice, [`/buy ${world.mint()} 0`], "Not bought", 1);
    const limitedBefore = await limited("trade", "isolate");
    for (let n = 0; n < LIMITS.fallbackTrade * TRIES_MAX + 1; n++) {
      await alice.say(`/buy ${world.mint()} 0`);
    }
    await until(async () => (await limited("trade", "isolate")) > limitedBefore);
    expect((await alice.received()).length).toBeGreaterThan(seen);
    const after = await edgeMetrics(world.file);
    expect(growth(before, after, "raptor_edge_redis_failures_total{}")).toBeGreaterThan(0);
  });

  test("sell and panic work", async () => {
    const held = await world.chainQuantity(address, world.mint());
    await alice.say(`/sell ${world.mint()} 50`);
    await until(
      async () => (await world.chainQuantity(address, world.mint())) === held - held / 2n,
    );
    const question = await answerTo(alice, "/panic", "Sell everything?");
    const mark = await ChatMark.of(alice);
    await alice.press(question, "Yes, sell everything");
    await mark.next("Panic is done");
    expect(await world.chainQuantity(address, world.mint())).toBe(0n);
    expect((await world.positions()).filter(({ userId }) => userId === alice.id)).toEqual([]);
  });
});

describe("with Redis back and the minute over", () => {
  test("every limit lets go", async () => {
    await postJson(`${world.file.redisControl}/world/start`, {});
    await until(isRedisOk);
    const ask = () => call(`${world.file.edge}/v1/health`, { headers: from("10.0.0.1") });
    const leftMs = WINDOW_MS - (performance.now() - bittenMs);
    await until(async () => (await ask()).status === 200, Math.max(0, leftMs) + 60_000);
    await answerTo(alice, `/buy ${world.mint()} 0`, "is zero");
    await answerTo(mallory, "/status", "This desk is private");
    await answerTo(bob, "/status", "Status: ready");
  });

  test("Redis holds nothing but counters and update ids, all of which run out", async () => {
    const response = await fetch(`${world.file.redisControl}/world/keys`);
    const keys = Object.entries(
      (await response.json()) as Record<string, { ttlMs: number | null; value: unknown }>,
    );
    expect(keys.length).toBeGreaterThan(0);
    const { environment, botId } = world.file;
    const known = new RegExp(
      `^raptor:${environment}:(rate:(trade|read|user|api):[\\d.]+:\\d+|update:${botId}:\\d+)$`,
    );
    for (const [key, { ttlMs, value }] of keys) {
      expect(key).toMatch(known);
      expect(ttlMs).toBeGreaterThan(0);
      expect(ttlMs).toBeLessThanOrEqual(25 * 3_600_000);
      expect(String(value)).toMatch(/^\d{1,4}$/);
    }
    expect(keys.some(([key]) => key.includes(":update:"))).toBe(true);
  });
});

test("no secret stands in the log, the chats, the journal or the refusals", async () => {
  expect(await findSecrets(world)).toEqual([]);
});
