import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { isRecord } from "../../models/telegram/objects.ts";
import type { TelegramModel } from "../../models/telegram.ts";
import { json, type SimResponse } from "../http.ts";
import { answerControl } from "./control.ts";

const CONTROL_BYTES_MAX = 1024 * 1024;
/** Keeps proxies and sleeping tabs from closing a quiet stream. */
const STREAM_RETRY_MS = 1_000;

const CORS_HEADERS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, POST, DELETE",
  "access-control-allow-headers": "*",
};

/**
 * Puts the page, its event stream and the control API before the Bot API's listener, so that a
 * fault on `*` breaks the bot's calls and never the hands that steer the world.
 */
export function installFront(server: Server, model: TelegramModel, pageHtml: string): void {
  const inner = server.listeners("request") as RequestListener[];
  server.removeAllListeners("request");
  server.on("request", (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const path = (incoming.url ?? "/").split("?")[0] ?? "/";
    if (incoming.method === "OPTIONS") return void send(outgoing, { status: 204 });
    if (path === "/world/events") return void openEvents(model, outgoing);
    if (path === "/" || path === "/chat") {
      const headers = { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" };
      return void send(outgoing, { status: 200, headers, body: pageHtml });
    }
    if (path.startsWith("/world/") && path !== "/world/faults") {
      return void answer(model, incoming, outgoing, path);
    }
    for (const listener of inner) listener(incoming, outgoing);
  });
}

async function answer(
  model: TelegramModel,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  path: string,
): Promise<void> {
  let response: SimResponse;
  try {
    const body = await readJson(incoming);
    response = answerControl(model, { method: incoming.method ?? "GET", path, body });
  } catch (error) {
    response = json(400, { error: String(error) });
  }
  send(outgoing, response);
}

async function readJson(incoming: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk as Buffer);
    byteCount += bytes.length;
    if (byteCount > CONTROL_BYTES_MAX) throw new Error("expected a body of at most 1 MiB");
    chunks.push(bytes);
  }
  if (byteCount === 0) return {};
  const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  if (!isRecord(parsed)) throw new Error("expected a JSON object");
  return parsed;
}

function openEvents(model: TelegramModel, outgoing: ServerResponse): void {
  outgoing.writeHead(200, {
    ...CORS_HEADERS,
    "content-type": "text/event-stream",
    "cache-control": "no-store",
  });
  outgoing.write(`retry: ${STREAM_RETRY_MS}\n\n`);
  const stop = model.subscribe((event) => {
    outgoing.write(`data: ${JSON.stringify(event)}\n\n`);
  });
  outgoing.on("close", stop);
}

function send(outgoing: ServerResponse, response: SimResponse): void {
  outgoing.writeHead(response.status, { ...CORS_HEADERS, ...response.headers });
  outgoing.end(response.body ?? "");
}
