import { afterEach, describe, it, vi } from "vitest";
import { FakeWorld, MINT, OUR_BUTTON, pressUpdate, textUpdate } from "../testing/fake-world.ts";

const DOWN = { status: 503 } as const;

/** Lets the patience of `update` pass while every try is refused outright, and gives its end. */
async function giveUp(world: FakeWorld, update: object): Promise<string> {
  world.executor = () => DOWN;
  world.qstash = () => DOWN;
  world.advance(60_000);
  return (await world.update(update)).text();
}

afterEach(() => void vi.useRealTimers());

describe("the executor is down", () => {
  it("queues the very same job and says so", async ({ expect }) => {
    const world = new FakeWorld();
    world.executor = () => "timeout";
    const response = await world.update(pressUpdate(OUR_BUTTON, { updateId: 910 }));
    expect(await response.json()).toMatchObject({ text: expect.stringMatching(/^Queued/) });
    const [published] = world.requestsTo("qstash.test");
    expect(published?.url).toBe(
      "https://qstash.test/v2/publish/https://edge.test/internal/redeliver",
    );
    expect(published?.headers).toMatchObject({
      "upstash-deduplication-id": "tg_7001_910",
      "upstash-retries": "5",
      "upstash-retry-delay": "1000 * pow(2, retried)",
      authorization: "Bearer qstash-token-0123456789",
    });
    expect(Object.keys(published?.headers ?? {}).join()).not.toContain("telemetry");
    expect(published?.body).toBe(world.requestsTo("executor.test")[0]?.body);
    expect([...world.redis.keys()]).toContain("raptor:test:update:7001:910");
  });

  it("says so of a typed command in reply to it, as nobody can take the words back", async ({
    expect,
  }) => {
    const world = new FakeWorld();
    world.executor = () => DOWN;
    const response = await world.update(textUpdate("/status"));
    expect(await response.json()).toMatchObject({
      method: "sendMessage",
      text: expect.stringMatching(/^Queued/),
      reply_parameters: { message_id: 10, allow_sending_without_reply: true },
    });
  });

  it("queues with the tries of the plan when that allows fewer than are asked for", async ({
    expect,
  }) => {
    const world = new FakeWorld();
    world.executor = () => DOWN;
    world.qstash = ({ headers }) =>
      Number(headers?.["upstash-retries"] ?? 0) > 3
        ? { status: 400, body: { error: "quota maxRetries exceeded, limit: 3" } }
        : { status: 200, body: { messageId: "msg_1" } };
    const response = await world.update(textUpdate("/panic"));
    expect(await response.json()).toMatchObject({ text: expect.stringMatching(/^Queued/) });
    const [, kept] = world.requestsTo("qstash.test");
    expect(kept?.headers).toMatchObject({ "upstash-retry-delay": "1000 * pow(2, retried)" });
    expect(Object.keys(kept?.headers ?? {})).not.toContain("upstash-retries");
  });

  it("calls nothing queued on a success that does not name the kept message", async ({
    expect,
  }) => {
    for (const body of [{}, "<html>upstream</html>"]) {
      const world = new FakeWorld();
      world.executor = () => DOWN;
      world.qstash = () => ({ status: 200, body });
      const update = textUpdate("/panic");
      expect((await world.update(update)).status).toBe(503);
      expect(await giveUp(world, update)).toContain("may or may not");
    }
  });

  it("tries an urgent job three times before it asks the queue", async ({ expect }) => {
    const world = new FakeWorld();
    world.executor = () => DOWN;
    await world.update(textUpdate("/panic"));
    expect(world.requestsTo("executor.test").length).toBe(3);
    expect(world.requestsTo("qstash.test").length).toBe(1);
  });

  it("says that nothing was done when every try was refused outright", async ({ expect }) => {
    const world = new FakeWorld();
    world.executor = () => DOWN;
    world.qstash = () => DOWN;
    const update = textUpdate(`/buy ${MINT} 0.5`);
    expect((await world.update(update)).status).toBe(503);
    world.advance(30_000);
    const last = await world.update(update);
    expect(last.status).toBe(200);
    expect(await last.json()).toMatchObject({ text: expect.stringContaining("nothing was done") });
  });

  it("says that it may have happened when any try ended in silence", async ({ expect }) => {
    const world = new FakeWorld();
    world.executor = () => "timeout";
    world.qstash = () => DOWN;
    const update = textUpdate(`/buy ${MINT} 0.5`);
    expect((await world.update(update)).status).toBe(503);
    world.executor = () => DOWN;
    world.advance(30_000);
    expect(await (await world.update(update)).json()).toMatchObject({
      text: expect.stringContaining("may or may not"),
    });
  });

  it.for([
    ["the executor's proxy broke", { status: 502 }, DOWN],
    ["the queue went silent", DOWN, "timeout"],
    ["the queue broke", DOWN, { status: 500 }],
  ] as const)("claims nothing when %s", async ([, executor, queue], { expect }) => {
    const world = new FakeWorld();
    world.executor = () => executor;
    world.qstash = () => queue;
    const update = textUpdate(`/buy ${MINT} 0.5`);
    expect((await world.update(update)).status).toBe(503);
    expect(await giveUp(world, update)).toContain("may or may not");
  });

  it("claims nothing when only the first of several tries was silent", async ({ expect }) => {
    const world = new FakeWorld();
    let tries = 0;
    world.executor = () => (++tries === 1 ? "timeout" : DOWN);
    world.qstash = () => DOWN;
    const update = textUpdate("/panic");
    expect((await world.update(update)).status).toBe(503);
    expect(tries).toBe(3);
    expect(await giveUp(world, update)).toContain("may or may not");
  });

  it("has a minute of patience with a press, counted from its first sight", async ({ expect }) => {
    const world = new FakeWorld();
    world.executor = () => DOWN;
    world.qstash = () => DOWN;
    const press = pressUpdate(OUR_BUTTON);
    expect((await world.update(press)).status).toBe(503);
    world.advance(59_000);
    expect((await world.update(press)).status).toBe(503);
    world.advance(1_000);
    const last = await world.update(press);
    expect(await last.json()).toMatchObject({ method: "answerCallbackQuery", show_alert: true });
  });
});
