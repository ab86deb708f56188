import { exports } from "cloudflare:workers";
import { describe, it } from "vitest";
import { createWorker } from "./worker.ts";
import { FakeWorld, MINT, OUR_BUTTON, pressUpdate, textUpdate } from "./testing/fake-world.ts";
import { TEST_SECRETS, TEST_SETTINGS } from "./testing/settings.ts";

const WEBHOOK = "https://edge.test/telegram/webhook";

function post(update: unknown, secret: string): Promise<Response> {
  return exports.default.fetch(WEBHOOK, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-telegram-bot-api-secret-token": secret,
    },
    body: JSON.stringify(update),
  });
}

describe("the Worker", () => {
  it("takes an update over real fetch, key and clock", async ({ expect }) => {
    const response = await post(textUpdate("/start"), TEST_SETTINGS.TELEGRAM_WEBHOOK_SECRET);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      method: "sendMessage",
      text: "taken by the outside",
    });
  });

  it("refuses a wrong secret", async ({ expect }) => {
    expect((await post(textUpdate("/start"), "wrong")).status).toBe(401);
  });

  it("survives garbage from Redis and shows it in its health", async ({ expect }) => {
    // The outside answers the limiter's script with null, which is no count.
    const response = await exports.default.fetch("https://edge.test/v1/health");
    expect(await response.json()).toMatchObject({
      executor: { isReachable: true, phase: "ready", tradingState: "active" },
    });
  });
});

it("answers 500 naming the settings, never their values", async ({ expect }) => {
  const reported: string[] = [];
  const fetch = createWorker(
    () => {
      throw new Error("expected no start with unusable settings");
    },
    (problems) => void reported.push(problems),
  );
  const bindings = { ...TEST_SETTINGS, ADMIN_TOKEN: "too-short-to-use" };
  for (let at = 0; at < 2; at++) {
    const response = await fetch(new Request("https://edge.test/v1/health"), bindings);
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).toContain("ADMIN_TOKEN");
    expect(text).not.toContain("too-short-to-use");
  }
  expect(reported.length).toBe(1);
});

it("never shows a secret in an answer or a log line", async ({ expect }) => {
  const world = new FakeWorld();
  const shown: string[] = [];
  const secrets = TEST_SECRETS;
  for (const mode of ["up", "timeout", "refusing"] as const) {
    world.isRedisUp = mode === "up";
    world.executor = () =>
      mode === "up"
        ? { status: 202, body: { status: "accepted", epoch: 1 } }
        : mode === "timeout"
          ? "timeout"
          : { status: 401 };
    world.qstash = () => (mode === "up" ? { status: 200 } : { status: 401, body: "no" });
    for (const update of [
      textUpdate("/start"),
      textUpdate(`/buy ${MINT} 1`),
      pressUpdate(OUR_BUTTON),
    ]) {
      shown.push(await (await world.update(update)).text());
    }
    for (const path of ["/v1/health", "/v1/status", "/v1/metrics", "/openapi.json", "/nothing"]) {
      const headers = { authorization: `Bearer ${TEST_SETTINGS.ADMIN_TOKEN}` };
      shown.push(await (await world.send(path, { headers })).text());
    }
  }
  const everything = [...shown, ...world.logLines].join("\n");
  expect(everything.length).toBeGreaterThan(5_000);
  for (const secret of secrets) expect(everything).not.toContain(secret);
});
