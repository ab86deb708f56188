import { describe, test } from "vitest";
import { ALICE, BOB, contentsOf, createModelWorld, keyboardOf } from "./model-fixture.ts";
import { FaultPlan } from "../../faults/fault-plan.ts";
import { createPrng } from "../prng.ts";
import { createFaultyDelivery } from "./faulty-delivery.ts";
import type { WebhookAnswer, WebhookFailure } from "./webhook-delivery.ts";

const HOUR_MS = 3_600_000;

function never(): Promise<Partial<WebhookAnswer>> {
  return new Promise(() => {});
}

describe("queues", () => {
  test("one chat is serial: the next message waits for the answer to the one before", async ({
    expect,
  }) => {
    const world = createModelWorld(async () => {
      await world.clock.sleep(5_000);
      return {};
    });
    await world.setHook();
    world.model.sendUserMessage(ALICE, "first");
    world.model.sendUserMessage(ALICE, "second");
    await world.clock.advance(4_999);
    expect(contentsOf(world.deliveries)).toEqual(["first"]);
    await world.clock.advance(1);
    expect(contentsOf(world.deliveries)).toEqual(["first", "second"]);
  });

  test("two chats are parallel", async ({ expect }) => {
    const world = createModelWorld(never);
    await world.setHook();
    world.model.sendUserMessage(ALICE, "of Alice");
    world.model.sendUserMessage(BOB, "of Bob");
    await world.clock.advance(0);
    expect(contentsOf(world.deliveries)).toEqual(["of Alice", "of Bob"]);
  });

  test("a press overtakes a stuck message of the same person", async ({ expect }) => {
    const world = createModelWorld((update) => ("message" in update ? never() : {}));
    await world.setHook();
    await world.call("sendMessage", { chat_id: ALICE, text: "?", reply_markup: keyboardOf("yes") });
    world.model.sendUserMessage(ALICE, "/stop");
    world.model.pressButton(ALICE, { messageId: 1, data: "yes" });
    world.model.pressButton(ALICE, { messageId: 1, data: "yes" });
    await world.clock.advance(0);
    expect(contentsOf(world.deliveries)).toEqual(["/stop", "yes", "yes"]);
  });

  test("max_connections bounds the deliveries under way", async ({ expect }) => {
    const world = createModelWorld(never);
    await world.setHook({ max_connections: 1 });
    world.model.sendUserMessage(ALICE, "of Alice");
    world.model.sendUserMessage(BOB, "of Bob");
    await world.clock.advance(59_999);
    expect(contentsOf(world.deliveries)).toEqual(["of Alice"]);
  });
});

describe("retries", () => {
  test("a failing hook is tried after 0, 2, 4, 8 … seconds, then 60 to 120", async ({ expect }) => {
    const world = createModelWorld(() => ({ status: 500, reason: "Internal Server Error" }));
    await world.setHook();
    world.model.sendUserMessage(ALICE, "hello");
    await world.clock.advance(HOUR_MS);
    const times = world.deliveries.map((delivery) => delivery.atMs);
    const gaps = times.slice(1).map((atMs, index) => (atMs - (times[index] ?? 0)) / 1_000);
    expect(gaps.slice(0, 6)).toEqual([0, 2, 4, 8, 16, 32]);
    expect(gaps.length).toBeGreaterThan(30);
    for (const gap of gaps.slice(6)) {
      expect(gap).toBeGreaterThanOrEqual(60);
      expect(gap).toBeLessThanOrEqual(120);
    }
    const info = await world.call("getWebhookInfo");
    expect(info.body["result"]).toMatchObject({
      pending_update_count: 1,
      max_connections: 40,
      last_error_message: "Wrong response from the webhook: 500 Internal Server Error",
    });
  });

  test("Retry-After sets the wait, and more than an hour means an hour", async ({ expect }) => {
    const waits = ["7", "99999", "0"];
    const world = createModelWorld(() => {
      const wait = waits.shift();
      return wait === undefined ? {} : { status: 503, headers: { "retry-after": wait } };
    });
    await world.setHook();
    world.model.sendUserMessage(ALICE, "hello");
    await world.clock.advance(2 * HOUR_MS);
    expect(world.deliveries.map((delivery) => delivery.atMs / 1_000)).toEqual([0, 7, 3_607, 3_609]);
  });

  test("an answer that takes 60 seconds counts as none", async ({ expect }) => {
    let isFirst = true;
    const world = createModelWorld(() => {
      const answer = isFirst ? never() : {};
      isFirst = false;
      return answer;
    });
    await world.setHook();
    world.model.sendUserMessage(ALICE, "hello");
    await world.clock.advance(59_999);
    expect(world.deliveries).toHaveLength(1);
    await world.clock.advance(1);
    expect(world.deliveries).toHaveLength(2);
    expect(world.deliveries[0]?.request.signal.aborted).toBe(true);
    const info = await world.call("getWebhookInfo");
    expect(info.body["result"]).toMatchObject({
      pending_update_count: 0,
      last_error_message: "Read timeout expired",
    });
  });

  test("a redirect is a failure", async ({ expect }) => {
    const world = createModelWorld(() => ({ status: 302 }));
    await world.setHook();
    world.model.sendUserMessage(ALICE, "hello");
    await world.clock.advance(0);
    expect(world.deliveries).toHaveLength(2);
  });
});

describe("expiry", () => {
  test("a press is given up 150 seconds after it was made", async ({ expect }) => {
    const world = createModelWorld((update): Partial<WebhookAnswer> | WebhookFailure =>
      "callback_query" in update ? { failure: "Connection refused" } : {},
    );
    await world.setHook();
    await world.call("sendMessage", { chat_id: ALICE, text: "?", reply_markup: keyboardOf("yes") });
    const { updateId } = world.model.pressButton(ALICE, { messageId: 1, data: "yes" });
    // The try after two minutes fails, and the next one would come too late to be of use.
    await world.clock.advance(149_000);
    const info = await world.call("getWebhookInfo");
    expect(info.body["result"]).toMatchObject({ pending_update_count: 0 });
    expect(world.deliveries.length).toBeGreaterThanOrEqual(7);
    expect(world.events).toContainEqual({ type: "delivery", updateId, outcome: "dropped" });
  });

  test("a message is given up after a day, and blocks its chat until then", async ({ expect }) => {
    const world = createModelWorld((update) =>
      JSON.stringify(update).includes("poison") ? { status: 500 } : {},
    );
    await world.setHook();
    world.model.sendUserMessage(ALICE, "poison");
    await world.clock.advance(HOUR_MS);
    world.model.sendUserMessage(ALICE, "behind it");
    await world.clock.advance(22 * HOUR_MS);
    expect(contentsOf(world.deliveries)).not.toContain("behind it");
    await world.clock.advance(2 * HOUR_MS);
    expect(contentsOf(world.deliveries).at(-1)).toBe("behind it");
    const lastPoison = world.deliveries.filter((_, index) => index < world.deliveries.length - 1);
    expect(lastPoison.at(-1)?.atMs).toBeLessThanOrEqual(24 * HOUR_MS);
  });

  test("a hook that says 410 for 23 hours is removed", async ({ expect }) => {
    const world = createModelWorld(() => ({ status: 410 }));
    await world.setHook();
    world.model.sendUserMessage(ALICE, "hello");
    await world.clock.advance(22 * HOUR_MS);
    const before = await world.call("getWebhookInfo");
    expect(before.body["result"]).toMatchObject({ url: "https://edge.test/telegram/webhook" });
    await world.clock.advance(1.5 * HOUR_MS);
    const after = await world.call("getWebhookInfo");
    expect(after.body["result"]).toMatchObject({ url: "", pending_update_count: 1 });
  });
});

describe("answers and settings", () => {
  test("a 2xx answer may carry one method, which is executed", async ({ expect }) => {
    const body = JSON.stringify({ method: "sendMessage", chat_id: ALICE, text: "pong" });
    const headers = { "content-type": "application/json; charset=utf-8" };
    const world = createModelWorld(() => ({ status: 202, headers, body }));
    await world.setHook();
    world.model.sendUserMessage(ALICE, "ping");
    await world.clock.advance(0);
    expect(world.model.messages(ALICE)?.map((message) => message.text)).toEqual(["ping", "pong"]);
    expect(world.model.calls().at(-1)).toMatchObject({ origin: "webhook-reply", status: 200 });
  });

  test("an answer without a JSON content type executes nothing", async ({ expect }) => {
    const body = JSON.stringify({ method: "sendMessage", chat_id: ALICE, text: "pong" });
    const world = createModelWorld(() => ({ headers: { "content-type": "text/plain" }, body }));
    await world.setHook();
    world.model.sendUserMessage(ALICE, "ping");
    await world.clock.advance(0);
    expect(world.model.messages(ALICE)).toHaveLength(1);
  });

  test("an answer cannot take the webhook away", async ({ expect }) => {
    const headers = { "content-type": "application/json" };
    const world = createModelWorld(() => ({ headers, body: '{"method":"deleteWebhook"}' }));
    await world.setHook();
    world.model.sendUserMessage(ALICE, "ping");
    await world.clock.advance(0);
    const info = await world.call("getWebhookInfo");
    expect(info.body["result"]).toMatchObject({ url: "https://edge.test/telegram/webhook" });
  });

  test("the secret travels in its header", async ({ expect }) => {
    const world = createModelWorld();
    await world.setHook({ secret_token: "s3cret_-" });
    world.model.sendUserMessage(ALICE, "hello");
    await world.clock.advance(0);
    const { request } = world.deliveries[0] ?? {};
    expect(request?.headers["x-telegram-bot-api-secret-token"]).toBe("s3cret_-");
  });

  test("updates wait for a webhook, unless they are dropped when it is set", async ({ expect }) => {
    const world = createModelWorld();
    world.model.sendUserMessage(ALICE, "early");
    await world.setHook({ drop_pending_updates: true });
    await world.clock.advance(0);
    expect(world.deliveries).toHaveLength(0);
    await world.call("deleteWebhook");
    world.model.sendUserMessage(ALICE, "waits");
    await world.setHook();
    await world.clock.advance(0);
    expect(contentsOf(world.deliveries)).toEqual(["waits"]);
  });

  test("allowed_updates keeps other kinds away, and an omitted list keeps the setting", async ({
    expect,
  }) => {
    const world = createModelWorld();
    await world.setHook({ allowed_updates: ["callback_query"] });
    await world.setHook({ max_connections: 5 });
    expect(world.model.sendUserMessage(ALICE, "unwanted").updateId).toBeUndefined();
    await world.setHook({ allowed_updates: [] });
    expect(world.model.sendUserMessage(ALICE, "wanted").updateId).toBeTypeOf("number");
  });

  test("redelivery repeats the same update, or the same press under new ids", async ({
    expect,
  }) => {
    const world = createModelWorld();
    await world.setHook();
    await world.call("sendMessage", { chat_id: ALICE, text: "?", reply_markup: keyboardOf("buy") });
    const { updateId, callbackQueryId } = world.model.pressButton(ALICE, {
      messageId: 1,
      data: "buy",
    });
    if (updateId === undefined) throw new Error("expected an update for the press");
    await world.clock.advance(0);
    expect(world.model.redeliver(updateId, 2, false)).toEqual([updateId, updateId]);
    const [newId] = world.model.redeliver(updateId, 1, true);
    await world.clock.advance(0);
    const ids = world.deliveries.map(({ update }) => update.update_id);
    expect(ids).toEqual([updateId, updateId, updateId, newId]);
    expect(newId).toBeGreaterThan(updateId);
    for (const { update } of world.deliveries) {
      expect(update["callback_query"]).toMatchObject({ id: callbackQueryId, data: "buy" });
    }
    expect(world.model.redeliver(5, 1, false)).toEqual([]);
  });
});

describe("faults of the wire", () => {
  test("each kind does to a delivery what it says", async ({ expect }) => {
    const faults = new FaultPlan(createPrng(1));
    const { clock } = createModelWorld();
    const seen: string[] = [];
    const deliver = createFaultyDelivery(clock, faults, async ({ body }) => {
      seen.push(body);
      return { status: 200, headers: {}, body: `answer ${seen.length}` };
    });
    function send(body: string) {
      return deliver({ url: "u", headers: {}, body, signal: new AbortController().signal });
    }
    faults.add({ on: "webhook", kind: "drop" });
    expect(await send("dropped")).toEqual({ failure: "Connection closed" });
    expect(seen).toEqual([]);
    faults.add({ on: "webhook", kind: "duplicate" });
    expect(await send("twice")).toMatchObject({ body: "answer 1" });
    expect(seen).toEqual(["twice", "twice"]);
    faults.add({ on: "webhook", kind: "accept-no-answer" });
    expect(await send("unheard")).toEqual({ failure: "Connection closed" });
    expect(seen.at(-1)).toBe("unheard");
    faults.add({ on: "webhook", kind: "error", status: 502 });
    expect(await send("refused")).toMatchObject({ status: 502 });
    expect(seen).not.toContain("refused");
    faults.add({ on: "webhook", kind: "reorder" });
    const held = send("overtaken");
    await send("overtaking");
    await held;
    expect(seen.slice(-2)).toEqual(["overtaking", "overtaken"]);
    faults.add({ on: "webhook", kind: "delay", ms: 3_000 });
    const late = send("late");
    await clock.advance(2_999);
    expect(seen).not.toContain("late");
    await clock.advance(1);
    await late;
    expect(seen.at(-1)).toBe("late");
  });
});
