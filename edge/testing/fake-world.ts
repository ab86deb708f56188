import { compactVerify, importJWK, SignJWT } from "jose";
import { vi } from "vitest";
import { NetFailure, type NetRequest, type NetResponse } from "@raptor/shared/seams/net.ts";
import { type Job, jobSchema } from "@raptor/shared/wire/job.ts";
import { createEdge } from "../app.ts";
import { parseEdgeEnv } from "../env.ts";
import { encodeBase64Url, sha256 } from "../middleware/constant-time.ts";
import { TEST_SETTINGS } from "./settings.ts";

type Answer = { status: number; body?: unknown } | "timeout" | "refused" | "reset";
type Script = (request: NetRequest) => Answer;

export const START_MS = 1_800_000_000_000;
export const ACCEPTED: Answer = { status: 202, body: { status: "accepted", epoch: 1 } };

/** Everything around the edge, in memory and on a virtual clock that also moves `Date`. */
export class FakeWorld {
  nowMs = START_MS;
  executor: Script = () => ACCEPTED;
  qstash: Script = () => ({ status: 200, body: { messageId: "msg_1" } });
  isRedisUp = true;
  readonly requests: NetRequest[] = [];
  readonly logLines: string[] = [];
  readonly redis = new Map<string, string>();
  readonly background: Promise<unknown>[] = [];
  readonly edge: ReturnType<typeof createEdge>;
  #ids = 0;

  constructor(settings: Readonly<Record<string, string>> = {}) {
    vi.useFakeTimers({ toFake: ["Date"], now: this.nowMs });
    this.edge = createEdge({
      env: parseEdgeEnv({ ...TEST_SETTINGS, ...settings }),
      clock: {
        nowMs: () => this.nowMs,
        monotonicMs: () => this.nowMs,
        sleep: async (ms) => this.advance(ms),
        defer: (task) => task(),
      },
      ids: {
        token: (byteCount) => {
          const bytes = new Uint8Array(byteCount);
          new DataView(bytes.buffer).setUint32(byteCount - 4, ++this.#ids);
          return encodeBase64Url(bytes);
        },
      },
      net: { fetch: (request) => this.#fetch(request) },
      log: this.#createLog(),
      waitUntil: (work) => void this.background.push(work),
    });
  }

  advance(ms: number): void {
    this.nowMs += ms;
    vi.setSystemTime(this.nowMs);
  }

  /** Sends a request and lets the work behind the answer finish. */
  async send(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await this.edge.fetch(new Request(`https://edge.test${path}`, init));
    await Promise.all(this.background.splice(0));
    return response;
  }

  async update(update: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return this.send("/telegram/webhook", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-telegram-bot-api-secret-token": TEST_SETTINGS.TELEGRAM_WEBHOOK_SECRET,
        ...headers,
      },
      body: typeof update === "string" ? update : JSON.stringify(update),
    });
  }

  /** The jobs that reached the executor, signatures verified. */
  async jobs(): Promise<Job[]> {
    const posts = this.requests.filter((request) => request.url.endsWith("/jobs"));
    return Promise.all(posts.map(async (post) => jobSchema.parse((await claimsOf(post)).job)));
  }

  requestsTo(host: string): NetRequest[] {
    return this.requests.filter((request) => new URL(request.url).hostname === host);
  }

  async #fetch(request: NetRequest): Promise<NetResponse> {
    this.requests.push(request);
    const { hostname } = new URL(request.url);
    const answer = this.#answerOf(hostname, request);
    if (typeof answer === "string") {
      if (answer === "timeout") this.advance(request.timeoutMs);
      throw new NetFailure(answer, hostname);
    }
    const body = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body ?? {});
    return { status: answer.status, headers: {}, body };
  }

  #answerOf(hostname: string, request: NetRequest): Answer {
    if (hostname === "executor.test") return this.executor(request);
    if (hostname === "qstash.test") return this.#answerQstash(request);
    if (hostname === "redis.test") return this.isRedisUp ? this.#answerRedis(request) : "timeout";
    throw new Error(`expected no call to ${hostname}`);
  }

  /** Refuses what the real service refuses, before the script is asked. */
  #answerQstash(request: NetRequest): Answer {
    if (request.headers?.["upstash-deduplication-id"]?.includes(":") !== true) {
      return this.qstash(request);
    }
    return { status: 400, body: { error: "DeduplicationId cannot contain ':'" } };
  }

  /** Just enough of Upstash: SET, GET, and the limiter's script as EVALSHA and EVAL. */
  #answerRedis(request: NetRequest): Answer {
    const [name, ...args] = JSON.parse(request.body ?? "[]") as string[];
    switch (String(name).toLowerCase()) {
      case "get":
        return { status: 200, body: { result: this.redis.get(args[0] ?? "") ?? null } };
      case "set":
        this.redis.set(args[0] ?? "", args[1] ?? "");
        return { status: 200, body: { result: "OK" } };
      case "evalsha":
        return { status: 400, body: { error: "NOSCRIPT No matching script." } };
      case "eval": {
        const key = args[2] ?? "";
        const used = Number(this.redis.get(key) ?? "0") + 1;
        this.redis.set(key, String(used));
        return { status: 200, body: { result: [used, Number(args[3])] } };
      }
      default:
        throw new Error(`expected a known Redis command, was ${name}`);
    }
  }

  #createLog() {
    const write = (fields: object, message: string) =>
      void this.logLines.push(JSON.stringify({ ...fields, message }));
    return { debug: write, info: write, warn: write, error: write };
  }
}

/** The claims of a JWS that the edge sent. Throws when its own key did not sign it. */
export async function claimsOf(request: NetRequest): Promise<Record<string, unknown>> {
  const jwk = JSON.parse(TEST_SETTINGS.EDGE_SIGNING_JWK) as { x: string };
  const key = await importJWK({ kty: "OKP", crv: "Ed25519", x: jwk.x }, "Ed25519");
  const { payload } = await compactVerify(request.body ?? "", key, { algorithms: ["Ed25519"] });
  return JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>;
}

/** Headers of a QStash delivery, signed as QStash does. */
export async function signDelivery(options: {
  path: string;
  body: string;
  nowMs: number;
  key?: string;
  url?: string;
}): Promise<Record<string, string>> {
  const nowS = Math.floor(options.nowMs / 1_000);
  const digest = encodeBase64Url(await sha256(options.body));
  const signature = await new SignJWT({ body: `${digest}=` })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer("Upstash")
    .setSubject(options.url ?? `https://edge.test${options.path}`)
    .setIssuedAt(nowS)
    .setNotBefore(nowS)
    .setExpirationTime(nowS + 300)
    .setJti("jwt_1")
    .sign(new TextEncoder().encode(options.key ?? TEST_SETTINGS.QSTASH_CURRENT_SIGNING_KEY));
  return { "upstash-signature": signature, "upstash-message-id": "msg_42" };
}

const PERSON = { id: 501, is_bot: false, first_name: "Ada" };
let nextUpdateId = 1;

export function textUpdate(
  text: string,
  options: { date?: number; more?: object; updateId?: number } = {},
) {
  return {
    update_id: options.updateId ?? nextUpdateId++,
    message: {
      message_id: 10,
      date: options.date ?? START_MS / 1_000,
      from: PERSON,
      chat: { id: PERSON.id, type: "private" },
      text,
      ...options.more,
    },
  };
}

export function pressUpdate(data: string, options: { updateId?: number } = {}) {
  return {
    update_id: options.updateId ?? nextUpdateId++,
    callback_query: {
      id: "cb-1",
      from: PERSON,
      data,
      message: {
        message_id: 11,
        date: START_MS / 1_000 - 3_600,
        chat: { id: PERSON.id, type: "private" },
      },
    },
  };
}

export const OUR_BUTTON = "1t.AAAAAAAAAAAAAAAA.BBBBBBBBBBB";
export const OUR_SELL_BUTTON = "1u.AAAAAAAAAAAAAAAA.BBBBBBBBBBB";
export const MINT = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263";
