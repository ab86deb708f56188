import { afterEach, it, vi } from "vitest";
import { FakeWorld, signDelivery } from "../testing/fake-world.ts";

const OURS = "https://edge.test/internal/redeliver";

afterEach(() => void vi.useRealTimers());

async function tick(world: FakeWorld, path = "/cron/reconcile", url?: string) {
  const more = url === undefined ? {} : { url };
  const headers = await signDelivery({ path, body: "", nowMs: world.nowMs, ...more });
  return world.send(path, { method: "POST", headers });
}

function withDeadLetters(world: FakeWorld, messages: object[]): void {
  world.qstash = (request) =>
    request.method === "GET"
      ? { status: 200, body: { messages } }
      : { status: 201, body: { responses: [] } };
}

it("turns a tick into one reconcile job named after QStash's message", async ({ expect }) => {
  const world = new FakeWorld();
  withDeadLetters(world, []);
  expect((await tick(world)).status).toBe(200);
  expect(await world.jobs()).toMatchObject([
    { id: "qs:msg_42", kind: "reconcile", actor: { kind: "cron", name: "reconcile" } },
  ]);
});

it("sends the very same job when QStash repeats a delivery", async ({ expect }) => {
  const world = new FakeWorld();
  withDeadLetters(world, []);
  await tick(world);
  world.advance(12_000);
  await tick(world);
  const [first, second] = await world.jobs();
  expect(second).toEqual(first);
});

it("revives our own dead letters of a page, but for hopeless ones", async ({ expect }) => {
  const world = new FakeWorld();
  const ours = Array.from({ length: 12 }, (_, at) => ({ dlqId: `ours-${at}`, url: OURS }));
  withDeadLetters(world, [
    { dlqId: "foreign", url: "https://other.test/hook" },
    { dlqId: "hopeless", url: OURS, responseStatus: 489 },
    ...ours,
  ]);
  expect(await (await tick(world)).json()).toMatchObject({ deadLettersRevived: 12 });
  const retry = world.requestsTo("qstash.test").find((request) => request.method === "POST");
  const ids = new URL(retry?.url ?? "").searchParams.getAll("dlqIds");
  expect(ids).toEqual(ours.map((letter) => letter.dlqId));
});

it("reconciles even when the dead letters cannot be listed", async ({ expect }) => {
  const world = new FakeWorld();
  world.qstash = () => "timeout";
  const response = await tick(world);
  expect(await response.json()).toMatchObject({ deadLettersRevived: null });
  expect((await world.jobs()).length).toBe(1);
});

it("asks QStash to come back when the executor is down", async ({ expect }) => {
  const world = new FakeWorld();
  world.executor = () => "timeout";
  expect((await tick(world)).status).toBe(503);
});

it("leaves dead letters where they are while the executor is down", async ({ expect }) => {
  const world = new FakeWorld();
  withDeadLetters(world, [{ dlqId: "ours", url: OURS }]);
  world.executor = () => "timeout";
  await tick(world);
  expect(world.requestsTo("qstash.test")).toEqual([]);
  world.executor = () => ({ status: 202, body: { status: "accepted", epoch: 2 } });
  expect(await (await tick(world)).json()).toMatchObject({ deadLettersRevived: 1 });
});

it("knows one name only", async ({ expect }) => {
  const world = new FakeWorld();
  expect((await tick(world, "/cron/other")).status).toBe(404);
  expect((await world.send("/cron/reconcile")).status).toBe(405);
  expect(world.requests).toEqual([]);
});

it("refuses a signature that was made for another url", async ({ expect }) => {
  const world = new FakeWorld();
  const response = await tick(world, "/cron/reconcile", OURS);
  expect(response.status).toBe(401);
  expect(world.requests).toEqual([]);
});
