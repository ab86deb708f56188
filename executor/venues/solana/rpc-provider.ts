import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { type Net, NetFailure, type NetResponse } from "@raptor/shared/seams/net.ts";
import { z } from "zod";
import { CircuitBreaker } from "./circuit-breaker.ts";

/** Why a provider gave no usable answer. */
export type RpcFailure =
  /** The node answered with a JSON-RPC error. */
  | { kind: "rpc"; code: number; message: string; data: unknown }
  | { kind: "net"; detail: string }
  | { kind: "http"; status: number; retryAfterMs: number }
  | { kind: "garbage"; detail: string };

/**
 * What a node says that knows itself to be behind or ill, or a gateway with none behind it: an
 * answer, and of no use.
 */
const ILL_CODES: ReadonlySet<number> = new Set([-32_005, -32_603, -32_000]);
/** What gateways answer in place of the status, with 200 too. */
const LIMIT_CODES: ReadonlySet<number> = new Set([429, -32_429]);
/** Failures in a row that are more than chance. */
const FAILURES_MIN = 3;

export type RpcResult<T> =
  | { ok: true; provider: string; value: T }
  | { ok: false; provider: string; failure: RpcFailure };

export interface RpcProviderSettings {
  /** Host only: the URL may carry a key. */
  name: string;
  url: string;
  timeoutMs: number;
  /** Keys that a service wants beside the address. */
  headers?: Readonly<Record<string, string>>;
}

const errorEnvelope = z.object({
  error: z.object({
    code: z.number(),
    message: z.string(),
    data: z.unknown().optional(),
  }),
});
const resultEnvelope = z.object({ result: z.unknown() });

/** Long enough for 200 instructions' worth of logs, short enough to stay harmless. */
const RESPONSE_BYTES_MAX = 4 * 1024 * 1024;
const RETRY_AFTER_MS_MAX = 30_000;
const TOO_MANY_REQUESTS = 429;

/** One Solana RPC node over HTTP, with its own health. */
export class RpcProvider {
  readonly name: string;
  readonly breaker: CircuitBreaker;
  readonly #net: Net;
  readonly #clock: Clock;
  readonly #settings: RpcProviderSettings;
  #nextId = 1;
  #lastFailure = "";
  #finalizedHeight = 0;
  /** In a row. */
  #failures = 0;
  #failingSinceMs = 0;
  #newestSlot = -1;
  #slotRoseMs = 0;
  #slotNotedMs = 0;

  constructor(net: Net, clock: Clock, prng: Prng, settings: RpcProviderSettings) {
    this.name = settings.name;
    this.breaker = new CircuitBreaker(clock, prng);
    this.#net = net;
    this.#clock = clock;
    this.#settings = settings;
  }

  /** Never throws; a failure is an answer too. */
  async call<T>(
    method: string,
    params: readonly unknown[],
    schema: z.ZodType<T>,
  ): Promise<RpcResult<T>> {
    this.breaker.noteStart();
    const result = await this.#exchange(method, params, schema);
    this.#noteUse(result);
    if (result.ok) {
      this.breaker.noteSuccess();
      this.#lastFailure = "";
    } else if (result.failure.kind === "rpc") {
      // The node works; it only does not like the question.
      this.breaker.noteSuccess();
    } else {
      const { failure } = result;
      this.breaker.noteFailure(failure.kind === "http" ? failure.retryAfterMs : 0);
      this.#lastFailure = describeRpcFailure(failure);
    }
    return result;
  }

  /**
   * Finalized heights never fall on one node; behind a load balancer they do. Says whether this
   * one may count as knowledge, and remembers the highest.
   */
  noteFinalizedHeight(height: number): boolean {
    if (height < this.#finalizedHeight) return false;
    this.#finalizedHeight = height;
    return true;
  }

  /** Slots of answers: a node whose newest one does not rise has lost the chain. */
  noteContextSlot(slot: number): void {
    this.#slotNotedMs = this.#clock.monotonicMs();
    if (slot <= this.#newestSlot) return;
    this.#newestSlot = slot;
    this.#slotRoseMs = this.#slotNotedMs;
  }

  /** For how long this node has told nothing new: no usable answer, or the same slot again. */
  silentMs(): number {
    const standingMs = this.#slotNotedMs - this.#slotRoseMs;
    if (this.#failures < FAILURES_MIN) return standingMs;
    return Math.max(standingMs, this.#clock.monotonicMs() - this.#failingSinceMs);
  }

  finalizedHeight(): number {
    return this.#finalizedHeight;
  }

  health(): { name: string; ok: boolean; detail: string } {
    const state = this.breaker.state();
    const detail = this.#lastFailure === "" ? "answers" : this.#lastFailure;
    return { name: `rpc ${this.name}`, ok: state === "closed", detail };
  }

  #noteUse(result: RpcResult<unknown>): void {
    const { failure } = result.ok ? { failure: undefined } : result;
    if (failure === undefined || (failure.kind === "rpc" && !ILL_CODES.has(failure.code))) {
      this.#failures = 0;
      return;
    }
    if (this.#failures++ === 0) this.#failingSinceMs = this.#clock.monotonicMs();
  }

  async #exchange<T>(
    method: string,
    params: readonly unknown[],
    schema: z.ZodType<T>,
  ): Promise<RpcResult<T>> {
    const provider = this.name;
    let response: NetResponse;
    try {
      response = await this.#net.fetch({
        url: this.#settings.url,
        method: "POST",
        headers: { ...this.#settings.headers, "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: this.#nextId++, method, params }),
        timeoutMs: this.#settings.timeoutMs,
        responseBytesMax: RESPONSE_BYTES_MAX,
        // Questions, and signed bytes that can take effect once.
        isIdempotent: true,
      });
    } catch (error) {
      if (!(error instanceof NetFailure)) throw error;
      return { ok: false, provider, failure: { kind: "net", detail: error.kind } };
    }
    return { provider, ...parseResponse(response, schema) };
  }
}

function parseResponse<T>(
  response: NetResponse,
  schema: z.ZodType<T>,
): { ok: true; value: T } | { ok: false; failure: RpcFailure } {
  const body = parseJson(response.body);
  // Nodes send their errors with status 200 and some gateways with 4xx or 5xx.
  const refusal = hasError(body) ? errorEnvelope.safeParse(body) : undefined;
  const error = refusal?.success === true ? refusal.data.error : undefined;
  if (response.status === TOO_MANY_REQUESTS || LIMIT_CODES.has(error?.code ?? 0)) {
    const retryAfterMs = retryAfterOf(response.headers["retry-after"]);
    return { ok: false, failure: { kind: "http", status: TOO_MANY_REQUESTS, retryAfterMs } };
  }
  if (error !== undefined) {
    const { code, message, data } = error;
    return { ok: false, failure: { kind: "rpc", code, message, data } };
  }
  if (response.status !== 200) {
    return { ok: false, failure: { kind: "http", status: response.status, retryAfterMs: 0 } };
  }
  const parsed = resultEnvelope.safeParse(body);
  if (!parsed.success) {
    return { ok: false, failure: { kind: "garbage", detail: "no JSON-RPC answer" } };
  }
  const value = schema.safeParse(parsed.data.result);
  if (value.success) return { ok: true, value: value.data };
  const [issue] = value.error.issues;
  const detail = `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "unreadable"}`;
  return { ok: false, failure: { kind: "garbage", detail } };
}

function hasError(body: unknown): boolean {
  return typeof body === "object" && body !== null && "error" in body;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function retryAfterOf(header: string | undefined): number {
  const seconds = Number(header ?? "1");
  const ms = Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : 1_000;
  return Math.min(ms, RETRY_AFTER_MS_MAX);
}

/** For logs and evidence: what went wrong, without addresses and without the question. */
export function describeRpcFailure(failure: RpcFailure): string {
  if (failure.kind === "rpc") return `error ${failure.code}: ${failure.message.slice(0, 200)}`;
  if (failure.kind === "http") return `HTTP status ${failure.status}`;
  if (failure.kind === "net") return `no answer: ${failure.detail}`;
  return `unreadable answer: ${failure.detail.slice(0, 200)}`;
}
