import { describe, test } from "vitest";
import { ALICE, START_MS, createModelWorld, keyboardOf } from "./telegram/model-fixture.ts";

const NOT_MODIFIED =
  "Bad Request: message is not modified: specified new message content and reply markup are " +
  "exactly the same as a current content and reply markup of the message";
const TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid";

describe("messages", () => {
  test("a sent message has the shape of the wire", async ({ expect }) => {
    const { call } = createModelWorld();
    const reply_markup = {
      inline_keyboard: [
        [
          { text: "Buy", callback_data: "b", style: "success" },
          { text: "Chart", url: "https://dexscreener.com/x" },
          { text: "Copy", copy_text: { text: "abc" } },
        ],
      ],
    };
    const entities = [{ type: "bold", offset: 0, length: 2 }];
    const { body } = await call("sendMessage", {
      chat_id: String(ALICE),
      text: "hi /start",
      entities,
      reply_markup,
    });
    expect(body).toEqual({
      ok: true,
      result: {
        message_id: 1,
        from: { id: 4242, is_bot: true, first_name: "Raptor", username: "raptor_test_bot" },
        chat: { id: ALICE, type: "private", first_name: "Alice" },
        date: START_MS / 1_000,
        text: "hi /start",
        entities: [...entities, { type: "bot_command", offset: 3, length: 6 }],
        reply_markup,
      },
    });
  });

  test("an edit changes the message in place and without a keyboard takes it away", async ({
    expect,
  }) => {
    const { clock, call, model, events } = createModelWorld();
    const keyboard = { reply_markup: keyboardOf("a") };
    await call("sendMessage", { chat_id: ALICE, text: "one", ...keyboard });
    await clock.advance(5_000);
    await call("editMessageText", { chat_id: ALICE, message_id: 1, text: "two" });
    const [message] = model.messages(ALICE) ?? [];
    expect(message).toMatchObject({ text: "two", edit_date: START_MS / 1_000 + 5 });
    expect(message).not.toHaveProperty("reply_markup");
    expect(events.at(-1)).toMatchObject({ type: "edit", chatId: ALICE });
    await call("editMessageReplyMarkup", { chat_id: ALICE, message_id: 1, ...keyboard });
    expect(model.messages(ALICE)?.[0]?.reply_markup).toEqual(keyboard.reply_markup);
  });

  test("a message can be deleted for 48 hours", async ({ expect }) => {
    const { clock, refusal, call, model } = createModelWorld();
    await call("sendMessage", { chat_id: ALICE, text: "old" });
    await clock.advance(48 * 3_600_000 + 1_000);
    await call("sendMessage", { chat_id: ALICE, text: "new" });
    expect(await refusal("deleteMessage", { chat_id: ALICE, message_id: 1 })).toBe(
      "Bad Request: message can't be deleted for everyone",
    );
    expect(await refusal("deleteMessage", { chat_id: ALICE, message_id: 2 })).toBe("ok");
    expect(model.messages(ALICE)?.map((message) => message.text)).toEqual(["old"]);
  });
});

describe("refusals in the server's own words", () => {
  const text = "x";
  const withButton = (button: object) => ({
    chat_id: ALICE,
    text,
    reply_markup: { inline_keyboard: [[button]] },
  });
  const unchanged = { chat_id: ALICE, message_id: 1, text: "there", reply_markup: keyboardOf("a") };

  test.for<[string, Record<string, unknown>, string]>([
    ["sendMessage", { chat_id: ALICE }, "Bad Request: message text is empty"],
    ["sendMessage", { chat_id: ALICE, text: " \n " }, "Bad Request: message text is empty"],
    [
      "sendMessage",
      { chat_id: ALICE, text: "a".repeat(4_097) },
      "Bad Request: message is too long",
    ],
    [
      "sendMessage",
      { chat_id: ALICE, text: "🚀".repeat(2_049) },
      "Bad Request: message is too long",
    ],
    ["sendMessage", { chat_id: ALICE, text: "a".repeat(4_096) }, "ok"],
    ["sendMessage", { text }, "Bad Request: chat_id is empty"],
    ["sendMessage", { chat_id: 5, text }, "Bad Request: chat not found"],
    [
      "sendMessage",
      { chat_id: ALICE, text, parse_mode: "HTML" },
      "Bad Request: unsupported parse_mode",
    ],
    [
      "sendMessage",
      { chat_id: ALICE, text, reply_parameters: { message_id: 77 } },
      "Bad Request: message to be replied not found",
    ],
    [
      "sendMessage",
      withButton({ text: "b", callback_data: "ä".repeat(33) }),
      "Bad Request: BUTTON_DATA_INVALID",
    ],
    ["sendMessage", withButton({ text: "b", callback_data: "ä".repeat(32) }), "ok"],
    [
      "sendMessage",
      withButton({ text: "b", callback_data: "" }),
      "Bad Request: can't parse inline keyboard button: " +
        "Text buttons are unallowed in the inline keyboard",
    ],
    [
      "sendMessage",
      withButton({ text: "b", url: "nowhere" }),
      "Bad Request: inline keyboard button URL 'nowhere' is invalid: Wrong HTTP URL",
    ],
    [
      "sendMessage",
      { chat_id: ALICE, text, reply_markup: "{" },
      "Bad Request: can't parse reply keyboard markup JSON object",
    ],
    [
      "editMessageText",
      { chat_id: ALICE, message_id: 9, text },
      "Bad Request: message to edit not found",
    ],
    [
      "editMessageText",
      { chat_id: ALICE, text },
      "Bad Request: message identifier is not specified",
    ],
    ["editMessageText", unchanged, NOT_MODIFIED],
    [
      "editMessageReplyMarkup",
      { chat_id: ALICE, message_id: 1, reply_markup: keyboardOf("a") },
      NOT_MODIFIED,
    ],
    [
      "editMessageText",
      { chat_id: ALICE, message_id: 2, text },
      "Bad Request: message can't be edited",
    ],
    [
      "deleteMessage",
      { chat_id: ALICE, message_id: 9 },
      "Bad Request: message to delete not found",
    ],
    ["answerCallbackQuery", { callback_query_id: "1" }, TOO_OLD],
    ["sendPhoto", { chat_id: ALICE }, "Bad Request: there is no photo in the request"],
    [
      "sendPhoto",
      { chat_id: ALICE, photo: "https://x.test/a.png" },
      "Bad Request: failed to get HTTP URL content",
    ],
    [
      "sendPhoto",
      { chat_id: ALICE, caption: "c".repeat(1_025) },
      "Bad Request: message caption is too long",
    ],
    [
      "sendChatAction",
      { chat_id: ALICE, action: "dance" },
      "Bad Request: wrong parameter action in request",
    ],
    [
      "setMyCommands",
      { commands: [{ command: "Buy", description: "b" }] },
      "Bad Request: BOT_COMMAND_INVALID",
    ],
    [
      "setWebhook",
      { url: "http://127.0.0.1:8787/x" },
      "Bad Request: bad webhook: An HTTPS URL must be provided for webhook",
    ],
    [
      "setWebhook",
      { url: "https://edge.test:8080/x" },
      "Bad Request: bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
    ],
    [
      "setWebhook",
      { url: "https://edge.test/", secret_token: "a b" },
      "Bad Request: secret token contains unallowed characters",
    ],
    [
      "setWebhook",
      { url: "https://edge.test/", secret_token: "a".repeat(257) },
      "Bad Request: secret token is too long",
    ],
    ["sendRocket", {}, "Not Found: method not found"],
  ])("%s %j: %s", async ([method, params, words], { expect }) => {
    const { call, refusal, model } = createModelWorld();
    const first = { chat_id: ALICE, text: "there", reply_markup: keyboardOf("a") };
    await call("sendMessage", first);
    model.sendUserMessage(ALICE, "mine");
    expect(await refusal(method, params)).toBe(words);
  });

  test("a person who blocked the bot is out of reach until they write again", async ({
    expect,
  }) => {
    const { call, refusal, model } = createModelWorld();
    model.putUser({ id: ALICE, name: "Alice", blocked: true });
    const answer = await call("sendMessage", { chat_id: ALICE, text });
    expect(answer).toMatchObject({
      status: 403,
      body: { error_code: 403, description: "Forbidden: bot was blocked by the user" },
    });
    model.sendUserMessage(ALICE, "back");
    expect(await refusal("sendMessage", { chat_id: ALICE, text })).toBe("ok");
  });

  test("a person who never opened the chat cannot be found", async ({ expect }) => {
    const { refusal, model } = createModelWorld();
    model.putUser({ id: 7, name: "New", started: false });
    const words = await refusal("sendMessage", { chat_id: 7, text });
    expect(words).toBe("Bad Request: chat not found");
  });
});

describe("presses", () => {
  test("a press is answered once, within 150 seconds", async ({ expect }) => {
    const { clock, call, refusal, model, events } = createModelWorld();
    await call("sendMessage", { chat_id: ALICE, text: "?", reply_markup: keyboardOf("a") });
    const { callbackQueryId } = model.pressButton(ALICE, { messageId: 1, data: "a" });
    const answer = { callback_query_id: callbackQueryId, text: "Buying", show_alert: true };
    expect(await refusal("answerCallbackQuery", { ...answer, text: "x".repeat(201) })).toBe(
      "Bad Request: MESSAGE_TOO_LONG",
    );
    expect(await refusal("answerCallbackQuery", answer)).toBe("ok");
    const toast = { callbackQueryId, text: "Buying", showAlert: true };
    expect(model.toasts(ALICE)).toMatchObject([toast]);
    expect(events.at(-1)).toMatchObject({ type: "toast", ...toast });
    expect(await refusal("answerCallbackQuery", answer)).toBe(TOO_OLD);
    const inTime = model.pressButton(ALICE, { messageId: 1, data: "a" });
    const late = model.pressButton(ALICE, { messageId: 1, data: "a" });
    await clock.advance(150_000);
    expect(
      await refusal("answerCallbackQuery", { callback_query_id: inTime.callbackQueryId }),
    ).toBe("ok");
    await clock.advance(1);
    expect(await refusal("answerCallbackQuery", { callback_query_id: late.callbackQueryId })).toBe(
      TOO_OLD,
    );
  });

  test("only offered buttons can be pressed, unless forced", async ({ expect }) => {
    const { call, model } = createModelWorld();
    await call("sendMessage", { chat_id: ALICE, text: "?", reply_markup: keyboardOf("a") });
    expect(() => model.pressButton(ALICE, { messageId: 1, data: "forged" })).toThrow("[a]");
    expect(() => model.pressButton(ALICE, { messageId: 2, data: "a" })).toThrow("message");
    const forced = model.pressButton(ALICE, { messageId: 1, data: "forged", force: true });
    expect(forced.updateId).toBeTypeOf("number");
  });
});

describe("long polling and commands", () => {
  test("getUpdates answers 409 while a webhook is set", async ({ expect }) => {
    const { call, refusal, setHook } = createModelWorld();
    await setHook();
    expect(await refusal("getUpdates")).toBe(
      "Conflict: can't use getUpdates method while webhook is active; " +
        "use deleteWebhook to delete the webhook first",
    );
    await call("deleteWebhook");
    expect(await refusal("getUpdates")).toBe("ok");
  });

  test("getUpdates waits for an update and forgets the confirmed ones", async ({ expect }) => {
    const { clock, call, model } = createModelWorld();
    const poll = call("getUpdates", { timeout: 30 });
    await clock.advance(10_000);
    const { updateId } = model.sendUserMessage(ALICE, "hello");
    expect((await poll).body["result"]).toMatchObject([{ update_id: updateId }]);
    const again = await call("getUpdates", { offset: (updateId ?? 0) + 1 });
    expect(again.body["result"]).toEqual([]);
  });

  test("a second poll ends the first", async ({ expect }) => {
    const { clock, call, refusal, model } = createModelWorld();
    const first = refusal("getUpdates", { timeout: 30 });
    await clock.advance(0);
    const second = call("getUpdates", { timeout: 30 });
    expect(await first).toContain("Conflict: terminated by other getUpdates request");
    model.sendUserMessage(ALICE, "hello");
    expect((await second).body["result"]).toHaveLength(1);
  });

  test("the narrowest command list is the one a person sees", async ({ expect }) => {
    const { call, model } = createModelWorld();
    const list = (command: string) => [{ command, description: "does it" }];
    await call("setMyCommands", { commands: list("start") });
    const scope = { type: "chat", chat_id: ALICE };
    await call("setMyCommands", { commands: list("kill"), scope });
    expect(model.commands(ALICE)).toEqual(list("kill"));
    expect(model.commands(5)).toEqual(list("start"));
    expect((await call("getMyCommands")).body["result"]).toEqual(list("start"));
  });
});
