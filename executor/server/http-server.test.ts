import { afterEach, describe, it, vi } from "vitest";
import { JWS_BYTES_MAX, JWS_CONTENT_TYPE } from "@raptor/shared/wire/jws.ts";
import {
  headOf,
  HOST,
  pause,
  RawClient,
  startTestServer,
  type TestServer,
} from "./http-fixture.ts";
import { SERVER_LIMITS, startMetricsServer } from "./http-server.ts";
import { createNodeClock } from "./node-seams.ts";

const servers: TestServer[] = [];
async function start(options: Parameters<typeof startTestServer>[0] = {}): Promise<TestServer> {
  const server = await startTestServer(options);
  servers.push(server);
  return server;
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map(({ server }) => server.close()));
});

const post = (url: string, body: string, type: string = JWS_CONTENT_TYPE): Promise<Response> =>
  fetch(url, { method: "POST", body, headers: { "content-type": type } });

describe("the public port", () => {
  it("hands jobs and reads on and answers in JSON that nobody stores", async ({ expect }) => {
    const { url, calls } = await start();
    const job = await post(`${url}/jobs`, "a.b.c");
    const read = await post(`${url}/reads?x=1`, "d.e.f");
    expect([job.status, read.status]).toEqual([202, 200]);
    expect(await job.json()).toEqual({ status: "accepted" });
    expect(job.headers.get("content-type")).toBe("application/json");
    expect(job.headers.get("cache-control")).toBe("no-store");
    expect(calls).toEqual(["job a.b.c", "read d.e.f"]);
  });

  it("says when to come again", async ({ expect }) => {
    const busy = { status: 503, body: {}, retryAfterS: 2 };
    const { url } = await start({ job: () => Promise.resolve(busy) });
    const response = await post(`${url}/jobs`, "a.b.c");
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("2");
  });

  it.for(["/", "/metrics", "/jobs/", "/job", "/jobs/../reads/x", "//jobs", "/health/"])(
    "knows nothing of %s",
    async (path, { expect }) => {
      const { server, calls } = await start();
      const client = new RawClient(server.port);
      client.socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
      expect(await client.status()).toBe("HTTP/1.1 404 Not Found");
      expect(calls).toEqual([]);
    },
  );

  it.for(["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])(
    "refuses %s of a job and names the method that works",
    async (method, { expect }) => {
      const { url, calls } = await start();
      const response = await fetch(`${url}/jobs`, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("POST");
      expect(calls).toEqual(["unread method"]);
    },
  );

  it.for(["application/json", "text/plain", `${JWS_CONTENT_TYPE}; charset=utf-8`, ""])(
    "does not read a body of type '%s'",
    async (type, { expect }) => {
      const { url, calls } = await start();
      expect((await post(`${url}/jobs`, "a.b.c", type)).status).toBe(415);
      expect(calls).toEqual(["unread content-type"]);
    },
  );

  it("tells a shallow look from a deep one and passes the verdict on", async ({ expect }) => {
    const { url, deepLooks } = await start();
    for (const query of ["", "?deep=1", "?deep=0", "?deep"]) {
      expect((await fetch(`${url}/health${query}`)).status).toBe(200);
    }
    expect(deepLooks).toEqual([false, true, false, false]);
    expect((await fetch(`${url}/health`, { method: "POST" })).status).toBe(404);
  });

  it("answers 500 and reports it when a broken invariant shows", async ({ expect }) => {
    const broken = new Error("broken");
    const { url, fatal } = await start({ job: () => Promise.reject(broken) });
    expect((await post(`${url}/jobs`, "a.b.c")).status).toBe(500);
    expect(fatal).toEqual([broken]);
  });
});

describe("a body", () => {
  it("of the greatest length is read whole", async ({ expect }) => {
    const { url, calls } = await start();
    expect((await post(`${url}/jobs`, "a".repeat(JWS_BYTES_MAX))).status).toBe(202);
    expect(calls[0]).toHaveLength(JWS_BYTES_MAX + "job ".length);
  });

  it("that says it is longer is refused before it comes", async ({ expect }) => {
    const { server, calls } = await start();
    const client = new RawClient(server.port);
    client.socket.write(headOf("/jobs", JWS_BYTES_MAX + 1));
    expect(await client.status()).toBe("HTTP/1.1 413 Payload Too Large");
    await client.closed;
    expect(calls).toEqual(["unread too-large"]);
  });

  it("that turns out longer is answered with 413, not with a cut line", async ({ expect }) => {
    const { server, calls } = await start();
    const client = new RawClient(server.port);
    const head = `POST /jobs HTTP/1.1\r\nhost: x\r\ncontent-type: ${JWS_CONTENT_TYPE}\r\n`;
    client.socket.write(`${head}transfer-encoding: chunked\r\n\r\n`);
    for (let sent = 0; sent <= JWS_BYTES_MAX; sent += 4_096) {
      client.socket.write(`1000\r\n${"a".repeat(4_096)}\r\n`);
    }
    expect(await client.status()).toBe("HTTP/1.1 413 Payload Too Large");
    await client.closed;
    expect(calls).toEqual(["unread too-large"]);
  });

  it("that breaks off reaches nobody, and the next one does", async ({ expect }) => {
    const { server, url, calls, fatal } = await start();
    const client = new RawClient(server.port);
    client.socket.write(`${headOf("/jobs", 100)}half of it`);
    await pause(20);
    client.socket.destroy();
    await client.closed;
    expect((await post(`${url}/jobs`, "a.b.c")).status).toBe(202);
    expect(calls).toEqual(["job a.b.c"]);
    expect(fatal).toEqual([]);
  });
});

const IMPATIENT = { headersTimeoutMs: 100, requestTimeoutMs: 150, checkIntervalMs: 20 };

describe("slow senders", () => {
  it.for<[string, string, string]>([
    ["head", "POST /jobs HTTP/1.1\r\nhost: x\r\nx-", "a"],
    ["body", headOf("/jobs", 1_000), "a"],
  ])("of a %s are sent away in time", async ([, opening, drip], { expect }) => {
    const { server, calls } = await start({ limits: IMPATIENT });
    const client = new RawClient(server.port);
    const startedMs = performance.now();
    client.socket.write(opening);
    const dripping = setInterval(() => client.socket.write(drip), 10);
    await client.closed;
    clearInterval(dripping);
    // With the limits of production it is five seconds and more.
    expect(performance.now() - startedMs).toBeLessThan(4_000);
    expect(client.received).toMatch(/^HTTP\/1\.1 408 /);
    expect(calls).toEqual([]);
  });

  it("are found often enough with the limits of production", ({ expect }) => {
    expect(SERVER_LIMITS.checkIntervalMs).toBeLessThanOrEqual(1_000);
    expect(SERVER_LIMITS.requestTimeoutMs).toBeLessThanOrEqual(10_000);
  });

  it("cannot take more sockets than there are", async ({ expect }) => {
    const { server } = await start({ limits: { connectionsMax: 2 } });
    const clients = Array.from({ length: 3 }, () => new RawClient(server.port));
    await Promise.race(clients.map(({ closed }) => closed));
    expect(clients.filter(({ socket }) => !socket.closed)).toHaveLength(2);
    for (const { socket } of clients) socket.destroy();
  });
});

describe("closing", () => {
  it("answers what is under way and then ends its connection", async ({ expect }) => {
    const release: (() => void)[] = [];
    const { server } = await start({
      job: () => new Promise((resolve) => release.push(() => resolve({ status: 202, body: {} }))),
    });
    const client = new RawClient(server.port);
    client.socket.write(`${headOf("/jobs", 1)}a`);
    await vi.waitFor(() => expect(release).toHaveLength(1), 30_000);
    const closing = server.close();
    release[0]?.();
    await closing;
    expect(await client.status()).toBe("HTTP/1.1 202 Accepted");
  });

  it("waits for no slow sender", async ({ expect }) => {
    const { server } = await start({ limits: { closeGraceMs: 50 } });
    const client = new RawClient(server.port);
    client.socket.write(`${headOf("/jobs", 1_000)}half`);
    await pause(20);
    // It would wait for what never comes.
    await server.close();
    await client.closed;
    expect(client.received).toBe("");
  });

  it("refuses new connections at once", async ({ expect }) => {
    const { server, url } = await start();
    await server.close();
    await expect(fetch(`${url}/health`)).rejects.toThrow("fetch failed");
  });
});

describe("the metrics port", () => {
  const log = { debug() {}, info() {}, warn() {}, error: vi.fn() };

  it("shows metrics and nothing else", async ({ expect }) => {
    const deps = { metricsText: async () => "raptor_up 1\n", log, clock: createNodeClock() };
    const server = await startMetricsServer(deps, { host: HOST, port: 0 });
    const at = (path: string) => fetch(`http://${HOST}:${server.port}${path}`);
    const metrics = await at("/metrics");
    expect(await metrics.text()).toBe("raptor_up 1\n");
    expect(metrics.headers.get("content-type")).toBe("text/plain; version=0.0.4");
    expect((await at("/jobs")).status).toBe(404);
    await server.close();
  });

  it("breaks the line and logs when the figures cannot be had", async ({ expect }) => {
    const metricsText = (): Promise<string> => Promise.reject(new Error("no figures"));
    const server = await startMetricsServer(
      { metricsText, log, clock: createNodeClock() },
      { host: HOST, port: 0 },
    );
    await expect(fetch(`http://${HOST}:${server.port}/metrics`)).rejects.toThrow("fetch failed");
    expect(log.error).toHaveBeenCalledWith({ cause: "Error: no figures" }, "metrics failed");
    await server.close();
  });
});
