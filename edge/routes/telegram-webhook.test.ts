import { afterEach, describe, it, vi } from "vitest";
import {
  FakeWorld,
  MINT,
  OUR_BUTTON,
  OUR_SELL_BUTTON,
  pressUpdate,
  textUpdate,
} from "../testing/fake-world.ts";

const DOWN = { status: 503 } as const;

afterEach(() => void vi.useRealTimers());

describe("the webhook's door", () => {
  it("answers 401 to a wrong secret and calls nobody", async ({ expect }) => {
    const world = new FakeWorld();
    const secret = { "x-telegram-bot-api-secret-token": "wrong" };
    const response = await world.update(textUpdate("/panic"), secret);
    expect(response.status).toBe(401);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(world.requests).toEqual([]);
  });

  it("logs forged updates a few times a minute, however many come", async ({ expect }) => {
    const world = new FakeWorld();
    const secret = { "x-telegram-bot-api-secret-token": "wrong" };
    for (let at = 0; at < 50; at++) await world.update({}, secret);
    expect(world.logLines.length).toBe(5);
    world.advance(60_000);
    await world.update({}, secret);
    expect(world.logLines.at(-1)).toContain('"suppressedBefore":45');
  });

  it("drops an oversize update with 200, so that it cannot block the chat", async ({ expect }) => {
    const world = new FakeWorld();
    const response = await world.update(textUpdate("x".repeat(70_000)));
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
    expect(world.requests).toEqual([]);
  });

  it("refuses another content type and another method", async ({ expect }) => {
    const world = new FakeWorld();
    const typed = await world.update("a=b", {
      "content-type": "application/x-www-form-urlencoded",
    });
    expect(typed.status).toBe(415);
    const got = await world.send("/telegram/webhook");
    expect([got.status, got.headers.get("allow")]).toEqual([405, "POST"]);
  });
});

describe("an accepted job", () => {
  it("carries the executor's toast to the pressed button", async ({ expect }) => {
    const world = new FakeWorld();
    world.executor = () => ({
      status: 202,
      body: { status: "accepted", epoch: 1, toast: "Buying 0.5 SOL", toastIsAlert: true },
    });
    const response = await world.update(pressUpdate(OUR_BUTTON));
    expect(await response.json()).toEqual({
      method: "answerCallbackQuery",
      callback_query_id: "cb-1",
      text: "Buying 0.5 SOL",
      show_alert: true,
    });
  });

  it("shows typing for a typed command, or the executor's sentence", async ({ expect }) => {
    const world = new FakeWorld();
    expect(await (await world.update(textUpdate("/start"))).json()).toMatchObject({
      method: "sendChatAction",
      action: "typing",
    });
    world.executor = () => ({
      status: 200,
      body: { status: "refused", epoch: 1, sentence: "Too old." },
    });
    expect(await (await world.update(textUpdate("/start"))).json()).toMatchObject({
      method: "sendMessage",
      text: "Too old.",
    });
  });

  it("keeps one id and one body over re-deliveries", async ({ expect }) => {
    const world = new FakeWorld();
    world.isRedisUp = false;
    await world.update(pressUpdate(OUR_BUTTON, { updateId: 900 }));
    world.advance(7_000);
    await world.update(pressUpdate(OUR_BUTTON, { updateId: 900 }));
    const [first, second] = await world.jobs();
    expect(first?.id).toBe("tg:7001:900");
    expect(second).toEqual(first);
  });
});

describe("repeated updates", () => {
  it("are dropped once the executor took the job", async ({ expect }) => {
    const world = new FakeWorld();
    await world.update(textUpdate("/status", { updateId: 901 }));
    const repeated = await world.update(textUpdate("/status", { updateId: 901 }));
    expect(repeated.status).toBe(200);
    expect(await repeated.text()).toBe("");
    expect((await world.jobs()).length).toBe(1);
  });

  it("reach the executor when they sell, whatever Redis says was done", async ({ expect }) => {
    const world = new FakeWorld();
    for (const command of ["/status", "/panic"]) {
      await world.update(textUpdate(command, { updateId: 901 }));
    }
    expect((await world.jobs()).map((job) => job.kind)).toEqual(["showScreen", "panic"]);
  });

  it("are delivered again while neither executor nor queue took the job", async ({ expect }) => {
    const world = new FakeWorld();
    world.executor = () => DOWN;
    world.qstash = () => "timeout";
    const lost = await world.update(textUpdate("/start", { updateId: 902 }));
    expect([lost.status, lost.headers.get("retry-after")]).toEqual([503, "2"]);
    expect([...world.redis.keys()].some((key) => key.includes("update"))).toBe(false);
    world.executor = () => ({ status: 202, body: { status: "accepted", epoch: 1 } });
    expect((await world.update(textUpdate("/start", { updateId: 902 }))).status).toBe(200);
    expect([...world.redis.keys()]).toContain("raptor:test:update:7001:902");
  });
});

describe("the executor refuses for good", () => {
  it.for([
    [401, "operator was alerted"],
    [409, "nothing new"],
    [413, "nothing was done"],
    [422, "nothing was done"],
  ] as const)(
    "a %i becomes a sentence and 200, and is not queued",
    async ([status, text], { expect }) => {
      const world = new FakeWorld();
      world.executor = () => ({ status, body: { status: "error", epoch: 1, code: "X" } });
      const response = await world.update(textUpdate("/start"));
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ text: expect.stringContaining(text) });
      expect(world.requestsTo("qstash.test")).toEqual([]);
      expect(world.logLines.some((line) => line.includes("executor refused a job"))).toBe(true);
    },
  );
});

describe("limits", () => {
  it("bite for trade commands, answer the button, and let go after the window", async ({
    expect,
  }) => {
    const world = new FakeWorld({ RATE_TRADE_PER_MIN: "2" });
    for (let at = 0; at < 2; at++) await world.update(pressUpdate(OUR_BUTTON));
    const limited = await world.update(pressUpdate(OUR_BUTTON));
    expect(await limited.json()).toMatchObject({
      method: "answerCallbackQuery",
      text: expect.stringMatching(/try again in \d+ s. Nothing was done/),
    });
    expect((await world.jobs()).length).toBe(2);
    world.advance(60_000);
    await world.update(pressUpdate(OUR_BUTTON));
    expect((await world.jobs()).length).toBe(3);
  });

  it("never stop a button that sells", async ({ expect }) => {
    const world = new FakeWorld({ RATE_TRADE_PER_MIN: "1", RATE_USER_PER_MIN: "1" });
    for (let at = 0; at < 5; at++) await world.update(pressUpdate(OUR_SELL_BUTTON));
    expect((await world.jobs()).length).toBe(5);
  });

  it("bite per user over all classes", async ({ expect }) => {
    const world = new FakeWorld({ RATE_USER_PER_MIN: "1" });
    await world.update(textUpdate("/start"));
    const limited = await world.update(pressUpdate(OUR_BUTTON));
    expect(await limited.text()).toContain("Too many messages");
  });

  it("never hold back a sell, a panic or a kill", async ({ expect }) => {
    const world = new FakeWorld({ RATE_USER_PER_MIN: "1", RATE_TRADE_PER_MIN: "1" });
    for (let at = 0; at < 10; at++) await world.update(textUpdate(`/sell ${MINT} 100`));
    for (let at = 0; at < 10; at++) await world.update(textUpdate("/panic"));
    await world.update(textUpdate("/kill"));
    expect((await world.jobs()).length).toBe(21);
  });

  it("fall back to this isolate when Redis is away", async ({ expect }) => {
    const world = new FakeWorld({ RATE_FALLBACK_TRADE_PER_MIN: "3" });
    world.isRedisUp = false;
    for (let at = 0; at < 5; at++) await world.update(textUpdate("0.5"));
    expect((await world.jobs()).length).toBe(3);
    await world.update(textUpdate(`/sell ${MINT}`));
    expect((await world.jobs()).length).toBe(4);
    expect(world.requestsTo("redis.test").every((call) => call.timeoutMs <= 300)).toBe(true);
  });

  it("leave a Redis that failed alone for a second", async ({ expect }) => {
    const world = new FakeWorld();
    world.isRedisUp = false;
    await world.update(textUpdate("/start"));
    const calls = world.requestsTo("redis.test").length;
    await world.update(textUpdate("/start"));
    expect(world.requestsTo("redis.test").length).toBe(calls);
    world.isRedisUp = true;
    world.advance(1_000);
    await world.update(textUpdate("/start"));
    expect(world.requestsTo("redis.test").length).toBeGreaterThan(calls);
  });

  it("do not count the same update twice", async ({ expect }) => {
    const world = new FakeWorld({ RATE_TRADE_PER_MIN: "1" });
    world.executor = () => DOWN;
    world.qstash = () => DOWN;
    const press = pressUpdate(OUR_BUTTON);
    expect((await world.update(press)).status).toBe(503);
    expect((await world.update(press)).status).toBe(503);
  });
});
