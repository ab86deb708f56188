import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { FAULT_KINDS, type Fault, type FaultKind, type FaultPlan } from "../faults/fault-plan.ts";

export interface SimRequest {
  method: string;
  /** Path and query exactly as received, never decoded. */
  rawUrl: string;
  path: string;
  query: URLSearchParams;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
}

export interface SimResponse {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

export interface SimServerOptions {
  name: string;
  clock: Clock;
  faults: FaultPlan;
  /** Zero or absent picks a free port. */
  port?: number;
  /** Names the operation that faults refer to. */
  operationOf(request: SimRequest): string;
  handle(request: SimRequest): SimResponse | Promise<SimResponse>;
}

export interface SimServer {
  url: string;
  server: Server;
  close(): Promise<void>;
}

const BODY_BYTES_MAX = 16 * 1024 * 1024;
const HTTP_FAULTS: readonly FaultKind[] = FAULT_KINDS.filter(
  (kind) => kind !== "stale" && kind !== "silent",
);

export function json(status: number, value: unknown): SimResponse {
  return {
    status,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(value),
  };
}

/** A loopback HTTP server whose every call passes the fault plan first. */
export async function startSimServer(options: SimServerOptions): Promise<SimServer> {
  const held = new Map<string, () => void>();
  const server = createServer((incoming, outgoing) => {
    answer(options, held, incoming, outgoing).catch((error: unknown) => {
      process.stderr.write(`${options.name} stand-in: ${String((error as Error).stack)}\n`);
      outgoing.destroy();
    });
  });
  server.keepAliveTimeout = 30_000;
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  options: SimServerOptions,
  held: Map<string, () => void>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const request = await readRequest(incoming);
  if (request.path === "/world/faults")
    return send(outgoing, answerFaults(options.faults, request));
  // The control API steers the world; a fault on everything must not take it away.
  if (request.path.startsWith("/world/")) return send(outgoing, await options.handle(request));
  const operation = options.operationOf(request);
  const fault = options.faults.take(operation, HTTP_FAULTS);
  if (fault?.kind === "drop") return void outgoing.destroy();
  if (fault?.kind === "error") return send(outgoing, { status: fault.status, body: fault.body });
  if (fault?.kind === "delay") await options.clock.sleep(fault.ms);
  if (fault?.kind === "reorder") await holdUntilNext(options.clock, held, operation);
  if (fault?.kind === "duplicate") await options.handle(request);
  const response = await options.handle(request);
  held.get(operation)?.();
  if (fault?.kind === "accept-no-answer") return void outgoing.destroy();
  send(outgoing, response);
}

function holdUntilNext(clock: Clock, held: Map<string, () => void>, key: string): Promise<void> {
  const abort = new AbortController();
  held.set(key, () => {
    held.delete(key);
    abort.abort();
  });
  return clock.sleep(2_000, abort.signal);
}

function answerFaults(faults: FaultPlan, request: SimRequest): SimResponse {
  if (request.method === "GET") {
    return json(200, { faults: faults.list(), hits: Object.fromEntries(faults.hits) });
  }
  if (request.method === "DELETE") {
    faults.clear();
    return json(200, { faults: [] });
  }
  const body = JSON.parse(request.body.toString("utf8")) as Partial<Fault>;
  const kind = FAULT_KINDS.find((known) => known === body.kind);
  if (typeof body.on !== "string" || kind === undefined) {
    return json(400, {
      error: `expected {on: operation or "*", kind: ${FAULT_KINDS.join("|")}, ms?, status?, body?, count?, chance?}`,
    });
  }
  return json(200, faults.add({ ...body, on: body.on, kind }));
}

async function readRequest(incoming: IncomingMessage): Promise<SimRequest> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of incoming) {
    byteCount += (chunk as Buffer).length;
    if (byteCount > BODY_BYTES_MAX) throw new Error("expected a body of at most 16 MiB");
    chunks.push(chunk as Buffer);
  }
  const rawUrl = incoming.url ?? "/";
  const mark = rawUrl.indexOf("?");
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return {
    method: incoming.method ?? "GET",
    rawUrl,
    path: mark === -1 ? rawUrl : rawUrl.slice(0, mark),
    query: new URLSearchParams(mark === -1 ? "" : rawUrl.slice(mark + 1)),
    headers,
    body: Buffer.concat(chunks),
  };
}

function send(outgoing: ServerResponse, response: SimResponse): void {
  outgoing.writeHead(response.status, {
    "access-control-allow-origin": "*",
    ...response.headers,
  });
  outgoing.end(response.body ?? "");
}
