import type { SignJWT } from "jose";
import { CompactSign, importJWK } from "jose";
import { afterEach, describe, it, vi } from "vitest";
import { FakeWorld, pressUpdate, OUR_BUTTON, signDelivery } from "../testing/fake-world.ts";
import { TEST_SETTINGS } from "../testing/settings.ts";

const PATH = "/internal/redeliver";

afterEach(() => void vi.useRealTimers());

/** A world whose edge has queued one job, and that job as QStash holds it. */
async function queuedJob(): Promise<{ world: FakeWorld; jws: string }> {
  const world = new FakeWorld();
  world.executor = () => ({ status: 503 });
  await world.update(pressUpdate(OUR_BUTTON, { updateId: 33 }));
  const jws = world.requestsTo("qstash.test")[0]?.body ?? "";
  world.executor = () => ({ status: 202, body: { status: "accepted", epoch: 2 } });
  world.requests.length = 0;
  return { world, jws };
}

async function deliver(world: FakeWorld, body: string, more: { key?: string; url?: string } = {}) {
  const headers = await signDelivery({ path: PATH, body, nowMs: world.nowMs, ...more });
  return world.send(PATH, { method: "POST", headers, body });
}

describe("a redelivered job", () => {
  it("is signed anew with the same id, long after its own signature expired", async ({
    expect,
  }) => {
    const { world, jws } = await queuedJob();
    const before = (await world.jobs()).length;
    world.advance(3_600_000);
    const response = await deliver(world, jws);
    expect(response.status).toBe(200);
    const [job] = await world.jobs();
    expect([before, job?.id]).toEqual([0, "tg:7001:33"]);
    expect(world.requestsTo("executor.test")[0]?.body).not.toBe(jws);
  });

  it("holds with the next signing key as well", async ({ expect }) => {
    const { world, jws } = await queuedJob();
    const key = TEST_SETTINGS.QSTASH_NEXT_SIGNING_KEY;
    expect((await deliver(world, jws, { key })).status).toBe(200);
  });

  it("answers 503 while the executor is down, so that QStash tries again", async ({ expect }) => {
    const { world, jws } = await queuedJob();
    world.executor = () => ({ status: 503 });
    const response = await deliver(world, jws);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, null]);
    world.executor = () => "timeout";
    expect((await deliver(world, jws)).status).toBe(503);
  });

  it("stays with the queue when a success does not carry the executor's words", async ({
    expect,
  }) => {
    const { world, jws } = await queuedJob();
    world.executor = () => ({ status: 200, body: "<html>upstream</html>" });
    expect((await deliver(world, jws)).status).toBe(503);
  });

  it("stays with the queue when the executor does not trust our signature", async ({ expect }) => {
    const { world, jws } = await queuedJob();
    world.executor = () => ({ status: 401 });
    const response = await deliver(world, jws);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "10"]);
    expect(response.headers.has("upstash-nonretryable-error")).toBe(false);
  });

  it("answers 489 when the executor refuses it for good", async ({ expect }) => {
    const { world, jws } = await queuedJob();
    world.executor = () => ({ status: 422 });
    const response = await deliver(world, jws);
    expect(response.status).toBe(489);
    expect(response.headers.get("upstash-nonretryable-error")).toBe("true");
  });
});

describe("a job that waited while the edge's key was changed", () => {
  async function newKey(kid: string): Promise<string> {
    const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
    if (!("privateKey" in pair)) throw new Error("expected a key pair");
    const { x, d } = (await crypto.subtle.exportKey("jwk", pair.privateKey)) as JsonWebKey;
    return JSON.stringify({ kty: "OKP", crv: "Ed25519", kid, x, d });
  }
  const { kty, crv, kid, x } = JSON.parse(TEST_SETTINGS.EDGE_SIGNING_JWK) as Record<string, string>;
  const EDGE_RETIRED_JWKS = JSON.stringify({ keys: [{ kty, crv, kid, x }] });

  it("is taken while the old key is named, and signed with the new one", async ({ expect }) => {
    const { jws } = await queuedJob();
    const EDGE_SIGNING_JWK = await newKey("edge-new");
    const world = new FakeWorld({ EDGE_SIGNING_JWK, EDGE_RETIRED_JWKS });
    expect((await deliver(world, jws)).status).toBe(200);
    const [head = ""] = (world.requestsTo("executor.test")[0]?.body ?? "").split(".");
    expect(atob(head)).toContain('"edge-new"');
  });

  it("is refused when it is not, or when a new key has the old one's name", async ({ expect }) => {
    const { jws } = await queuedJob();
    const changed = new FakeWorld({ EDGE_SIGNING_JWK: await newKey("edge-new") });
    expect((await deliver(changed, jws)).status).toBe(489);
    const EDGE_SIGNING_JWK = await newKey("edge-test");
    const namesake = new FakeWorld({ EDGE_SIGNING_JWK, EDGE_RETIRED_JWKS });
    expect((await deliver(namesake, jws)).status).toBe(489);
  });
});

describe("a delivery that is not QStash's", () => {
  it.for([
    ["another key", { key: "sig_of_somebody_else" }],
    ["another url", { url: "https://edge.test/cron/reconcile" }],
  ] as const)("with %s is refused", async ([, more], { expect }) => {
    const { world, jws } = await queuedJob();
    const response = await deliver(world, jws, more);
    expect(response.status).toBe(401);
    expect(world.requests).toEqual([]);
  });

  it("without a signature, or with another body, is refused", async ({ expect }) => {
    const { world, jws } = await queuedJob();
    expect((await world.send(PATH, { method: "POST", body: jws })).status).toBe(401);
    const headers = await signDelivery({ path: PATH, body: jws, nowMs: world.nowMs });
    const changed = await world.send(PATH, { method: "POST", headers, body: `${jws}x` });
    expect(changed.status).toBe(401);
    expect(world.requests).toEqual([]);
  });

  it("with an expired signature is refused", async ({ expect }) => {
    const { world, jws } = await queuedJob();
    const headers = await signDelivery({ path: PATH, body: jws, nowMs: world.nowMs });
    world.advance(306_000);
    expect((await world.send(PATH, { method: "POST", headers, body: jws })).status).toBe(401);
    const page = await world.send("/v1/metrics", {
      headers: { authorization: `Bearer ${TEST_SETTINGS.ADMIN_TOKEN}` },
    });
    expect(await page.text()).toContain('reason="queue-signature-expired"} 1');
  });

  it("with alg none is refused", async ({ expect }) => {
    const { world, jws } = await queuedJob();
    const headers = await signDelivery({ path: PATH, body: jws, nowMs: world.nowMs });
    const [, claims] = (headers["upstash-signature"] ?? "").split(".");
    const head = btoa('{"alg":"none"}').replace(/=+$/, "");
    const forged = { ...headers, "upstash-signature": `${head}.${claims}.` };
    const response = await world.send(PATH, { method: "POST", headers: forged, body: jws });
    expect(response.status).toBe(401);
  });

  it("that is oversized is refused unread", async ({ expect }) => {
    const { world } = await queuedJob();
    expect((await deliver(world, "x".repeat(40_000))).status).toBe(413);
  });
});

describe("a job that this edge did not sign", () => {
  async function forge(
    header: { alg: string; kid?: string; typ?: string },
    key: Parameters<SignJWT["sign"]>[0],
    jws: string,
  ) {
    const claims = atob((jws.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"));
    return new CompactSign(new TextEncoder().encode(claims)).setProtectedHeader(header).sign(key);
  }
  const good = { alg: "Ed25519", kid: "edge-test", typ: "raptor-job+jwt" };

  it("is refused with 489 whatever is wrong with it", async ({ expect }) => {
    const { world, jws } = await queuedJob();
    const own = await importJWK(JSON.parse(TEST_SETTINGS.EDGE_SIGNING_JWK), "Ed25519");
    const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
    if (!("privateKey" in pair)) throw new Error("expected a key pair");
    const [head = "", body = "", signature = ""] = jws.split(".");
    const none = btoa('{"alg":"none","kid":"edge-test","typ":"raptor-job+jwt"}').replace(/=+$/, "");
    const hmac = new TextEncoder().encode("0123456789abcdef0123456789abcdef");
    const forged = [
      await forge(good, pair.privateKey, jws),
      await forge({ ...good, typ: "raptor-read+jwt" }, own, jws),
      await forge({ ...good, kid: "other" }, own, jws),
      await forge({ ...good, alg: "HS256" }, hmac, jws),
      `${none}.${body}.`,
      `${head}.${body.slice(0, -4)}AAAA.${signature}`,
      "rubbish",
      "",
    ];
    for (const body of forged) {
      const response = await deliver(world, body);
      expect(response.status).toBe(489);
      expect(response.headers.get("upstash-nonretryable-error")).toBe("true");
    }
    // The same helper with nothing wrong passes, so the refusals above are not the helper's.
    expect((await deliver(world, await forge(good, own, jws))).status).toBe(200);
    expect((await world.jobs()).length).toBe(1);
  });

  it("is refused when it was meant for another environment", async ({ expect }) => {
    const { jws } = await queuedJob();
    const world = new FakeWorld({ ENVIRONMENT: "staging" });
    expect((await deliver(world, jws)).status).toBe(489);
  });
});
