import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import { JWS_BYTES_MAX, JWS_CONTENT_TYPE } from "@raptor/shared/wire/jws.ts";
import type { ApiAnswer, ExecutorApi } from "./api.ts";
import type { HealthReport } from "./health.ts";

export interface HttpServerDeps {
  api: Pick<ExecutorApi, "job" | "read" | "refuseUnread">;
  health(deep: boolean): Promise<HealthReport>;
  metricsText(): Promise<string>;
  log: Log;
  clock: Clock;
  /** Broken invariants end the process. */
  onFatal(error: unknown): void;
}

export interface RunningServer {
  port: number;
  /** Lets requests under way end, for a moment; then nobody can hold the port by being slow. */
  close(): Promise<void>;
}

export interface ServerLimits {
  /** For the head of a request, from its first byte. */
  headersTimeoutMs: number;
  /** For a whole request, from its first byte. */
  requestTimeoutMs: number;
  /** How often slow senders are looked for: Node's own default would let them stay for 30 s. */
  checkIntervalMs: number;
  /** Sockets at once on the port; the platform's proxy keeps few and reuses them. */
  connectionsMax: number;
  /** How long requests under way may take once the port closes. */
  closeGraceMs: number;
}

export const SERVER_LIMITS: ServerLimits = {
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  checkIntervalMs: 1_000,
  connectionsMax: 1_000,
  closeGraceMs: 1_000,
};
/** Longer than the platform's proxy keeps an idle connection, so that the proxy closes first. */
const KEEP_ALIVE_MS = 75_000;

/** The public port: signed jobs, signed reads, health. Nothing else answers. */
export function startPublicServer(
  deps: HttpServerDeps,
  address: { host: string; port: number },
  limits: ServerLimits = SERVER_LIMITS,
): Promise<RunningServer> {
  return listen(deps, address, limits, (request, response) => {
    answerPublic(deps, request, response).catch((error: unknown) => {
      if (!response.headersSent) send(response, { status: 500, body: { status: "error" } });
      deps.onFatal(error);
    });
  });
}

/** The private port: metrics for the platform's scraper. */
export function startMetricsServer(
  deps: Pick<HttpServerDeps, "metricsText" | "log" | "clock">,
  address: { host: string; port: number },
  limits: ServerLimits = SERVER_LIMITS,
): Promise<RunningServer> {
  return listen(deps, address, limits, (request, response) => {
    if (request.url !== "/metrics") return send(response, { status: 404, body: {} });
    deps
      .metricsText()
      .then((text) => {
        response.writeHead(200, { "content-type": "text/plain; version=0.0.4" });
        response.end(text);
      })
      .catch((error: unknown) => {
        deps.log.error({ cause: String(error) }, "metrics failed");
        response.destroy();
      });
  });
}

async function answerPublic(
  deps: HttpServerDeps,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path, query = ""] = (request.url ?? "/").split("?", 2);
  if (request.method === "GET" && path === "/health") {
    const report = await deps.health(new URLSearchParams(query).get("deep") === "1");
    return send(response, { status: report.status, body: report.body });
  }
  if (path !== "/jobs" && path !== "/reads") return send(response, problem(404, "not-found"));
  if (request.method !== "POST") {
    response.setHeader("allow", "POST");
    return send(response, deps.api.refuseUnread(405, "method"));
  }
  if (request.headers["content-type"] !== JWS_CONTENT_TYPE) {
    return send(response, deps.api.refuseUnread(415, "content-type"));
  }
  const body = await readBody(request);
  if (body === "too-large") {
    response.setHeader("connection", "close");
    return send(response, deps.api.refuseUnread(413, "too-large"));
  }
  if (body === "aborted") return;
  send(response, path === "/jobs" ? await deps.api.job(body.text) : deps.api.read(body.text));
}

/** Reads no more than the limit; the rest of a longer body is not waited for. */
function readBody(request: IncomingMessage): Promise<{ text: string } | "too-large" | "aborted"> {
  if (Number(request.headers["content-length"] ?? 0) > JWS_BYTES_MAX) {
    return Promise.resolve("too-large");
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let byteCount = 0;
    request.on("data", (chunk: Buffer) => {
      byteCount += chunk.length;
      // What follows is thrown away, so that the answer still finds its way to the sender.
      if (byteCount > JWS_BYTES_MAX) return resolve("too-large");
      chunks.push(chunk);
    });
    request.once("end", () => resolve({ text: Buffer.concat(chunks).toString("utf8") }));
    // The sender went away before the end; there is nobody to answer and nothing was done.
    request.once("close", () => resolve("aborted"));
  });
}

function problem(status: number, code: string): ApiAnswer {
  return { status, body: { status: "error", code, epoch: 0 } };
}

function send(response: ServerResponse, answer: ApiAnswer): void {
  if (response.destroyed) return;
  const text = JSON.stringify(answer.body);
  response.writeHead(answer.status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    ...(answer.retryAfterS === undefined ? {} : { "retry-after": String(answer.retryAfterS) }),
  });
  response.end(text);
}

function listen(
  deps: Pick<HttpServerDeps, "log" | "clock">,
  { host, port }: { host: string; port: number },
  limits: ServerLimits,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<RunningServer> {
  const server = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    answer,
  );
  server.maxConnections = limits.connectionsMax;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.removeListener("error", reject);
      // A failed accept (too many open files) costs that caller its connection, not the desk.
      server.on("error", (error) => {
        deps.log.error({ cause: error.message }, "a connection could not be accepted");
      });
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () => close(server, deps.clock, limits.closeGraceMs),
      });
    });
  });
}

async function close(server: Server, clock: Clock, graceMs: number): Promise<void> {
  const closed = new AbortController();
  const ended = new Promise<void>((resolve) => {
    server.close(() => {
      closed.abort();
      resolve();
    });
  });
  await clock.sleep(graceMs, closed.signal);
  server.closeAllConnections();
  await ended;
}
