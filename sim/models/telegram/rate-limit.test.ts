import { describe, test } from "vitest";
import { ALICE, BOB, createModelWorld } from "./model-fixture.ts";

describe("send limits", () => {
  test("a chat takes its burst, then one message a second", async ({ expect }) => {
    const { clock, call } = createModelWorld();
    async function send(): Promise<number> {
      return (await call("sendMessage", { chat_id: ALICE, text: "x" })).status;
    }
    for (let count = 0; count < 20; count += 1) expect(await send()).toBe(200);
    const refused = await call("sendMessage", { chat_id: ALICE, text: "x" });
    expect(refused).toEqual({
      status: 429,
      headers: { "retry-after": "1" },
      body: {
        ok: false,
        error_code: 429,
        description: "Too Many Requests: retry after 1",
        parameters: { retry_after: 1 },
      },
    });
    expect((await call("sendMessage", { chat_id: BOB, text: "x" })).status).toBe(200);
    await clock.advance(1_000);
    expect(await send()).toBe(200);
    expect(await send()).toBe(429);
  });

  test("all chats together take thirty a second", async ({ expect }) => {
    const { clock, call, model } = createModelWorld();
    const statuses: number[] = [];
    for (let id = 1; id <= 31; id += 1) {
      model.putUser({ id, name: `Person ${id}` });
      statuses.push((await call("sendMessage", { chat_id: id, text: "x" })).status);
    }
    expect(statuses.filter((status) => status === 200)).toHaveLength(30);
    expect(statuses.at(-1)).toBe(429);
    await clock.advance(100);
    expect((await call("sendMessage", { chat_id: 31, text: "x" })).status).toBe(200);
  });

  test("edits count, and a refused send posts nothing", async ({ expect }) => {
    const { call, model } = createModelWorld(undefined, { limits: { chatBurst: 1 } });
    await call("sendMessage", { chat_id: ALICE, text: "one" });
    const edit = { chat_id: ALICE, message_id: 1, text: "two" };
    expect((await call("editMessageText", edit)).status).toBe(429);
    expect((await call("sendMessage", { chat_id: ALICE, text: "three" })).status).toBe(429);
    expect(model.messages(ALICE)?.map((message) => message.text)).toEqual(["one"]);
  });

  test("a flood started by hand bites one chat and lets go in time", async ({ expect }) => {
    const { clock, call, model } = createModelWorld();
    model.flood(7, ALICE);
    const refused = await call("sendMessage", { chat_id: ALICE, text: "x" });
    expect(refused.body["parameters"]).toEqual({ retry_after: 7 });
    expect((await call("sendMessage", { chat_id: BOB, text: "x" })).status).toBe(200);
    await clock.advance(6_999);
    expect((await call("sendMessage", { chat_id: ALICE, text: "x" })).status).toBe(429);
    await clock.advance(1);
    expect((await call("sendMessage", { chat_id: ALICE, text: "x" })).status).toBe(200);
  });
});
