import { afterEach, describe, it, vi } from "vitest";
import { FakeWorld, START_MS } from "../testing/fake-world.ts";
import { TEST_SETTINGS } from "../testing/settings.ts";

const KEY = "123e4567-e89b-42d3-a456-426614174000";
const HALT = { state: "halted", reason: "rug season" };

afterEach(() => void vi.useRealTimers());

function flip(world: FakeWorld, body: unknown, headers: Record<string, string> = {}) {
  return world.send("/admin/kill-switch", {
    method: "POST",
    headers: {
      authorization: `Bearer ${TEST_SETTINGS.ADMIN_TOKEN}`,
      "content-type": "application/json",
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

describe("the kill switch", () => {
  it("answers 200 with what the executor recorded", async ({ expect }) => {
    const world = new FakeWorld();
    const response = await flip(world, HALT);
    expect(response.status).toBe(200);
    const answer = await response.json<{ jobId: string }>();
    expect(answer).toMatchObject({ state: "halted", status: "accepted", epoch: 1 });
    expect(answer.jobId).toMatch(/^ui:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
    expect(await world.jobs()).toMatchObject([
      { id: answer.jobId, kind: "setTradingState", actor: { kind: "admin" }, ...HALT },
    ]);
  });

  it.for(["", "Bearer wrong-token-0123456789", `Basic ${TEST_SETTINGS.ADMIN_TOKEN}`])(
    "answers 401 to %s before it reads the body",
    async (authorization, { expect }) => {
      const world = new FakeWorld();
      expect((await flip(world, "not json", { authorization })).status).toBe(401);
      expect(world.requests).toEqual([]);
    },
  );

  it.for([
    "not json",
    {},
    { state: "off", reason: "x" },
    { state: "halted" },
    { state: "halted", reason: "" },
    { state: "halted", reason: "x".repeat(257) },
    { ...HALT, extra: 1 },
  ])("answers 422 to the body %j", async (body, { expect }) => {
    const world = new FakeWorld();
    const response = await flip(world, body);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: expect.any(Array) });
    expect(world.requests).toEqual([]);
  });

  it("answers 415 and 413 to bodies it does not read", async ({ expect }) => {
    const world = new FakeWorld();
    expect((await flip(world, HALT, { "content-type": "text/plain" })).status).toBe(415);
    expect((await flip(world, { ...HALT, reason: "x".repeat(5_000) })).status).toBe(413);
  });

  it("uses the Idempotency-Key as the job's id, and only a UUID", async ({ expect }) => {
    const world = new FakeWorld();
    await flip(world, HALT, { "idempotency-key": KEY.toUpperCase() });
    expect((await world.jobs())[0]?.id).toBe(`ui:${KEY}`);
    expect((await flip(world, HALT, { "idempotency-key": "again" })).status).toBe(422);
  });

  it("sends the very same job when a key is repeated later", async ({ expect }) => {
    const world = new FakeWorld();
    await flip(world, HALT, { "idempotency-key": KEY });
    world.advance(30_000);
    await flip(world, HALT, { "idempotency-key": KEY });
    const [first, second] = await world.jobs();
    expect(second).toEqual(first);
  });

  it("tries three times within five seconds, never queues, and admits not knowing", async ({
    expect,
  }) => {
    const world = new FakeWorld();
    world.executor = () => "timeout";
    const response = await flip(world, HALT);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: "RAPTOR_EDGE__STATE_NOT_CONFIRMED" });
    expect(world.requestsTo("executor.test").length).toBe(3);
    expect(world.requestsTo("qstash.test")).toEqual([]);
    expect(world.nowMs - START_MS).toBeLessThanOrEqual(5_000);
    const ids = (await world.jobs()).map((job) => job.id);
    expect(new Set(ids).size).toBe(1);
  });

  it("succeeds when a later try does", async ({ expect }) => {
    const world = new FakeWorld();
    let calls = 0;
    world.executor = () =>
      ++calls < 3 ? { status: 503 } : { status: 202, body: { status: "accepted", epoch: 9 } };
    expect((await flip(world, HALT)).status).toBe(200);
  });

  it.for([
    [{ status: 422, body: { status: "error", epoch: 1 } }],
    [{ status: 200, body: { status: "refused", epoch: 1 } }],
    [{ status: 409, body: { status: "error", epoch: 1 } }],
  ] as const)("answers 502 when the executor refuses: %j", async ([answer], { expect }) => {
    const world = new FakeWorld();
    world.executor = () => answer;
    const response = await flip(world, HALT);
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ code: "RAPTOR_EDGE__STATE_REFUSED" });
  });

  it("is not called halted on a repeat when somebody allowed trading since", async ({ expect }) => {
    const world = new FakeWorld();
    const repeat = { status: "duplicate", epoch: 1 };
    world.executor = () => ({ status: 200, body: { ...repeat, tradingState: "active" } });
    const response = await flip(world, HALT, { "idempotency-key": KEY });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({
      code: "RAPTOR_EDGE__STATE_REFUSED",
      detail: expect.stringContaining("trading is active now"),
    });
    world.executor = () => ({ status: 200, body: { ...repeat, tradingState: "halted" } });
    const held = await flip(world, HALT, { "idempotency-key": KEY });
    expect([held.status, await held.json()]).toMatchObject([200, { state: "halted" }]);
  });

  it("does not take a success without a readable answer for one", async ({ expect }) => {
    const world = new FakeWorld();
    world.executor = () => ({ status: 200, body: "ok" });
    expect((await flip(world, HALT)).status).toBe(503);
  });

  it("takes an admin token of any length that the setting takes", async ({ expect }) => {
    for (const chars of [32, 512, 4_096]) {
      const token = "a".repeat(chars);
      const world = new FakeWorld({ ADMIN_TOKEN: token });
      expect((await flip(world, HALT, { authorization: `Bearer ${token}` })).status).toBe(200);
    }
  });

  it("works without Redis and asks it nothing", async ({ expect }) => {
    const world = new FakeWorld();
    world.isRedisUp = false;
    expect((await flip(world, HALT)).status).toBe(200);
    expect(world.requestsTo("redis.test")).toEqual([]);
  });

  it("holds off a flood from one address", async ({ expect }) => {
    const world = new FakeWorld({ RATE_EMERGENCY_PER_MIN: "3" });
    const statuses: number[] = [];
    for (let at = 0; at < 4; at++) {
      statuses.push((await flip(world, HALT, { authorization: "" })).status);
    }
    expect(statuses).toEqual([401, 401, 401, 429]);
  });
});
