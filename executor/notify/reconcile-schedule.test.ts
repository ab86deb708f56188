import { describe, it } from "vitest";
import { NetFailure } from "@raptor/shared/seams/net.ts";
import { Secret } from "@raptor/shared/values/secret.ts";
import { ManualClock, RecordingLog, ScriptedNet } from "./notify-fixture.ts";
import { ReconcileSchedule, scheduleIdOf } from "./reconcile-schedule.ts";

const SCHEDULE_ID = "raptor-reconcile";
const DESTINATION = "https://edge.example/cron/reconcile";
const CRON = "*/5 * * * *";
const STANDING = { scheduleId: SCHEDULE_ID, cron: CRON, destination: DESTINATION };

function createWorld(environment = "production"): {
  net: ScriptedNet;
  clock: ManualClock;
  log: RecordingLog;
  schedule: ReconcileSchedule;
} {
  const net = new ScriptedNet();
  const clock = new ManualClock();
  const log = new RecordingLog();
  const schedule = new ReconcileSchedule({
    net,
    clock,
    log,
    qstashUrl: "https://qstash.example",
    token: new Secret("queue-token"),
    environment,
    destination: DESTINATION,
    cron: CRON,
  });
  return { net, clock, log, schedule };
}

describe("the reconcile schedule", () => {
  it("is made when there is none, under one id", async ({ expect }) => {
    const { net, schedule } = createWorld();
    net.answer(404, { error: "schedule not found" });
    net.answer(201, { scheduleId: SCHEDULE_ID });
    await schedule.check();
    expect(net.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `GET https://qstash.example/v2/schedules/${SCHEDULE_ID}`,
      `POST https://qstash.example/v2/schedules/${DESTINATION}`,
    ]);
    expect(net.requests[1]?.headers).toEqual({
      authorization: "Bearer queue-token",
      "upstash-cron": CRON,
      "upstash-schedule-id": SCHEDULE_ID,
      "upstash-method": "POST",
      "upstash-retries": "1",
      "content-type": "application/json",
    });
    expect(schedule.health()).toEqual({ name: "queue", ok: true, detail: "schedule created" });
  });

  it("is another one for each environment, as they may share an account", async ({ expect }) => {
    const { net, schedule } = createWorld("staging");
    net.answer(404, { error: "schedule not found" });
    net.answer(201, { scheduleId: "raptor-reconcile-staging" });
    await schedule.check();
    expect(net.requests[0]?.url).toBe(
      "https://qstash.example/v2/schedules/raptor-reconcile-staging",
    );
    expect(net.requests[1]?.headers?.["upstash-schedule-id"]).toBe("raptor-reconcile-staging");
    expect(scheduleIdOf("production")).toBe(SCHEDULE_ID);
  });

  it("is left alone when it stands", async ({ expect }) => {
    const { net, schedule } = createWorld();
    net.answer(200, { ...STANDING, isPaused: false });
    await schedule.check();
    expect(net.requests).toHaveLength(1);
    expect(schedule.health()).toEqual({ name: "queue", ok: true, detail: "schedule stands" });
  });

  it.for<[string, unknown]>([
    ["another rhythm", { ...STANDING, cron: "0 * * * *" }],
    ["another desk's address", { ...STANDING, destination: "https://old.example/cron/reconcile" }],
    ["a longer address", { ...STANDING, destination: `${DESTINATION}-old` }],
    ["rubbish", "<html>"],
    ["a list", [STANDING]],
  ])("is made again when QStash holds %s", async ([, body], { expect }) => {
    const { net, schedule } = createWorld();
    net.answer(200, body);
    net.answer(200, { scheduleId: SCHEDULE_ID });
    await schedule.check();
    expect(net.requests.map(({ method }) => method)).toEqual(["GET", "POST"]);
  });

  it("that somebody paused is shown and not touched", async ({ expect }) => {
    const { net, schedule, log } = createWorld();
    net.answer(200, { ...STANDING, isPaused: true });
    await schedule.check();
    expect(net.requests).toHaveLength(1);
    expect(schedule.health()).toEqual({ name: "queue", ok: false, detail: "schedule is paused" });
    expect(log.lines).toHaveLength(1);
  });

  it("is not well before it was asked about", ({ expect }) => {
    expect(createWorld().schedule.health()).toMatchObject({ ok: false, detail: "not asked yet" });
  });

  it("says what the queue answered when it takes none", async ({ expect }) => {
    const { net, schedule } = createWorld();
    net.answer(401, { error: "unauthorized" });
    net.answer(401, { error: "unauthorized" });
    await schedule.check();
    expect(schedule.health()).toMatchObject({ ok: false, detail: "the queue answered 401" });
  });

  it("lives through a queue that is away, without a word of the token", async ({ expect }) => {
    const { net, schedule, log } = createWorld();
    net.fail(new NetFailure("timeout", "qstash.example"));
    await schedule.check();
    expect(schedule.health()).toMatchObject({
      ok: false,
      detail: "no complete answer from qstash.example: timeout",
    });
    expect(log.lines.join()).not.toContain("queue-token");
  });

  it("is asked again soon after a failure and then once a minute", async ({ expect }) => {
    const { net, clock, schedule } = createWorld();
    const askedMs: number[] = [];
    const startMs = clock.ms;
    const once = net.fetch.bind(net);
    net.fetch = (request) => {
      askedMs.push(clock.ms - startMs);
      return once(request);
    };
    for (let at = 0; at < 3; at++) net.fail(new NetFailure("refused", "qstash.example"));
    for (let at = 0; at < 3; at++) net.answer(200, STANDING);
    schedule.start();
    await clock.advance(130_000);
    await schedule.stop();
    expect(askedMs).toEqual([0, 1_000, 3_000, 8_000, 68_000, 128_000]);
  });

  it("stops at once, also in the middle of a pause", async ({ expect }) => {
    const { net, clock, schedule } = createWorld();
    net.answer(200, STANDING);
    schedule.start();
    await clock.settle();
    await schedule.stop();
    await clock.advance(600_000);
    expect(net.requests).toHaveLength(1);
  });
});
