import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { gunzipSync, inflateSync } from "node:zlib";
import type {
  Deliver,
  WebhookAnswer,
  WebhookRequest,
} from "../../models/telegram/webhook-delivery.ts";

/** Far above any webhook answer; a longer one is cut off as a broken connection. */
const ANSWER_BYTES_MAX = 1024 * 1024;

const FAILURE_TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  ENOTFOUND: "Failed to resolve host: Name or service not known",
  ABORT_ERR: "Read timeout expired",
};

export interface HttpDelivery {
  deliver: Deliver;
  close(): void;
}

/** Sends updates over sockets that stay open between deliveries, as the real server does. */
export function createHttpDelivery(): HttpDelivery {
  const httpAgent = new HttpAgent({ keepAlive: true });
  const httpsAgent = new HttpsAgent({ keepAlive: true });
  return {
    async deliver(request) {
      try {
        const isHttps = request.url.startsWith("https:");
        return await exchange(request, isHttps ? httpsAgent : httpAgent);
      } catch (error) {
        const code = error instanceof Error && "code" in error ? String(error.code) : "";
        return { failure: FAILURE_TEXTS[code] ?? "Webhook connection closed" };
      }
    },
    close() {
      httpAgent.destroy();
      httpsAgent.destroy();
    },
  };
}

function exchange(request: WebhookRequest, agent: HttpAgent): Promise<WebhookAnswer> {
  return new Promise((resolve, reject) => {
    const send = agent instanceof HttpsAgent ? httpsRequest : httpRequest;
    const outgoing = send(
      request.url,
      {
        method: "POST",
        agent,
        signal: request.signal,
        headers: {
          ...request.headers,
          "content-length": String(Buffer.byteLength(request.body, "utf8")),
        },
      },
      (incoming) => readAnswer(incoming).then(resolve, reject),
    );
    outgoing.on("error", reject);
    outgoing.end(request.body);
  });
}

async function readAnswer(incoming: IncomingMessage): Promise<WebhookAnswer> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk as Buffer);
    byteCount += bytes.length;
    if (byteCount > ANSWER_BYTES_MAX) throw new Error("expected an answer of at most 1 MiB");
    chunks.push(bytes);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return {
    status: incoming.statusCode ?? 0,
    reason: incoming.statusMessage ?? "",
    headers,
    body: decode(Buffer.concat(chunks), headers["content-encoding"]).toString("utf8"),
  };
}

function decode(body: Buffer, encoding: string | undefined): Buffer {
  if (body.length === 0) return body;
  if (encoding === "gzip") return gunzipSync(body);
  if (encoding === "deflate") return inflateSync(body);
  return body;
}
