import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { deflateSync, gzipSync } from "node:zlib";
import { describe, onTestFinished, test } from "vitest";
import { FaultPlan } from "../../faults/fault-plan.ts";
import { createPrng } from "../../models/prng.ts";
import { ShiftedClock } from "../real-clock.ts";
import { startTelegram } from "./start-telegram.ts";

const TOKEN = "4242:secret";
const ALICE = 1001;

async function startWorld() {
  const faults = new FaultPlan(createPrng(3));
  const telegram = await startTelegram({
    clock: new ShiftedClock(),
    prng: createPrng(2),
    faults,
    botToken: TOKEN,
    botUsername: "raptor_test_bot",
    users: [{ id: ALICE, name: "Alice" }],
    allowHttpWebhook: true,
  });
  onTestFinished(() => telegram.close());
  async function post(path: string, body: unknown, type = "application/json") {
    const response = await fetch(`${telegram.url}${path}`, {
      method: "POST",
      headers: { "content-type": type },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    return { response, answer: (await response.json()) as Record<string, unknown> };
  }
  async function get(path: string): Promise<unknown> {
    return (await fetch(`${telegram.url}${path}`)).json();
  }
  return {
    ...telegram,
    faults,
    get,
    post,
    call: (method: string, body: unknown) => post(`/bot${TOKEN}/${method}`, body),
  };
}

/** A webhook on a real socket that answers with `answer` and keeps what it was sent. */
async function startHook(answer: () => { status: number; body: string; gzip?: boolean }) {
  const received: { headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(Buffer.from(chunk as Buffer));
    received.push({ headers: incoming.headers, body: Buffer.concat(chunks).toString("utf8") });
    const { status, body, gzip } = answer();
    outgoing.writeHead(status, {
      "content-type": "application/json",
      ...(gzip === true ? { "content-encoding": "gzip" } : {}),
    });
    outgoing.end(gzip === true ? gzipSync(body) : body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/hook`, received };
}

function pngOf(width: number, height: number): Buffer {
  const head = Buffer.alloc(33);
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]).copy(head);
  head.write("IHDR", 12);
  head.writeUInt32BE(width, 16);
  head.writeUInt32BE(height, 20);
  return Buffer.concat([head, deflateSync(Buffer.alloc(64))]);
}

describe("the Bot API over HTTP", () => {
  test("a wrong token is 401 and an unknown method 404", async ({ expect }) => {
    const { post } = await startWorld();
    const wrong = await post("/bot1:wrong/getMe", {});
    expect(wrong.response.status).toBe(401);
    expect(wrong.answer).toEqual({ ok: false, error_code: 401, description: "Unauthorized" });
    const unknown = await post(`/bot${TOKEN}/sendRocket`, {});
    expect(unknown.response.status).toBe(404);
    expect((await post(`/bot${TOKEN}/GETME`, {})).answer["result"]).toMatchObject({ id: 4242 });
  });

  test("JSON, form and query arguments mean the same", async ({ expect }) => {
    const { call, post, get, url } = await startWorld();
    await call("sendMessage", { chat_id: ALICE, text: "json" });
    const form = new URLSearchParams({ chat_id: String(ALICE), text: "form & more" });
    await post(`/bot${TOKEN}/sendMessage`, form.toString(), "application/x-www-form-urlencoded");
    await fetch(`${url}/bot${TOKEN}/sendMessage?chat_id=${ALICE}&text=query`);
    const messages = (await get(`/world/chats/${ALICE}/messages`)) as { text: string }[];
    expect(messages.map(({ text }) => text)).toEqual(["json", "form & more", "query"]);
    expect((await post(`/bot${TOKEN}/sendMessage`, "{")).answer).toMatchObject({ error_code: 400 });
  });

  test("the end of a long chat can be read alone", async ({ expect }) => {
    const { post, get } = await startWorld();
    for (let n = 0; n < 52; n += 1) {
      await post(`/world/users/${ALICE}/messages`, { text: `word ${n}` });
    }
    const newest = (await get(`/world/chats/${ALICE}/newest`)) as { text: string }[];
    expect(newest.length).toBe(50);
    expect([newest[0]?.text, newest.at(-1)?.text]).toEqual(["word 2", "word 51"]);
  });

  test("a photo arrives by multipart and can be sent again by its id", async ({ expect }) => {
    const { url, call, get } = await startWorld();
    const content = pngOf(640, 360);
    const form = new FormData();
    form.set("chat_id", String(ALICE));
    form.set("caption", "PnL");
    form.set("photo", new Blob([new Uint8Array(content)], { type: "image/png" }), "pnl.png");
    const sent = await fetch(`${url}/bot${TOKEN}/sendPhoto`, { method: "POST", body: form });
    expect(await sent.json()).toMatchObject({ ok: true, result: { caption: "PnL" } });
    const [message] = (await get(`/world/chats/${ALICE}/messages`)) as {
      photo: { file_id: string; width: number; height: number }[];
    }[];
    const photo = message?.photo[0];
    expect(photo).toMatchObject({ width: 640, height: 360, file_size: content.length });
    const bytes = await fetch(`${url}/world/photos/${photo?.file_id}`);
    expect(Buffer.from(await bytes.arrayBuffer()).equals(content)).toBe(true);
    const again = await call("sendPhoto", { chat_id: ALICE, photo: photo?.file_id });
    expect(again.answer).toMatchObject({ ok: true, result: { message_id: 2 } });
    form.set("photo", new Blob(["not a picture"]), "x.png");
    const bad = await fetch(`${url}/bot${TOKEN}/sendPhoto`, { method: "POST", body: form });
    expect(await bad.json()).toMatchObject({ description: "Bad Request: IMAGE_PROCESS_FAILED" });
  });

  test("accept-no-answer posts the message and closes the socket", async ({ expect }) => {
    const { call, faults, model } = await startWorld();
    faults.add({ on: "sendMessage", kind: "accept-no-answer" });
    await expect(call("sendMessage", { chat_id: ALICE, text: "heard" })).rejects.toThrow("fetch");
    expect(model.messages(ALICE)).toMatchObject([{ text: "heard" }]);
  });

  test("a flood answers 429 with the header Retry-After", async ({ expect }) => {
    const { call, post } = await startWorld();
    await post("/world/floods", { seconds: 9 });
    const { response, answer } = await call("sendMessage", { chat_id: ALICE, text: "x" });
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("9");
    expect(answer["parameters"]).toEqual({ retry_after: 9 });
  });
});

describe("the webhook over HTTP", () => {
  test("a press reaches the bot with the secret, and its reply reaches the person", async ({
    expect,
  }) => {
    const { call, post, get, model } = await startWorld();
    await call("sendMessage", {
      chat_id: ALICE,
      text: "?",
      reply_markup: { inline_keyboard: [[{ text: "Yes", callback_data: "y" }]] },
    });
    let reply = "";
    const hook = await startHook(() => ({ status: 200, body: reply, gzip: true }));
    await call("setWebhook", { url: hook.url, secret_token: "abc" });
    const answered = new Promise<void>((resolve) => {
      model.subscribe((event) => {
        if (event.type === "press") {
          const { callbackQueryId: id } = event;
          const method = "answerCallbackQuery";
          reply = JSON.stringify({ method, callback_query_id: id, text: "Done" });
        }
        if (event.type === "toast") resolve();
      });
    });
    const press = await post(`/world/users/${ALICE}/presses`, { messageId: 1, data: "y" });
    await answered;
    expect(hook.received[0]?.headers).toMatchObject({
      "content-type": "application/json",
      "x-telegram-bot-api-secret-token": "abc",
    });
    const { callbackQueryId } = press.answer;
    expect(await get(`/world/chats/${ALICE}/toasts`)).toMatchObject([
      { callbackQueryId, text: "Done" },
    ]);
    const refused = await post(`/world/users/${ALICE}/presses`, { messageId: 1, data: "n" });
    expect(refused.response.status).toBe(400);
  });

  test("a duplicate fault on webhook delivers the update twice", async ({ expect }) => {
    const { call, post, faults, model } = await startWorld();
    const hook = await startHook(() => ({ status: 200, body: "" }));
    await call("setWebhook", { url: hook.url });
    faults.add({ on: "webhook", kind: "duplicate" });
    const done = new Promise<void>((resolve) => {
      model.subscribe((event) => event.type === "delivery" && resolve());
    });
    await post(`/world/users/${ALICE}/messages`, { text: "/start" });
    await done;
    expect(hook.received).toHaveLength(2);
    expect(hook.received[1]?.body).toBe(hook.received[0]?.body);
    expect(JSON.parse(hook.received[0]?.body ?? "")).toMatchObject({
      message: { entities: [{ type: "bot_command", offset: 0, length: 6 }] },
    });
  });

  test("a refused connection is named in getWebhookInfo", async ({ expect }) => {
    const { call, post, model } = await startWorld();
    await call("setWebhook", { url: "http://127.0.0.1:1/hook" });
    const failed = new Promise<void>((resolve) => {
      model.subscribe((event) => event.type === "delivery" && resolve());
    });
    await post(`/world/users/${ALICE}/messages`, { text: "hello" });
    await failed;
    const { answer } = await call("getWebhookInfo", {});
    expect(answer["result"]).toMatchObject({
      last_error_message: "Connection refused",
      pending_update_count: 1,
    });
  });
});

describe("the control API and the page", () => {
  test("faults on everything do not touch the control API", async ({ expect }) => {
    const { call, get, faults } = await startWorld();
    faults.add({ on: "*", kind: "drop", count: -1 });
    expect(await get("/world/users")).toEqual([{ id: ALICE, name: "Alice" }]);
    await expect(call("getMe", {})).rejects.toThrow("fetch");
  });

  test("people can be added and calls are logged", async ({ expect }) => {
    const { call, get, post } = await startWorld();
    const added = await post("/world/users", { name: "Carol" });
    const id = added.answer["id"];
    await call("sendMessage", { chat_id: id, text: "hi", entities: [] });
    expect(await get("/world/calls")).toMatchObject([
      { method: "sendMessage", status: 200, params: { chat_id: String(id), entities: [] } },
    ]);
    expect((await post("/world/nowhere", {})).response.status).toBe(404);
    expect((await post("/world/users/5/messages", { text: "x" })).response.status).toBe(400);
  });

  test("updates can be injected and repeated", async ({ expect }) => {
    const { post } = await startWorld();
    const injected = await post("/world/updates", { update: { update_id: 77, poll: {} } });
    expect(injected.answer).toEqual({ updateId: 77 });
    const repeated = await post("/world/redeliver", { updateId: 77, times: 3 });
    expect(repeated.answer).toEqual({ updateIds: [77, 77, 77] });
    const unknown = await post("/world/redeliver", { updateId: 78 });
    expect(unknown.response.status).toBe(400);
  });

  test("the event stream tells of messages", async ({ expect }) => {
    const { url, call } = await startWorld();
    const abort = new AbortController();
    const stream = await fetch(`${url}/world/events`, { signal: abort.signal });
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    await call("sendMessage", { chat_id: ALICE, text: "live" });
    let seen = "";
    while (!seen.includes("live")) seen += (await reader?.read())?.value ?? "";
    expect(seen).toContain('data: {"type":"message"');
    abort.abort();
  });

  test("the page is one document that loads nothing from elsewhere", async ({ expect }) => {
    const { url } = await startWorld();
    const response = await fetch(`${url}/chat`);
    expect(response.headers.get("content-type")).toContain("text/html");
    const html = await response.text();
    expect(html).not.toMatch(/\b(?:src|href)="(?!data:)/);
    expect(html).not.toMatch(/@import|^import |^export /m);
    expect(html).toContain("function messageRow(");
    expect(html).toContain(".bubble");
  });

  test("any page may call the control API", async ({ expect }) => {
    const { url } = await startWorld();
    const preflight = await fetch(`${url}/world/faults`, { method: "OPTIONS" });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
    expect(preflight.headers.get("access-control-allow-methods")).toContain("DELETE");
  });
});
