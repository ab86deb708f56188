import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log, LogFields } from "@raptor/shared/seams/log.ts";
import {
  type Net,
  NetFailure,
  type NetFailureKind,
  type NetRequest,
  type NetResponse,
  type NetSocket,
  type NetSocketHandlers,
} from "@raptor/shared/seams/net.ts";

/** A JSON-RPC answer of a fake node: a whole result, an error object, or no answer at all. */
export type FakeAnswer =
  | { result: unknown }
  | { error: { code: number; message: string; data?: unknown } }
  | { status: number; body: string; headers?: Record<string, string> }
  | { failure: NetFailureKind };

export type FakeNode = (method: string, params: readonly unknown[]) => FakeAnswer;

export interface FakeSocket extends NetSocketHandlers {
  url: string;
  sent: { id: number; method: string; params: unknown[] }[];
  isClosed: boolean;
}

/** A net for tests: JSON-RPC by host, other hosts by one function, and sockets by hand. */
export class FakeNet implements Net {
  readonly nodes = new Map<string, FakeNode>();
  readonly calls: { host: string; method: string; params: readonly unknown[] }[] = [];
  readonly requests: NetRequest[] = [];
  readonly sockets: FakeSocket[] = [];
  web: (url: URL, request: NetRequest) => FakeAnswer = () => ({ failure: "refused" });

  async fetch(request: NetRequest): Promise<NetResponse> {
    const url = new URL(request.url);
    this.requests.push(request);
    const node = this.nodes.get(url.host);
    if (node === undefined) return readAnswer(this.web(url, request), url.host, 0);
    const body = JSON.parse(request.body ?? "") as {
      id: number;
      method: string;
      params: unknown[];
    };
    this.calls.push({ host: url.host, method: body.method, params: body.params });
    return readAnswer(node(body.method, body.params), url.host, body.id);
  }

  connect(url: string, handlers: NetSocketHandlers): NetSocket {
    const socket: FakeSocket = { ...handlers, url, sent: [], isClosed: false };
    this.sockets.push(socket);
    return {
      send: (text) => void socket.sent.push(JSON.parse(text) as FakeSocket["sent"][number]),
      close: () => {
        if (socket.isClosed) return;
        socket.isClosed = true;
        handlers.onClose("closed by us");
      },
    };
  }
}

function readAnswer(answer: FakeAnswer, host: string, id: number): NetResponse {
  if ("failure" in answer) throw new NetFailure(answer.failure, host);
  if ("status" in answer) return { headers: {}, ...answer };
  return { status: 200, headers: {}, body: JSON.stringify({ jsonrpc: "2.0", id, ...answer }) };
}

/** A clock that moves only by `advance`, which wakes the sleepers in order. */
export class FakeClock implements Clock {
  #ms = 1_000_000;
  #sleepers: { atMs: number; wake: () => void }[] = [];

  nowMs(): number {
    return 1_790_000_000_000 + this.#ms;
  }

  monotonicMs(): number {
    return this.#ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      this.#sleepers.push({ atMs: this.#ms + ms, wake: resolve });
      signal?.addEventListener("abort", () => resolve());
    });
  }

  defer(task: () => void): void {
    queueMicrotask(task);
  }

  /** The process stands still: what was due meanwhile has not run yet. */
  standStill(ms: number): void {
    this.#ms += ms;
  }

  async advance(ms: number): Promise<void> {
    const endMs = this.#ms + ms;
    for (;;) {
      await settle();
      const [next] = this.#sleepers
        .filter(({ atMs }) => atMs <= endMs)
        .toSorted((left, right) => left.atMs - right.atMs);
      if (next === undefined) break;
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper !== next);
      this.#ms = Math.max(this.#ms, next.atMs);
      next.wake();
    }
    this.#ms = endMs;
    await settle();
  }
}

/** Lets every promise that can go on do so. */
export async function settle(): Promise<void> {
  for (let n = 0; n < 50; n++) await Promise.resolve();
}

export class FakeLog implements Log {
  readonly lines: { level: string; message: string; fields: LogFields }[] = [];
  debug = (fields: LogFields, message: string): void => this.#add("debug", fields, message);
  info = (fields: LogFields, message: string): void => this.#add("info", fields, message);
  warn = (fields: LogFields, message: string): void => this.#add("warn", fields, message);
  error = (fields: LogFields, message: string): void => this.#add("error", fields, message);

  #add(level: string, fields: LogFields, message: string): void {
    this.lines.push({ level, message, fields });
  }
}

/** The middle of every range: jitter without chance. */
export const evenPrng: Prng = { nextFloat: () => 0.5, nextInt: (bound) => Math.floor(bound / 2) };
