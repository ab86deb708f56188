import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, test } from "vitest";
import { createNodeNet } from "./node-net.ts";

const servers: Server[] = [];
const net = createNodeNet();

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Cuts a connection with its second request, as one that was closed while that was on its way. */
function serveOncePerConnection(asked: string[]): Promise<string> {
  const known = new Set<unknown>();
  return serve((incoming, outgoing) => {
    asked.push(String(incoming.headers["x-call"]));
    if (known.has(incoming.socket)) return incoming.socket.destroy();
    known.add(incoming.socket);
    outgoing.end("ok");
  });
}

describe("the production net", () => {
  test("hands over status, lower-case headers and body, also of an error", async ({ expect }) => {
    const url = await serve((incoming, outgoing) => {
      outgoing.writeHead(503, { "Retry-After": "7" });
      incoming.on("data", (chunk: Buffer) => outgoing.write(chunk));
      incoming.on("end", () => outgoing.end());
    });
    const request = { url, method: "POST" as const, body: "héllo", timeoutMs: 30_000 };
    const answer = await net.fetch(request);
    expect(answer).toMatchObject({ status: 503, body: "héllo" });
    expect(answer.headers["retry-after"]).toBe("7");
  });

  test("keeps the connection for the next call", async ({ expect }) => {
    const ports = new Set<number | undefined>();
    const url = await serve((incoming, outgoing) => {
      ports.add(incoming.socket.remotePort);
      outgoing.end("ok");
    });
    for (let n = 0; n < 3; n++) await net.fetch({ url, method: "GET", timeoutMs: 30_000 });
    expect(ports.size).toBe(1);
  });

  test("lets go of an idle connection before its server has said that it will", async ({
    expect,
  }) => {
    const ended = Promise.withResolvers<string>();
    const url = await serve((incoming, outgoing) => {
      incoming.socket.on("close", () => ended.resolve("by us"));
      outgoing.setHeader("keep-alive", "timeout=2").end("ok");
    });
    await net.fetch({ url, method: "GET", timeoutMs: 30_000 });
    const late = setTimeout(() => ended.resolve("by nobody"), 3_000);
    expect(await ended.promise).toBe("by us");
    clearTimeout(late);
  });

  test("asks anew what may be asked twice when a kept connection was closed", async ({
    expect,
  }) => {
    const asked: string[] = [];
    const url = await serveOncePerConnection(asked);
    const request = { url, method: "GET" as const, timeoutMs: 30_000, isIdempotent: true };
    await net.fetch({ ...request, headers: { "x-call": "first" } });
    const answer = await net.fetch({ ...request, headers: { "x-call": "second" } });
    expect(answer.body).toBe("ok");
    expect(asked).toEqual(["first", "second", "second"]);
  });

  test("asks nothing twice that may do more the second time", async ({ expect }) => {
    const asked: string[] = [];
    const url = await serveOncePerConnection(asked);
    const request = { url, method: "GET" as const, timeoutMs: 30_000 };
    await net.fetch({ ...request, headers: { "x-call": "first" } });
    const call = net.fetch({ ...request, headers: { "x-call": "second" } });
    await expect(call).rejects.toMatchObject({ kind: "reset" });
    expect(asked).toEqual(["first", "second"]);
  });

  test("asks a new connection that is cut only once", async ({ expect }) => {
    let calls = 0;
    const url = await serve((incoming) => {
      calls += 1;
      incoming.socket.destroy();
    });
    const call = net.fetch({ url, method: "GET", timeoutMs: 30_000, isIdempotent: true });
    await expect(call).rejects.toMatchObject({ kind: "reset" });
    expect(calls).toBe(1);
  });

  test("calls a closed port refused: the request did not leave", async ({ expect }) => {
    const url = await serve(() => undefined);
    servers.pop()?.close();
    const call = net.fetch({ url, method: "GET", timeoutMs: 30_000 });
    await expect(call).rejects.toMatchObject({ kind: "refused" });
  });

  test("calls silence a timeout", async ({ expect }) => {
    const url = await serve(() => undefined);
    const call = net.fetch({ url, method: "GET", timeoutMs: 50 });
    await expect(call).rejects.toMatchObject({ kind: "timeout" });
  });

  test("calls a connection cut before or inside the answer a reset", async ({ expect }) => {
    const cut = await serve((incoming) => incoming.socket.destroy());
    const before = net.fetch({ url: cut, method: "GET", timeoutMs: 30_000 });
    await expect(before).rejects.toMatchObject({ kind: "reset" });
    const half = await serve((incoming, outgoing) => {
      outgoing.writeHead(200, { "content-length": "100" });
      outgoing.write("half", () => incoming.socket.destroy());
    });
    const inside = net.fetch({ url: half, method: "GET", timeoutMs: 30_000 });
    await expect(inside).rejects.toMatchObject({ kind: "reset" });
  });

  test("ends an answer that is longer than agreed", async ({ expect }) => {
    const url = await serve((_incoming, outgoing) => outgoing.end("x".repeat(5_000)));
    const call = net.fetch({ url, method: "GET", timeoutMs: 30_000, responseBytesMax: 100 });
    await expect(call).rejects.toMatchObject({ kind: "too-large" });
  });

  test("reports a failed WebSocket connect exactly once", async ({ expect }) => {
    const url = await serve((_incoming, outgoing) => outgoing.writeHead(404).end());
    const reasons: string[] = [];
    await new Promise<void>((resolve) => {
      net.connect(url.replace("http", "ws"), {
        onOpen: () => reasons.push("open"),
        onMessage: () => reasons.push("message"),
        onClose(reason) {
          reasons.push(reason);
          setTimeout(resolve, 30);
        },
      });
    });
    expect(reasons).toHaveLength(1);
    expect(reasons).not.toContain("open");
  });
});
