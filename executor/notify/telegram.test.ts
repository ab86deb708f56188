import { describe, it } from "vitest";
import { NetFailure } from "@raptor/shared/seams/net.ts";
import { Secret } from "@raptor/shared/values/secret.ts";
import type { OutgoingMessage } from "../ports/notifier.ts";
import { contentOf, ManualClock, RecordingLog, ScriptedNet } from "./notify-fixture.ts";
import { createTelegramChat } from "./telegram.ts";

const TOKEN = "123456:AAcanary-token-never-shown";

function openChat() {
  const net = new ScriptedNet();
  const log = new RecordingLog();
  const chat = createTelegramChat({
    net,
    clock: new ManualClock(),
    log,
    baseUrl: "http://tg.test",
    token: new Secret(TOKEN),
  });
  return { net, log, chat };
}

function outgoing(over: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const content = contentOf("hello");
  return { chatId: 7, messageId: null, content, isSilent: false, isProtected: false, ...over };
}

function refusal(description: string, code = 400) {
  return { ok: false, error_code: code, description };
}

function bodies(net: ScriptedNet): { method: string; body: Record<string, unknown> }[] {
  return net.requests.map(({ url, body }) => ({
    method: url.slice(url.lastIndexOf("/") + 1),
    body: JSON.parse(body ?? "") as Record<string, unknown>,
  }));
}

describe("a new message", () => {
  it("carries entities and a keyboard, no preview and never a parse mode", async ({ expect }) => {
    const { net, chat } = openChat();
    net.answer(200, { ok: true, result: { message_id: 55 } });
    const content = contentOf("hello", {
      entities: [{ type: "bold", offset: 0, length: 5 }],
      keyboard: [
        [
          { text: "Sell", callbackData: "1s.ticket.tag", style: "danger" },
          { text: "Look", url: "https://explorer.test" },
          { text: "Copy", copyText: "mint" },
        ],
        [],
      ],
    });
    const outcome = await chat.deliver(outgoing({ content, isSilent: true, isProtected: true }));
    expect(outcome).toEqual({ outcome: "delivered", messageId: 55 });
    expect(net.requests[0]?.url).toBe(`http://tg.test/bot${TOKEN}/sendMessage`);
    expect(bodies(net)).toEqual([
      {
        method: "sendMessage",
        body: {
          chat_id: 7,
          text: "hello",
          entities: [{ type: "bold", offset: 0, length: 5 }],
          link_preview_options: { is_disabled: true },
          disable_notification: true,
          protect_content: true,
          reply_markup: {
            inline_keyboard: [
              [
                { text: "Sell", callback_data: "1s.ticket.tag", style: "danger" },
                { text: "Look", url: "https://explorer.test" },
                { text: "Copy", copy_text: { text: "mint" } },
              ],
            ],
          },
        },
      },
    ]);
  });

  it("asks for a reply when it is a prompt", async ({ expect }) => {
    const { net, chat } = openChat();
    net.answer(200, { ok: true, result: { message_id: 55 } });
    await chat.deliver(outgoing({ content: contentOf("How much?", { forceReply: true }) }));
    expect(bodies(net)[0]?.body["reply_markup"]).toEqual({ force_reply: true });
  });

  it("is tried again when the answer holds no message", async ({ expect }) => {
    const { net, chat } = openChat();
    net.answer(200, { ok: true, result: true });
    expect(await chat.deliver(outgoing())).toMatchObject({ outcome: "retry", afterMs: null });
  });
});

describe("an edit", () => {
  it("succeeds when the message already shows the content", async ({ expect }) => {
    const { net, chat } = openChat();
    net.answer(
      400,
      refusal(
        "Bad Request: message is not modified: specified new message content and reply markup " +
          "are exactly the same as a current content and reply markup of the message",
      ),
    );
    const outcome = await chat.deliver(outgoing({ messageId: 55 }));
    expect(outcome).toEqual({ outcome: "delivered", messageId: 55 });
    expect(bodies(net)).toMatchObject([{ method: "editMessageText", body: { message_id: 55 } }]);
  });

  it("becomes a new message when the old one is gone", async ({ expect }) => {
    for (const words of ["message to edit not found", "message can't be edited"]) {
      const { net, chat } = openChat();
      net.answer(400, refusal(`Bad Request: ${words}`));
      net.answer(200, { ok: true, result: { message_id: 56 } });
      const outcome = await chat.deliver(outgoing({ messageId: 55 }));
      expect(outcome).toEqual({ outcome: "delivered", messageId: 56 });
      expect(bodies(net).map((call) => call.method)).toEqual(["editMessageText", "sendMessage"]);
    }
  });
});

describe("trouble", () => {
  it("waits as long as Telegram asks, by body or by header", async ({ expect }) => {
    const { net, chat } = openChat();
    const flood = { ...refusal("Too Many Requests: retry after 9", 429) };
    net.answer(429, { ...flood, parameters: { retry_after: 9 } });
    net.answer(429, flood, { "retry-after": "4" });
    net.answer(429, "<html>");
    expect(await chat.deliver(outgoing())).toMatchObject({ outcome: "retry", afterMs: 9_000 });
    expect(await chat.deliver(outgoing())).toMatchObject({ outcome: "retry", afterMs: 4_000 });
    expect(await chat.deliver(outgoing())).toMatchObject({ outcome: "retry", afterMs: 1_000 });
  });

  it("takes 403 and 400 as final", async ({ expect }) => {
    const { net, chat } = openChat();
    net.answer(403, refusal("Forbidden: bot was blocked by the user", 403));
    net.answer(400, refusal("Bad Request: chat not found"));
    expect(await chat.deliver(outgoing())).toEqual({
      outcome: "refused",
      reason: "403 Forbidden: bot was blocked by the user",
    });
    expect(await chat.deliver(outgoing())).toMatchObject({ outcome: "refused" });
  });

  it("takes a wrong token, a broken server and silence as no answer, and shows it", async ({
    expect,
  }) => {
    const { net, chat } = openChat();
    net.answer(401, refusal("Unauthorized", 401));
    net.answer(502, "<html>bad gateway</html>");
    net.answer(200, "[1, 2");
    net.fail(new NetFailure("timeout", "tg.test"));
    for (const detail of ["401 Unauthorized", "502 without JSON", "200 without JSON", "timeout"]) {
      expect(await chat.deliver(outgoing())).toMatchObject({ outcome: "retry", afterMs: null });
      expect(chat.health()).toMatchObject({ name: "telegram", ok: false });
      expect(chat.health().detail).toContain(detail);
    }
    net.answer(200, { ok: true, result: { message_id: 1 } });
    await chat.deliver(outgoing());
    expect(chat.health().ok).toBe(true);
  });

  it("never shows the token, whatever an error quotes", async ({ expect }) => {
    const { net, log, chat } = openChat();
    net.fail(new TypeError(`Invalid URL: http://tg.test/bot${TOKEN}/sendMessage`));
    const outcome = await chat.deliver(outgoing());
    expect(outcome).toMatchObject({ outcome: "retry" });
    const shown = JSON.stringify([outcome, log.lines, chat.health()]);
    expect(shown).not.toContain("canary");
  });
});

describe("limits", () => {
  it("are checked before anything leaves", async ({ expect }) => {
    const { net, chat } = openChat();
    const button = (callbackData: string) =>
      contentOf("x", { keyboard: [[{ text: "b", callbackData }]] });
    const wrong = [button("é".repeat(33)), button(""), contentOf("  ")];
    for (const content of wrong) {
      expect(await chat.deliver(outgoing({ content }))).toMatchObject({ outcome: "refused" });
    }
    expect(net.requests).toEqual([]);
    net.answer(200, { ok: true, result: { message_id: 1 } });
    await chat.deliver(outgoing({ content: button("é".repeat(32)) }));
    expect(net.requests).toHaveLength(1);
  });

  it("cut a text that is too long at a whole character, and its entities with it", async ({
    expect,
  }) => {
    const { net, log, chat } = openChat();
    net.answer(200, { ok: true, result: { message_id: 1 } });
    const content = contentOf("🦖".repeat(2_049), {
      entities: [
        { type: "bold", offset: 0, length: 4_098 },
        { type: "code", offset: 4_090, length: 20 },
        { type: "code", offset: -1, length: 2 },
      ],
    });
    await chat.deliver(outgoing({ content }));
    const body = bodies(net)[0]?.body;
    const text = String(body?.["text"]);
    expect(text.length).toBeLessThanOrEqual(4_096);
    expect(text.isWellFormed()).toBe(true);
    expect(body?.["entities"]).toEqual([{ type: "bold", offset: 0, length: text.length }]);
    expect(log.lines.join()).toContain("the text was cut");
  });
});

describe("the bot's settings", () => {
  const webhook = { url: "https://edge.test/telegram/webhook", secret: new Secret("s3cret") };

  it("sets the webhook every time, because the secret cannot be read back", async ({ expect }) => {
    const { net, chat } = openChat();
    net.answer(200, { ok: true, result: true });
    expect(await chat.setWebhook(webhook)).toBe(true);
    expect(bodies(net)).toEqual([
      {
        method: "setWebhook",
        body: {
          url: webhook.url,
          secret_token: "s3cret",
          allowed_updates: ["callback_query", "message"],
        },
      },
    ]);
  });

  it("says so when Telegram is away or refuses", async ({ expect }) => {
    const { net, log, chat } = openChat();
    net.fail(new NetFailure("refused", "tg.test"));
    expect(await chat.setWebhook(webhook)).toBe(false);
    net.answer(400, refusal("Bad Request: BOT_COMMAND_INVALID"));
    expect(await chat.setCommands([{ command: "Buy", description: "" }])).toBe(false);
    expect(log.lines.join()).toContain("BOT_COMMAND_INVALID");
  });

  it("knows who the token belongs to", async ({ expect }) => {
    const { net, chat } = openChat();
    net.answer(200, { ok: true, result: { id: 9, is_bot: true, username: "raptor_bot" } });
    expect(await chat.getMe()).toEqual({ id: 9, username: "raptor_bot" });
    net.answer(401, refusal("Unauthorized", 401));
    expect(await chat.getMe()).toBeUndefined();
  });
});
