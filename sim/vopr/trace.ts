import { storySteps } from "@raptor/executor/engine/describe-event.ts";
import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import type { NetRequest } from "@raptor/shared/seams/net.ts";

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** Addresses that need a second look: everything behind a node's host is one method. */
const RPC = /^rpc\d/;

/** Everything that was seen of a seed, as one number, and in words for whoever wants to read. */
export class TraceHash {
  readonly #elapsedMs: () => number;
  readonly #onLine: ((line: string) => void) | undefined;
  #hash = FNV_OFFSET;
  #count = 0;

  constructor(elapsedMs: () => number, onLine: ((line: string) => void) | undefined) {
    this.#elapsedMs = elapsedMs;
    this.#onLine = onLine;
  }

  add(text: string): void {
    this.#mix(text);
    this.#onLine?.(`${clockText(this.#elapsedMs())}  ${text}`);
  }

  /** What was committed: its hash says all, its sentence is for readers. */
  addEvent(event: JournalEvent): void {
    this.#mix(event.hash);
    this.#onLine?.(`${clockText(this.#elapsedMs())}  journal: ${sentenceOf(event)}`);
  }

  /** A request that has ended; its body goes in by its length only. */
  addRequest(host: string, request: NetRequest, outcome: string): void {
    this.#mix(host);
    this.#mix(outcome);
    this.#hash = Math.imul(this.#hash ^ (request.body?.length ?? 0), FNV_PRIME);
    this.#onLine?.(`${clockText(this.#elapsedMs())}  ${requestText(host, request)}: ${outcome}`);
  }

  value(): string {
    return `${(this.#hash >>> 0).toString(16).padStart(8, "0")}-${this.#count}`;
  }

  #mix(text: string): void {
    let hash = this.#hash ^ Math.imul(this.#elapsedMs(), FNV_PRIME);
    for (let at = 0; at < text.length; at++) {
      hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME);
    }
    this.#hash = hash;
    this.#count += 1;
  }
}

function sentenceOf(event: JournalEvent): string {
  const [step] = storySteps([event]);
  return `#${event.seq} ${event.kind}: ${step?.meaning ?? ""}`;
}

function requestText(host: string, request: NetRequest): string {
  if (RPC.test(host)) {
    const { method } = JSON.parse(request.body ?? "{}") as { method?: string };
    return `> ${host} ${method}`;
  }
  const path = request.url.slice(request.url.indexOf(host) + host.length, 300);
  return `> ${host} ${request.method} ${path.slice(0, 80)}`;
}

/** `2:03.480`, minutes, seconds and milliseconds since the start. */
function clockText(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const seconds = ((ms % 60_000) / 1_000).toFixed(3).padStart(6, "0");
  return `${minutes}:${seconds}`.padStart(9);
}

/** What a failure says in a trace. */
export function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
