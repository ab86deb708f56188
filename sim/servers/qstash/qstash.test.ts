import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, test, vi } from "vitest";
import { FaultPlan } from "../../faults/fault-plan.ts";
import { createPrng } from "../../models/prng.ts";
import { ShiftedClock } from "../real-clock.ts";
import { Client, Receiver } from "../upstash-sdks.ts";
import { type QstashServer, startQstash } from "./index.ts";

interface Received {
  url: string;
  method: string;
  headers: IncomingHttpHeaders;
  body: string;
}

interface Destination {
  url: string;
  received: Received[];
  status: number;
  isSilent: boolean;
  close(): void;
}

const TOKEN = "test-token";
const CURRENT = "sig_current_key_of_this_test";
const NEXT = "sig_next_key_of_this_test";

async function startDestination(): Promise<Destination> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { url = "", method = "", headers } = request;
      received.push({ url, method, headers, body: Buffer.concat(chunks).toString("utf8") });
      if (!destination.isSilent) response.writeHead(destination.status).end("answer");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const destination: Destination = {
    url: `http://127.0.0.1:${port}`,
    received,
    status: 200,
    isSilent: false,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return destination;
}

let server: QstashServer;
let destination: Destination;
let client: Client;

beforeEach(async () => {
  const prng = createPrng(42);
  server = await startQstash({
    clock: new ShiftedClock(),
    prng,
    faults: new FaultPlan(prng),
    token: TOKEN,
    currentKey: CURRENT,
    nextKey: NEXT,
  });
  destination = await startDestination();
  client = new Client({ baseUrl: server.url, token: TOKEN, retry: false });
});

afterEach(async () => {
  await server.close();
  destination.close();
});

/** Only a failure waits for so long. */
const PATIENCE_MS = 30_000;

async function waitForDeliveries(count: number): Promise<Received[]> {
  await vi.waitFor(
    () => {
      if (destination.received.length < count) throw new Error("expected more deliveries");
    },
    { timeout: PATIENCE_MS, interval: 5 },
  );
  return destination.received;
}

async function control(path: string, body: unknown = {}): Promise<unknown> {
  const response = await fetch(`${server.url}/world/${path}`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  return response.json();
}

function verify(received: Received | undefined, url: string): Promise<boolean> {
  const receiver = new Receiver({ currentSigningKey: CURRENT, nextSigningKey: NEXT });
  const signature = String(received?.headers["upstash-signature"]);
  return receiver.verify({ signature, body: received?.body ?? "", url });
}

describe("publishing with the official client", () => {
  test("keeps the destination's path and query byte for byte and signs it", async ({ expect }) => {
    const url = `${destination.url}/cron//re%20c?a=1&b=%2F`;
    const published = await client.publishJSON({
      url,
      body: { hello: "wörld" },
      headers: { "X-Job": "7" },
      label: "redelivery",
    });
    const [received] = await waitForDeliveries(1);
    expect(received?.url).toBe("/cron//re%20c?a=1&b=%2F");
    expect(received?.body).toBe('{"hello":"wörld"}');
    expect(received?.headers).toMatchObject({
      "x-job": "7",
      "content-type": "application/json",
      "user-agent": "Upstash-QStash",
      "upstash-message-id": "messageId" in published ? published.messageId : "",
      "upstash-retried": "0",
    });
    expect(await verify(received, url)).toBe(true);
    await expect(verify(received, `${destination.url}/cron/other`)).rejects.toThrow(/subject/);
    const forged = received && { ...received, body: '{"hello":"forged"}' };
    await expect(verify(forged, url)).rejects.toThrow(/body hash/);
  });

  test("signs with padding in the body hash and five minutes of life", async ({ expect }) => {
    await client.publish({ url: destination.url, body: "x" });
    const [received] = await waitForDeliveries(1);
    const [, claims] = String(received?.headers["upstash-signature"]).split(".");
    const decoded = JSON.parse(Buffer.from(claims ?? "", "base64url").toString("utf8")) as {
      body: string;
      nbf: number;
      exp: number;
    };
    expect(decoded).toMatchObject({ iss: "Upstash", sub: destination.url });
    expect(decoded.body).toMatch(/^[-_0-9A-Za-z]{43}=$/);
    expect(decoded.exp - decoded.nbf).toBe(300);
  });

  test("answers 202 with the first id for a repeated deduplication id", async ({ expect }) => {
    const request = { url: destination.url, body: "x", deduplicationId: "job-1" };
    const first = await client.publish(request);
    const again = await client.publish(request);
    expect(again).toEqual({ ...first, deduplicated: true });
    const raw = await fetch(`${server.url}/v2/publish/${destination.url}?qstash_token=${TOKEN}`, {
      method: "POST",
      headers: { "upstash-deduplication-id": "job-1" },
      body: "x",
    });
    expect(raw.status).toBe(202);
    await waitForDeliveries(1);
    expect(destination.received).toHaveLength(1);
  });

  test("takes the token parameter out of the destination's query", async ({ expect }) => {
    const target = `${destination.url}/hook?a=1&qstash_token=${TOKEN}&b=2`;
    await fetch(`${server.url}/v2/publish/${target}`, { method: "POST" });
    const [received] = await waitForDeliveries(1);
    expect(received?.url).toBe("/hook?a=1&b=2");
  });

  test("refuses a wrong token and a destination that is no URL", async ({ expect }) => {
    const stranger = new Client({ baseUrl: server.url, token: "wrong", retry: false });
    await expect(stranger.publish({ url: destination.url })).rejects.toThrow(/error/);
    await expect(client.publish({ url: "not-a-url" })).rejects.toThrow(/invalid scheme/);
    const response = await fetch(`${server.url}/v2/keys`);
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({ error: expect.any(String) });
  });

  test("publishes a batch and honours queues", async ({ expect }) => {
    await client.queue({ queueName: "orders" }).upsert({ parallelism: 1 });
    const results = await client.batch([
      { url: `${destination.url}/a`, body: "1" },
      { url: `${destination.url}/b`, body: "2", queueName: "orders" },
    ]);
    expect(results).toHaveLength(2);
    await client.queue({ queueName: "orders" }).enqueue({ url: `${destination.url}/c` });
    const received = await waitForDeliveries(3);
    const inQueue = received.map(({ url }) => url).filter((url) => url !== "/a");
    expect(inQueue).toEqual(["/b", "/c"]);
    const missing = client.queue({ queueName: "none" }).enqueue({ url: destination.url });
    await expect(missing).rejects.toThrow(/not found/);
  });
});

describe("keys", () => {
  test("the next key signs when asked, and after a rotation it is the current", async ({
    expect,
  }) => {
    await control("signing", { key: "next" });
    await client.publish({ url: destination.url, body: "1" });
    await waitForDeliveries(1);
    expect(await verify(destination.received[0], destination.url)).toBe(true);
    await control("signing", { key: "current" });
    const rotated = await fetch(`${server.url}/v2/keys/rotate`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(await rotated.json()).toMatchObject({ current: NEXT });
    await client.publish({ url: destination.url, body: "2" });
    await waitForDeliveries(2);
    expect(await verify(destination.received[1], destination.url)).toBe(true);
  });

  test("a wrong key and a stale signature are refused by the receiver", async ({ expect }) => {
    await control("signing", { key: "wrong" });
    await client.publish({ url: destination.url, body: "1" });
    await waitForDeliveries(1);
    await control("signing", { key: "current", skewMs: -400_000 });
    await client.publish({ url: destination.url, body: "2" });
    const received = await waitForDeliveries(2);
    await expect(verify(received[0], destination.url)).rejects.toThrow(/verification failed/);
    await expect(verify(received[1], destination.url)).rejects.toThrow();
  });
});

describe("retries under a shifted clock", () => {
  test("fail, come again with the same id, and end among the dead letters", async ({ expect }) => {
    destination.status = 500;
    const failureCallback = `${destination.url}/failed`;
    const published = await client.publishJSON({
      url: `${destination.url}/job`,
      body: { a: 1 },
      retries: 1,
      failureCallback,
    });
    await waitForDeliveries(1);
    await vi.waitFor(() => {
      if (server.qstash.events.at(-1)?.state !== "RETRY") throw new Error("expected a retry");
    }, PATIENCE_MS);
    destination.status = 503;
    await control("clock", { shiftMs: 13_000 });
    const received = await waitForDeliveries(3);
    expect(received.map(({ url }) => url)).toEqual(["/job", "/job", "/failed"]);
    const ids = received.slice(0, 2).map(({ headers }) => headers["upstash-message-id"]);
    expect(new Set(ids).size).toBe(1);
    // The signature lives in the machine's time, whatever the queue's clock says.
    expect(await verify(received[1], `${destination.url}/job`)).toBe(true);
    const { messages } = await client.dlq.listMessages();
    const [letter] = messages;
    expect(letter).toMatchObject({
      messageId: "messageId" in published ? published.messageId : "",
      responseStatus: 503,
      responseBody: "answer",
      body: '{"a":1}',
      maxRetries: 1,
    });
    destination.status = 200;
    const retried = await client.dlq.retry(letter?.dlqId ?? "");
    expect(retried.responses).toHaveLength(1);
    const all = await waitForDeliveries(4);
    expect(
      all.some(
        ({ body, headers }) => body === '{"a":1}' && !ids.includes(headers["upstash-message-id"]),
      ),
    ).toBe(true);
    expect((await client.dlq.listMessages()).messages).toHaveLength(0);
  });

  test("a destination that never answers is given up after the timeout", async ({ expect }) => {
    destination.isSilent = true;
    await client.publish({ url: destination.url, timeout: "1s", retries: 0 });
    await vi.waitFor(
      () => {
        if (server.qstash.deadLetters.size === 0) throw new Error("expected a dead letter");
      },
      { timeout: PATIENCE_MS },
    );
    expect(server.qstash.courier.deliveries[0]?.error).toMatch(/timeout/);
    const [letter] = (await client.dlq.listMessages()).messages;
    expect(letter).not.toHaveProperty("responseStatus");
  });

  test("a waiting message can be looked up and canceled", async ({ expect }) => {
    const published = await client.publish({ url: destination.url, delay: 60 });
    const id = "messageId" in published ? published.messageId : "";
    expect(await client.messages.get(id)).toMatchObject({ messageId: id, url: destination.url });
    expect(await client.messages.cancel(id)).toEqual({ cancelled: 1 });
    await expect(client.messages.get(id)).rejects.toThrow(/not found/);
    await control("clock", { shiftMs: 120_000 });
    const { logs } = await client.logs({ filter: { messageId: id } });
    expect(logs.map(({ state }) => state)).toEqual(["CANCELLED", "CANCEL_REQUESTED", "CREATED"]);
    expect(destination.received).toHaveLength(0);
  });
});

describe("schedules with the official client", () => {
  test("are created, listed, paused, resumed, fired and deleted", async ({ expect }) => {
    const created = await client.schedules.create({
      destination: `${destination.url}/cron/reconcile`,
      cron: "CRON_TZ=Europe/Amsterdam */5 * * * *",
      scheduleId: "reconcile",
      retries: 0,
    });
    expect(created.scheduleId).toBe("reconcile");
    await client.schedules.pause({ schedule: "reconcile" });
    expect((await client.schedules.list()).map(({ isPaused }) => isPaused)).toEqual([true]);
    await control("clock", { shiftMs: 600_000 });
    expect(destination.received).toHaveLength(0);
    await client.schedules.resume({ schedule: "reconcile" });
    await control("clock", { shiftMs: 300_000 });
    const [received] = await waitForDeliveries(1);
    expect(received?.headers["upstash-schedule-id"]).toBe("reconcile");
    await control("schedules/reconcile/run");
    await waitForDeliveries(2);
    expect(await client.schedules.get("reconcile")).toMatchObject({
      cron: "CRON_TZ=Europe/Amsterdam */5 * * * *",
      destination: `${destination.url}/cron/reconcile`,
      retries: 0,
    });
    await client.schedules.delete("reconcile");
    expect(await client.schedules.list()).toEqual([]);
    const bad = client.schedules.create({ destination: destination.url, cron: "never" });
    await expect(bad).rejects.toThrow(/Invalid cron/);
  });
});

describe("the control API", () => {
  test("delivers a message again and shows every delivery", async ({ expect }) => {
    const published = await client.publish({ url: destination.url, body: "x" });
    const id = "messageId" in published ? published.messageId : "";
    await waitForDeliveries(1);
    expect(await control(`messages/${id}/duplicate`)).toEqual({ status: 200 });
    const deliveries = await (await fetch(`${server.url}/world/deliveries`)).json();
    expect(deliveries).toMatchObject([
      { messageId: id, isDuplicate: false, body: "x", status: 200 },
      { messageId: id, isDuplicate: true, body: "x", status: 200 },
    ]);
    expect(await control("messages/msg_unknown/duplicate")).toHaveProperty("error");
  });

  test("injects faults on publish and on deliver", async ({ expect }) => {
    await control("faults", { on: "publish", kind: "error", status: 503, body: "down" });
    await expect(client.publish({ url: destination.url })).rejects.toThrow(/down/);
    await control("faults", { on: "deliver", kind: "duplicate" });
    await client.publish({ url: destination.url });
    const received = await waitForDeliveries(2);
    expect(received[0]?.headers["upstash-message-id"]).toBe(
      received[1]?.headers["upstash-message-id"],
    );
    await control("faults", { on: "publish", kind: "accept-no-answer" });
    await expect(client.publish({ url: destination.url })).rejects.toThrow();
    await waitForDeliveries(3);
  });
});
