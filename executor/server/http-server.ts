import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Log } from "@raptor/shared/seams/log.ts";
import { JWS_BYTES_MAX, JWS_CONTENT_TYPE } from "@raptor/shared/wire/jws.ts";
import type { ApiAnswer, ExecutorApi } from "./api.ts";
import type { HealthReport } from "./health.ts";

export interface HttpServerDeps {
  api: ExecutorApi;
  health(deep: boolean): Promise<HealthReport>;
  metricsText(): Promise<string>;
  log: Log;
  /** Broken invariants end the process. */
  onFatal(error: unknown): void;
}

export interface RunningServer {
  port: number;
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 10_000;
/** Sockets at once on the public port; the platform's proxy keeps few and reuses them. */
const CONNECTIONS_MAX = 1_000;

/** The public port: signed jobs, signed reads, health. Nothing else answers. */
export function startPublicServer(
  deps: HttpServerDeps,
  host: string,
  port: number,
): Promise<RunningServer> {
  return listen(
    createServer((request, response) => {
      answerPublic(deps, request, response).catch((error: unknown) => {
        if (!response.headersSent) send(response, { status: 500, body: { status: "error" } });
        deps.onFatal(error);
      });
    }),
    host,
    port,
  );
}

/** The private port: metrics for the platform's scraper. */
export function startMetricsServer(
  deps: Pick<HttpServerDeps, "metricsText" | "log">,
  host: string,
  port: number,
): Promise<RunningServer> {
  return listen(
    createServer((request, response) => {
      if (request.url !== "/metrics") return void send(response, { status: 404, body: {} });
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
    }),
    host,
    port,
  );
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
  if (request.method !== "POST") return send(response, deps.api.refuseUnread(405, "method"));
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

async function readBody(
  request: IncomingMessage,
): Promise<{ text: string } | "too-large" | "aborted"> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  try {
    for await (const chunk of request) {
      byteCount += (chunk as Buffer).length;
      if (byteCount > JWS_BYTES_MAX) return "too-large";
      chunks.push(chunk as Buffer);
    }
  } catch {
    // The sender went away before the end; there is nobody to answer and nothing was done.
    return "aborted";
  }
  return { text: Buffer.concat(chunks).toString("utf8") };
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

function listen(server: Server, host: string, port: number): Promise<RunningServer> {
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = 75_000;
  server.maxConnections = CONNECTIONS_MAX;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.removeListener("error", reject);
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeIdleConnections();
          }),
      });
    });
  });
}
