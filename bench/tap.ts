import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

export interface TappedCall {
  /** Body of the request, complete. */
  body: string;
  path: string;
  /** When the last byte of the request had arrived, `performance.now()`. */
  atMs: number;
}

/**
 * A proxy on the wire: sees each request whole before it goes on, and may change the answer. It
 * stands between the executor and a stand-in, so that times are taken at sockets from outside.
 */
export class Tap {
  readonly #listeners = new Set<(call: TappedCall) => void>();
  /** Set before the first request; the stand-in starts after the tap. */
  target = "";
  /** Added to each answer: what a service far away costs. */
  replyDelayMs = 0;
  /** Rewrites an answer; `sent` is called with the moment at which it leaves. */
  rewrite:
    | ((path: string, body: string) => { body: string; sent?(atMs: number): void })
    | undefined;
  #close: () => Promise<void> = () => Promise.resolve();

  /** Returns the tap's own address. */
  async start(): Promise<string> {
    const server = createServer((incoming, outgoing) => {
      void readAll(incoming).then(async (body) => {
        const path = incoming.url ?? "/";
        const call = { body, path, atMs: performance.now() };
        for (const listener of this.#listeners) listener(call);
        const answer = await forward(this.target, incoming, body);
        const changed = this.rewrite?.(path, answer.body);
        const text = changed?.body ?? answer.body;
        if (this.replyDelayMs > 0) await pause(this.replyDelayMs);
        outgoing.writeHead(answer.status, { "content-type": "application/json" });
        changed?.sent?.(performance.now());
        outgoing.end(text);
      });
    });
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.#close = () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** The first call from now on for which `matches` holds. */
  next(matches: (call: TappedCall) => boolean, timeoutMs = 15_000): Promise<TappedCall> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#listeners.delete(listener);
        reject(new Error(`no matching call within ${timeoutMs} ms`));
      }, timeoutMs);
      const listener = (call: TappedCall): void => {
        if (!matches(call)) return;
        clearTimeout(timer);
        this.#listeners.delete(listener);
        resolve(call);
      };
      this.#listeners.add(listener);
    });
  }
}

async function readAll(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function forward(
  target: string,
  incoming: IncomingMessage,
  body: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { host: _, ...headers } = incoming.headers;
    const outgoing = httpRequest(
      `${target}${incoming.url ?? "/"}`,
      { method: incoming.method ?? "GET", headers },
      (response) => {
        readAll(response).then((text) => {
          resolve({ status: response.statusCode ?? 502, body: text });
        }, reject);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
