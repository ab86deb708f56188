import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import {
  type Net,
  NetFailure,
  type NetFailureKind,
  type NetRequest,
  type NetResponse,
  type NetSocket,
  type NetSocketHandlers,
} from "@raptor/shared/seams/net.ts";

const RESPONSE_BYTES_MAX = 8 * 1024 * 1024;
/**
 * Idle connections stay open for the next call: a TLS handshake costs more than most answers. Most
 * servers close one after a minute; with a limit of our own node:http also keeps to what a server
 * announces, so that we let go first and no call goes out on a connection that is closed meanwhile.
 */
const AGENT = {
  keepAlive: true,
  keepAliveMsecs: 15_000,
  maxSockets: 64,
  maxFreeSockets: 16,
  timeout: 55_000,
};
/** Codes of a connection that was never made: no byte of the request left the machine. */
const NEVER_SENT = new Set(["ECONNREFUSED", "ENOTFOUND"]);

/**
 * HTTP over kept-alive connections of node:http, and the platform's WebSocket. node:http answers
 * in half the time of the platform's fetch on loopback, and it never repeats a request by itself:
 * that is done here, once, for what is idempotent and met a kept connection that had been closed.
 */
export function createNodeNet(): Net & { close(): void } {
  const agents = { http: new HttpAgent(AGENT), https: new HttpsAgent(AGENT) };
  return {
    fetch: (request) => exchange(request, agents),
    connect: (url, handlers) => openSocket(url, handlers),
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

function exchange(
  request: NetRequest,
  agents: { http: HttpAgent; https: HttpsAgent },
): Promise<NetResponse> {
  const url = new URL(request.url);
  const isTls = url.protocol === "https:";
  const options: RequestOptions = {
    method: request.method,
    headers: {
      ...request.headers,
      ...(request.body === undefined
        ? {}
        : { "content-length": String(Buffer.byteLength(request.body)) }),
    },
  };
  return new Promise((resolve, reject) => {
    let outgoing: ClientRequest | undefined;
    let isOver = false;
    function fail(kind: NetFailureKind, cause?: unknown): void {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      outgoing?.destroy();
      reject(new NetFailure(kind, url.host, { cause }));
    }
    // sim-ok: this is the production end of the seam.
    const timer = setTimeout(() => fail("timeout"), request.timeoutMs);
    function send(agent: HttpAgent | false): void {
      const sent = (isTls ? httpsRequest : httpRequest)(url, { ...options, agent });
      outgoing = sent;
      let isAnswered = false;
      sent.on("error", (error) => {
        const kind = kindOf(error);
        const isStale = sent.reusedSocket && !isAnswered && kind === "reset";
        if (isStale && request.isIdempotent === true && !isOver) send(false);
        else fail(kind, error);
      });
      sent.on("response", (incoming) => {
        isAnswered = true;
        collect(incoming, request.responseBytesMax ?? RESPONSE_BYTES_MAX, fail, (body) => {
          if (isOver) return;
          isOver = true;
          clearTimeout(timer);
          resolve({ status: incoming.statusCode ?? 0, headers: headersOf(incoming), body });
        });
      });
      sent.end(request.body);
    }
    send(isTls ? agents.https : agents.http);
  });
}

/** Reads a whole body; an answer that ends before its time is a reset, never a short answer. */
function collect(
  incoming: IncomingMessage,
  bytesMax: number,
  fail: (kind: NetFailureKind, cause?: unknown) => void,
  done: (body: string) => void,
): void {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  incoming.on("data", (chunk: Buffer) => {
    byteCount += chunk.length;
    if (byteCount > bytesMax) return fail("too-large");
    chunks.push(chunk);
  });
  incoming.on("error", (error) => fail("reset", error));
  incoming.on("close", () => {
    if (incoming.complete) done(Buffer.concat(chunks).toString("utf8"));
    else fail("reset");
  });
}

function kindOf(error: Error): NetFailureKind {
  return NEVER_SENT.has(codeOf(error)) ? "refused" : "reset";
}

/** A host with several addresses fails with an aggregate; `refused` only if every try was. */
function codeOf(error: Error): string {
  if (error instanceof AggregateError) {
    const inner: unknown[] = error.errors;
    const codes = new Set(inner.map((one) => (one instanceof Error ? codeOf(one) : "")));
    const [only, ...others] = codes;
    return others.length === 0 ? (only ?? "") : "";
  }
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

function headersOf(incoming: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return headers;
}

function openSocket(url: string, handlers: NetSocketHandlers): NetSocket {
  const socket = new WebSocket(url);
  let isClosed = false;
  function close(reason: string): void {
    if (isClosed) return;
    isClosed = true;
    handlers.onClose(reason);
  }
  socket.addEventListener("open", () => handlers.onOpen());
  socket.addEventListener("message", (event) => {
    if (!isClosed && typeof event.data === "string") handlers.onMessage(event.data);
  });
  // Node reports a failed connect by an error event that may come without a close event.
  socket.addEventListener("error", () => close("error"));
  socket.addEventListener("close", (event) => close(`code ${event.code}`));
  return {
    send(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close() {
      socket.close();
      close("closed by us");
    },
  };
}
