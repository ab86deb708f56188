import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { DeliverPort, QstashAnswer, QstashCall } from "../../models/qstash-message.ts";

const ANSWER_BYTES_MAX = 1024 * 1024;

export interface HttpDeliverer {
  deliver: DeliverPort;
  /** Ends the calls that are still open. */
  close(): void;
}

/** Real HTTP without redirects, one connection per call, as bytes. */
export function createHttpDeliverer(clock: Clock): HttpDeliverer {
  const open = new Set<ClientRequest>();
  return {
    deliver: (call) => sendCall(call, open, clock),
    close: () => {
      for (const request of open) request.destroy(new Error("the queue is closing"));
    },
  };
}

function sendCall(call: QstashCall, open: Set<ClientRequest>, clock: Clock): Promise<QstashAnswer> {
  return new Promise((resolve, reject) => {
    const send = call.url.startsWith("https:") ? requestHttps : requestHttp;
    const headers = { ...call.headers, "content-length": String(call.body.length) };
    const request = send(call.url, { method: call.method, headers, agent: false });
    open.add(request);
    const ended = new AbortController();
    // A limit on the whole exchange: an answer that trickles in must not hold its place for ever.
    void clock.sleep(call.timeoutMs, ended.signal).then(() => {
      request.destroy(new Error("expected an answer within the timeout"));
    });
    request.on("close", () => {
      ended.abort();
      open.delete(request);
    });
    request.on("error", reject);
    request.on("response", (response) => {
      readAnswer(response).then(resolve, reject);
    });
    request.end(call.body);
  });
}

async function readAnswer(response: IncomingMessage): Promise<QstashAnswer> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of response) {
    byteCount += (chunk as Buffer).length;
    if (byteCount <= ANSWER_BYTES_MAX) chunks.push(chunk as Buffer);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return { status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks) };
}
