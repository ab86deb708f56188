import { describe, test } from "vitest";
import { FaultPlan } from "../faults/fault-plan.ts";
import { createPrng } from "./prng.ts";
import type { QstashAnswer, QstashCall } from "./qstash-message.ts";
import { type MessageSpec, parseMessageSpec } from "./qstash-spec.ts";
import { Qstash } from "./qstash.ts";
import { VirtualClock } from "./virtual-clock.ts";

const START_MS = Date.parse("2026-11-21T10:00:00Z");
const URL = "http://edge.test/cron/reconcile?x=1";

type Handler = (call: QstashCall) => Partial<QstashAnswer> | undefined;

function createWorld(handle: Handler = () => ({ status: 200 })) {
  const clock = new VirtualClock(START_MS);
  const prng = createPrng(7);
  const faults = new FaultPlan(prng);
  const calls: { atMs: number; call: QstashCall }[] = [];
  const qstash = new Qstash({
    clock,
    prng,
    faults,
    keys: { current: "sig_current", next: "sig_next" },
    deliver: async (call) => {
      calls.push({ atMs: clock.nowMs() - START_MS, call });
      const answer = handle(call);
      if (answer === undefined) throw new Error("connect ECONNREFUSED");
      return { status: 500, headers: {}, body: Buffer.alloc(0), ...answer };
    },
  });
  return { clock, faults, calls, qstash };
}

function spec(headers: Record<string, string> = {}, url = URL, body = "{}"): MessageSpec {
  const parsed = parseMessageSpec({
    destination: url,
    headers: { "content-type": "application/json", ...headers },
    body: Buffer.from(body),
    callerIp: "127.0.0.1",
  });
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.spec;
}

function times(world: ReturnType<typeof createWorld>): number[] {
  return world.calls.map(({ atMs }) => atMs);
}

const DAY_MS = 86_400_000;

describe("a published message", () => {
  test("arrives once with its id, body and forwarded headers", async ({ expect }) => {
    const world = createWorld();
    const { messageId } = world.qstash.publish(spec({ "upstash-forward-x-job": "7" }));
    await world.clock.advance(DAY_MS);
    expect(world.calls).toHaveLength(1);
    expect(world.calls[0]?.call).toMatchObject({
      url: URL,
      method: "POST",
      headers: {
        "upstash-message-id": messageId,
        "upstash-retried": "0",
        "user-agent": "Upstash-QStash",
        "content-type": "application/json",
        "x-job": "7",
      },
      body: Buffer.from("{}"),
    });
    expect(world.qstash.messages.get(messageId)?.state).toBe("DELIVERED");
  });

  test("waits for its delay, and not-before wins over the delay", async ({ expect }) => {
    const world = createWorld();
    world.qstash.publish(spec({ "upstash-delay": "1m30s" }));
    const atS = String(START_MS / 1_000 + 20);
    world.qstash.publish(spec({ "upstash-delay": "1h", "upstash-not-before": atS }));
    await world.clock.advance(DAY_MS);
    expect(times(world)).toEqual([20_000, 90_000]);
  });

  test("is tried four times with backoff, then lies in the dead letters", async ({ expect }) => {
    const world = createWorld(() => ({ status: 503, body: Buffer.from("busy") }));
    const { messageId } = world.qstash.publish(spec());
    await world.clock.advance(DAY_MS);
    expect(times(world)).toEqual([0, 12_000, 160_000, 1_968_000]);
    const retried = world.calls.map(({ call }) => call.headers["upstash-retried"]);
    expect(retried).toEqual(["0", "1", "2", "3"]);
    const letters = [...world.qstash.deadLetters.values()];
    expect(letters.map((letter) => [letter.message.id, letter.answer?.status])).toEqual([
      [messageId, 503],
    ]);
    const round = ["ACTIVE", "ERROR", "RETRY"];
    expect(world.qstash.events.map((event) => event.state)).toEqual(
      ["CREATED", round, round, round, "ACTIVE", "ERROR", "FAILED"].flat(),
    );
  });

  test("is retried when no answer comes and settles when one does", async ({ expect }) => {
    let isUp = false;
    const world = createWorld(() => (isUp ? { status: 202 } : undefined));
    const { messageId } = world.qstash.publish(
      spec({ "upstash-retries": "5", "upstash-retry-delay": "1000 * (1 + retried)" }),
    );
    await world.clock.advance(3_500);
    isUp = true;
    await world.clock.advance(DAY_MS);
    expect(times(world)).toEqual([0, 1_000, 3_000, 6_000]);
    expect(world.qstash.messages.get(messageId)?.state).toBe("DELIVERED");
  });

  test("is given up at once on 489 with the header, not on 489 alone", async ({ expect }) => {
    const headers = { "upstash-nonretryable-error": "true" };
    const final = createWorld(() => ({ status: 489, headers }));
    final.qstash.publish(spec());
    await final.clock.advance(DAY_MS);
    expect([final.calls.length, final.qstash.deadLetters.size]).toEqual([1, 1]);
    const plain = createWorld(() => ({ status: 489 }));
    plain.qstash.publish(spec());
    await plain.clock.advance(DAY_MS);
    expect(plain.calls).toHaveLength(4);
  });

  test("is dropped as a duplicate for ten minutes, by id and by content", async ({ expect }) => {
    const world = createWorld();
    const first = world.qstash.publish(spec({ "upstash-deduplication-id": "job-1" }));
    const again = world.qstash.publish(spec({ "upstash-deduplication-id": "job-1" }, URL, "b"));
    expect(again).toEqual({ messageId: first.messageId, isDeduplicated: true });
    const byContent = { "upstash-content-based-deduplication": "true" };
    world.qstash.publish(spec(byContent));
    expect(world.qstash.publish(spec(byContent)).isDeduplicated).toBe(true);
    expect(world.qstash.publish(spec(byContent, URL, "other")).isDeduplicated).toBe(false);
    const forwarded = { ...byContent, "upstash-forward-a": "b" };
    expect(world.qstash.publish(spec(forwarded)).isDeduplicated).toBe(false);
    await world.clock.advance(600_000);
    const later = world.qstash.publish(spec({ "upstash-deduplication-id": "job-1" }));
    expect(later.isDeduplicated).toBe(false);
    await world.clock.advance(1_000);
    expect(world.calls).toHaveLength(5);
  });

  test("is refused with a colon in its deduplication id", ({ expect }) => {
    const headers = { "upstash-deduplication-id": "tg:7001:1" };
    const source = { destination: URL, headers, body: Buffer.alloc(0), callerIp: "127.0.0.1" };
    const reason = "DeduplicationId cannot contain ':'";
    expect(parseMessageSpec(source)).toEqual({ ok: false, reason });
  });

  test("is refused with more tries than the plan has", ({ expect }) => {
    const headers = { "upstash-retries": "6" };
    const source = { destination: URL, headers, body: Buffer.alloc(0), callerIp: "127.0.0.1" };
    const reason = "quota maxRetries exceeded, limit: 5";
    expect(parseMessageSpec(source)).toEqual({ ok: false, reason });
  });

  test("stops when it is canceled between attempts", async ({ expect }) => {
    const world = createWorld(() => ({ status: 500 }));
    const { messageId } = world.qstash.publish(spec());
    await world.clock.advance(1_000);
    expect(world.qstash.cancel(messageId)).toBe(true);
    await world.clock.advance(DAY_MS);
    expect(world.calls).toHaveLength(1);
    expect(world.qstash.cancel(messageId)).toBe(false);
  });
});

describe("callbacks", () => {
  const callbacks = {
    "upstash-callback": "http://edge.test/done",
    "upstash-callback-forward-x-user": "9",
    "upstash-failure-callback": "http://edge.test/failed",
    "upstash-retries": "1",
  };

  test("carry the destination's answer and the source message", async ({ expect }) => {
    const world = createWorld(() => ({ status: 201, body: Buffer.from("made") }));
    const { messageId } = world.qstash.publish(spec(callbacks));
    await world.clock.advance(1_000);
    const [, second] = world.calls;
    expect(world.calls).toHaveLength(2);
    expect(second?.call.url).toBe("http://edge.test/done");
    expect(second?.call.headers["x-user"]).toBe("9");
    expect(JSON.parse(String(second?.call.body))).toMatchObject({
      status: 201,
      body: Buffer.from("made").toString("base64"),
      retried: 0,
      maxRetries: 1,
      sourceMessageId: messageId,
      url: URL,
      sourceBody: Buffer.from("{}").toString("base64"),
      createdAt: START_MS,
    });
  });

  test("tell the failure once, with the id of the dead letter", async ({ expect }) => {
    const isDone = (call: QstashCall): boolean => call.url !== URL;
    const world = createWorld((call) => (isDone(call) ? { status: 200 } : undefined));
    world.qstash.publish(spec(callbacks));
    await world.clock.advance(DAY_MS);
    const failures = world.calls.filter(({ call }) => call.url.endsWith("/failed"));
    expect(failures).toHaveLength(1);
    const [dlqId] = world.qstash.deadLetters.keys();
    expect(JSON.parse(String(failures[0]?.call.body))).toMatchObject({ dlqId, retried: 1 });
  });
});

describe("a dead letter", () => {
  test("is retried as a new message and leaves the list", async ({ expect }) => {
    let status = 500;
    const world = createWorld(() => ({ status }));
    const { messageId } = world.qstash.publish(spec({ "upstash-retries": "0" }));
    await world.clock.advance(1_000);
    status = 200;
    const [dlqId] = world.qstash.deadLetters.keys();
    const freshId = world.qstash.retryDeadLetter(dlqId ?? "");
    await world.clock.advance(1_000);
    expect(freshId).not.toBe(messageId);
    expect(world.qstash.messages.get(freshId ?? "")?.state).toBe("DELIVERED");
    expect(world.qstash.deadLetters.size).toBe(0);
  });
});

describe("a queue", () => {
  test("holds the next message until retries and callbacks are done", async ({ expect }) => {
    const world = createWorld(({ url, headers }) => {
      if (url.endsWith("/first")) return { status: headers["upstash-retried"] === "0" ? 500 : 200 };
      if (url.endsWith("/done")) return { status: headers["upstash-retried"] === "0" ? 500 : 200 };
      return { status: 200 };
    });
    world.qstash.queues.upsert("orders", 1, false);
    const slow = {
      "upstash-retry-delay": "1000",
      "upstash-callback": "http://edge.test/done",
      "upstash-callback-retry-delay": "5000",
    };
    world.qstash.publish(spec(slow, "http://edge.test/first"), { queueName: "orders" });
    world.qstash.publish(spec({}, "http://edge.test/second"), { queueName: "orders" });
    await world.clock.advance(DAY_MS);
    const second = world.calls.find(({ call }) => call.url.endsWith("/second"));
    expect(second?.atMs).toBe(6_000);
  });

  test("delivers nothing while it is paused", async ({ expect }) => {
    const world = createWorld();
    world.qstash.queues.upsert("orders", 2, true);
    world.qstash.publish(spec(), { queueName: "orders" });
    await world.clock.advance(10_000);
    expect(world.calls).toHaveLength(0);
    expect(world.qstash.queues.get("orders")?.lag).toBe(1);
    world.qstash.queues.setPaused("orders", false);
    await world.clock.advance(10_000);
    expect(world.calls).toHaveLength(1);
  });
});

describe("a schedule", () => {
  const cron = { "upstash-cron": "*/5 * * * *", "upstash-schedule-id": "scd_reconcile" };

  test("fires at its minutes, names itself, and rests while paused", async ({ expect }) => {
    const world = createWorld();
    expect(world.qstash.schedules.upsert(spec(cron))).toEqual({
      ok: true,
      scheduleId: "scd_reconcile",
    });
    await world.clock.advance(10 * 60_000);
    expect(times(world)).toEqual([300_000, 600_000]);
    expect(world.calls[0]?.call.headers["upstash-schedule-id"]).toBe("scd_reconcile");
    world.qstash.schedules.setPaused("scd_reconcile", true);
    await world.clock.advance(20 * 60_000);
    expect(world.calls).toHaveLength(2);
    world.qstash.schedules.setPaused("scd_reconcile", false);
    await world.clock.advance(5 * 60_000);
    expect(world.calls).toHaveLength(3);
  });

  test("is replaced by one with the same id and ends when deleted", async ({ expect }) => {
    const world = createWorld();
    world.qstash.schedules.upsert(spec(cron));
    world.qstash.schedules.upsert(spec({ ...cron, "upstash-cron": "7 * * * *" }));
    await world.clock.advance(60 * 60_000);
    expect(times(world)).toEqual([7 * 60_000]);
    world.qstash.schedules.delete("scd_reconcile");
    await world.clock.advance(DAY_MS);
    expect(world.calls).toHaveLength(1);
  });

  test("runs on demand without moving its next tick", async ({ expect }) => {
    const world = createWorld();
    world.qstash.schedules.upsert(spec(cron));
    world.qstash.schedules.runNow("scd_reconcile");
    await world.clock.advance(300_000);
    expect(times(world)).toEqual([0, 300_000]);
  });

  test("refuses a bad cron expression", ({ expect }) => {
    const result = createWorld().qstash.schedules.upsert(spec({ "upstash-cron": "61 * * * *" }));
    expect(result).toMatchObject({ ok: false, reason: expect.stringMatching(/^Invalid cron/) });
  });
});

describe("faults of delivery", () => {
  test("deliver twice under one id", async ({ expect }) => {
    const world = createWorld();
    world.faults.add({ on: "deliver", kind: "duplicate" });
    world.qstash.publish(spec());
    await world.clock.advance(DAY_MS);
    const ids = world.calls.map(({ call }) => call.headers["upstash-message-id"]);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
    const tokens = world.calls.map(({ call }) => call.headers["upstash-signature"]);
    expect(new Set(tokens).size).toBe(2);
  });

  test("lose an attempt or its answer, and the message comes again", async ({ expect }) => {
    const lost = createWorld();
    lost.faults.add({ on: "deliver", kind: "drop" });
    lost.qstash.publish(spec());
    await lost.clock.advance(DAY_MS);
    expect(times(lost)).toEqual([12_000]);
    const unanswered = createWorld();
    unanswered.faults.add({ on: "deliver", kind: "accept-no-answer" });
    unanswered.qstash.publish(spec());
    await unanswered.clock.advance(DAY_MS);
    expect(times(unanswered)).toEqual([0, 12_000]);
  });

  test("let a later message overtake", async ({ expect }) => {
    const world = createWorld();
    world.faults.add({ on: "deliver", kind: "reorder" });
    world.qstash.publish(spec({}, "http://edge.test/a"));
    world.qstash.publish(spec({}, "http://edge.test/b"));
    await world.clock.advance(500);
    expect(world.calls.map(({ call }) => call.url)).toEqual([
      "http://edge.test/b",
      "http://edge.test/a",
    ]);
  });

  test("hold an attempt back", async ({ expect }) => {
    const world = createWorld();
    world.faults.add({ on: "deliver", kind: "delay", ms: 4_000 });
    world.qstash.publish(spec());
    await world.clock.advance(DAY_MS);
    expect(times(world)).toEqual([4_000]);
  });

  test("repeat a message that was delivered already", async ({ expect }) => {
    const world = createWorld();
    const { messageId } = world.qstash.publish(spec());
    await world.clock.advance(1_000);
    await world.qstash.duplicate(messageId);
    const ids = world.calls.map(({ call }) => call.headers["upstash-message-id"]);
    expect(ids).toEqual([messageId, messageId]);
    expect(await world.qstash.duplicate("msg_unknown")).toBeUndefined();
  });
});

test("the same seed gives the same ids and signatures", async ({ expect }) => {
  const [one, two] = [createWorld(), createWorld()];
  for (const world of [one, two]) {
    world.qstash.publish(spec());
    await world.clock.advance(1_000);
  }
  expect(one.calls).toEqual(two.calls);
});
