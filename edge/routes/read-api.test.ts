import { afterEach, describe, it, vi } from "vitest";
import { claimsOf, FakeWorld } from "../testing/fake-world.ts";
import { TEST_SETTINGS } from "../testing/settings.ts";

const ADMIN = { authorization: `Bearer ${TEST_SETTINGS.ADMIN_TOKEN}` };
const PERSON = { authorization: "Bearer rpt_0123456789abcdef0123456789abcdef" };

afterEach(() => void vi.useRealTimers());

function worldAnswering(status: number, body: unknown = {}): FakeWorld {
  const world = new FakeWorld();
  world.executor = () => ({ status, body });
  return world;
}

async function readOf(world: FakeWorld): Promise<unknown> {
  const [request] = world.requestsTo("executor.test");
  if (request === undefined) throw new Error("expected a read, was none");
  return (await claimsOf(request))["read"];
}

describe("a signed read", () => {
  it("asks as the admin for the admin token", async ({ expect }) => {
    const world = worldAnswering(200, { phase: "ready" });
    const response = await world.send("/v1/status", { headers: ADMIN });
    expect(await response.json()).toEqual({ phase: "ready" });
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await readOf(world)).toEqual({ kind: "status", principal: { kind: "admin" } });
    expect(world.requestsTo("executor.test")[0]).toMatchObject({
      url: "https://executor.test/reads",
      headers: { "content-type": "application/jose" },
    });
  });

  it("asks with the hash of a person's token, never with the token", async ({ expect }) => {
    const world = worldAnswering(200, { positions: [] });
    await world.send("/v1/positions", { headers: PERSON });
    // SHA-256 of the token as OpenSSL prints it, in base64url.
    expect(await readOf(world)).toEqual({
      kind: "positions",
      principal: { kind: "token", tokenSha256: "wDtiqLQv1yJeZYAD-bKM-eIkD2UBNKwQrxlA5Pe3Ih8" },
    });
    expect(JSON.stringify(world.requests)).not.toContain("rpt_");
  });

  it("passes page and job id on", async ({ expect }) => {
    const trades = worldAnswering(200, { trades: [] });
    await trades.send("/v1/trades?limit=7&before=99", { headers: ADMIN });
    expect(await readOf(trades)).toMatchObject({ kind: "trades", limit: 7, before: 99 });
    const job = worldAnswering(200, {});
    await job.send("/v1/jobs/tg%3A7001%3A5", { headers: ADMIN });
    expect(await readOf(job)).toMatchObject({ kind: "job", id: "tg:7001:5" });
  });

  it.for(["limit=0", "limit=201", "limit=1e2", "limit=-1", "before=0", "before=x", "limit="])(
    "is not sent for %s",
    async (query, { expect }) => {
      const world = worldAnswering(200);
      const response = await world.send(`/v1/trades?${query}`, { headers: ADMIN });
      expect(response.status).toBe(422);
      expect(await response.json()).toMatchObject({ code: "RAPTOR_EDGE__QUERY_INVALID" });
      expect(world.requestsTo("executor.test")).toEqual([]);
    },
  );

  it.for([
    [401, 401, "UNAUTHORIZED"],
    [403, 403, "FORBIDDEN"],
    [404, 404, "NOT_FOUND"],
    [503, 503, "EXECUTOR_UNREACHABLE"],
    [500, 502, "EXECUTOR_ANSWER"],
  ] as const)("answered with %i becomes problem %i", async ([from, to, code], { expect }) => {
    const response = await worldAnswering(from).send("/v1/status", { headers: PERSON });
    expect(response.status).toBe(to);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toMatchObject({
      type: expect.stringMatching(/^urn:raptor:problem:/),
      title: expect.any(String),
      status: to,
      detail: expect.any(String),
      instance: "/v1/status",
      code: `RAPTOR_EDGE__${code}`,
    });
  });

  it("is a 503 when the executor is silent or talks rubbish", async ({ expect }) => {
    const world = worldAnswering(200, "<html>");
    expect((await world.send("/v1/status", { headers: ADMIN })).status).toBe(503);
    world.executor = () => "timeout";
    expect((await world.send("/v1/status", { headers: ADMIN })).status).toBe(503);
  });
});

describe("without a usable token", () => {
  it.for([
    ["none", {}],
    ["another scheme", { authorization: "Basic YWRtaW46YWRtaW4=" }],
    ["a short one", { authorization: "Bearer short" }],
  ] as const)("(%s) nothing is read", async ([, headers], { expect }) => {
    const world = worldAnswering(200);
    for (const path of ["/v1/status", "/v1/positions", "/v1/trades", "/v1/jobs/x"]) {
      const response = await world.send(path, { headers });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toContain("Bearer");
    }
    expect(world.requestsTo("executor.test")).toEqual([]);
  });

  it("metrics stay closed, also to a person's token", async ({ expect }) => {
    const world = new FakeWorld();
    expect((await world.send("/v1/metrics")).status).toBe(401);
    expect((await world.send("/v1/metrics", { headers: PERSON })).status).toBe(401);
    const page = await (await world.send("/v1/metrics", { headers: ADMIN })).text();
    expect(page).toContain('raptor_edge_refusals_total{reason="token"} 2');
    expect(page).toContain('raptor_edge_requests_total{route="/v1/metrics",status="401"} 2');
  });
});

describe("the limit per address", () => {
  it("bites with Retry-After and lets go", async ({ expect }) => {
    const world = new FakeWorld({ RATE_API_IP_PER_MIN: "2" });
    const from = (ip: string) => world.send("/v1/health", { headers: { "cf-connecting-ip": ip } });
    expect((await from("192.0.2.1")).status).toBe(200);
    expect((await from("192.0.2.1")).status).toBe(200);
    const limited = await from("192.0.2.1");
    expect(limited.status).toBe(429);
    expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await from("192.0.2.2")).status).toBe(200);
    world.advance(60_000);
    expect((await from("192.0.2.1")).status).toBe(200);
  });

  it("counts all addresses of one IPv6 network as one", async ({ expect }) => {
    const world = new FakeWorld({ RATE_API_IP_PER_MIN: "2" });
    const from = async (ip: string) =>
      (await world.send("/v1/health", { headers: { "cf-connecting-ip": ip } })).status;
    expect(await from("2001:db8:0:7::1")).toBe(200);
    expect(await from("2001:db8::7:aaaa:bbbb:cccc:dddd")).toBe(200);
    expect(await from("2001:0DB8:0000:0007:ffff::2")).toBe(429);
    expect(await from("2001:db8:0:8::1")).toBe(200);
    expect(await from("2001:db8::1")).toBe(200);
    expect(await from("::ffff:192.0.2.1")).toBe(200);
    expect(await from("::ffff:192.0.2.2")).toBe(200);
    expect(await from("::ffff:192.0.2.3")).toBe(200);
  });

  it("is counted in the isolate without Redis", async ({ expect }) => {
    const world = new FakeWorld({ RATE_API_IP_PER_MIN: "2" });
    world.isRedisUp = false;
    const statuses: number[] = [];
    for (let at = 0; at < 3; at++) statuses.push((await world.send("/v1/health")).status);
    expect(statuses).toEqual([200, 200, 429]);
  });
});

describe("health", () => {
  it("names the phase and nothing private", async ({ expect }) => {
    const world = worldAnswering(200, { phase: "ready", tradingState: "reducing", wallet: "W" });
    expect(await (await world.send("/v1/health")).json()).toEqual({
      status: "ok",
      environment: "test",
      executor: { isReachable: true, phase: "ready", tradingState: "reducing" },
      redis: { ok: true },
      queue: { ok: null },
    });
  });

  it("shows what is away", async ({ expect }) => {
    const world = new FakeWorld();
    world.executor = () => "refused";
    world.isRedisUp = false;
    expect(await (await world.send("/v1/health")).json()).toMatchObject({
      status: "degraded",
      executor: { isReachable: false, phase: null },
      redis: { ok: false },
    });
  });
});

describe("openapi", () => {
  it("describes every public path, and every reference resolves", async ({ expect }) => {
    const document = await (await new FakeWorld().send("/openapi.json")).json<OpenApi>();
    expect(document.openapi).toBe("3.1.0");
    expect(Object.keys(document.paths).toSorted()).toEqual([
      "/admin/exits",
      "/admin/kill-switch",
      "/v1/health",
      "/v1/jobs/{id}",
      "/v1/metrics",
      "/v1/positions",
      "/v1/status",
      "/v1/trades",
    ]);
    const references = [
      ...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g),
    ];
    expect(references.length).toBeGreaterThan(10);
    for (const [, name = ""] of references) {
      expect(document.components.schemas[name]).toMatchObject({ type: "object" });
    }
    for (const path of Object.values(document.paths)) {
      for (const operation of Object.values(path)) {
        expect(operation.operationId).toMatch(/^[a-z][A-Za-z]+$/);
        expect(operation.responses["200"]).toBeDefined();
      }
    }
  });
});

it("answers unknown paths and methods with problems", async ({ expect }) => {
  const world = new FakeWorld();
  const unknown = await world.send("/v2/anything");
  expect([unknown.status, unknown.headers.get("content-type")]).toEqual([
    404,
    "application/problem+json",
  ]);
  const posted = await world.send("/v1/status", { method: "POST", headers: ADMIN });
  expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET"]);
});

interface OpenApi {
  openapi: string;
  paths: Record<
    string,
    Record<string, { operationId: string; responses: Record<string, unknown> }>
  >;
  components: { schemas: Record<string, unknown> };
}
