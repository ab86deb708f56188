import { Client } from "@upstash/qstash";
import { type Net, NetFailure } from "@raptor/shared/seams/net.ts";
import { JWS_CONTENT_TYPE } from "@raptor/shared/wire/jws.ts";
import type { EdgeEnv } from "../env.ts";
import type { Metrics } from "../middleware/metrics.ts";

/** QStash as the edge uses it: keep one job for later, and try dead letters again. */
export interface JobQueue {
  /** `lost` with `isCertain`: QStash said no, so the message is not kept. */
  publish(jobId: string, jws: string): Promise<QueueResult>;
  /**
   * Puts our own dead letters back into delivery, a bounded number per call.
   * @returns how many were put back
   */
  retryDeadLetters(): Promise<number>;
  /** Undefined until the first call of this isolate. */
  lastOk(): boolean | undefined;
}

export type QueueResult = { kind: "queued" } | { kind: "lost"; isCertain: boolean; cause: string };

export const REDELIVER_PATH = "/internal/redeliver";
/** The most that the free plan takes today; it was fewer once. */
const RETRIES = 5;
/** How QStash refuses what it was asked for, and not who asks or how often. */
const REFUSED_REQUEST: ReadonlySet<string> = new Set(["status 400", "status 412"]);
/** QStash evaluates this: 1, 2, 4, 8, 16 s, so that a deploy of half a minute is bridged. */
const RETRY_DELAY = "1000 * pow(2, retried)";
/** All of one page in one call: a sell must not wait for ticks behind buys that are long stale. */
const DEAD_LETTERS_MAX = 100;
const ANSWER_BYTES_MAX = 1024 * 1024;

/** QStash answered, but not with success. */
class QueueRefusal extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`QStash answered ${status}`);
    this.name = "QueueRefusal";
    this.status = status;
  }
}

type Requester = Client["http"];
type QueueRequest = Parameters<Requester["request"]>[0];

export function createJobQueue(
  env: Pick<EdgeEnv, "QSTASH_URL" | "QSTASH_TOKEN" | "QSTASH_TIMEOUT_MS" | "PUBLIC_URL">,
  net: Pick<Net, "fetch">,
  metrics: Metrics,
): JobQueue {
  const destination = `${env.PUBLIC_URL}${REDELIVER_PATH}`;
  const client = new Client({
    baseUrl: env.QSTASH_URL,
    token: env.QSTASH_TOKEN.reveal(),
    enableTelemetry: false,
    devMode: false,
    retry: false,
  });
  // The SDK's own transport has no time limit and takes the global fetch.
  client.http = createRequester(env, net);
  let isOk: boolean | undefined;

  async function publish(jobId: string, jws: string): Promise<QueueResult> {
    const result = await tryPublish(jobId, jws);
    isOk = result.kind === "queued";
    const outcome = result.kind === "queued" ? "queued" : result.cause;
    metrics.count("raptor_edge_queue_total", { call: "publish", outcome });
    return result;
  }

  async function tryPublish(jobId: string, jws: string): Promise<QueueResult> {
    const asked = await publishOnce(jobId, jws, { retries: RETRIES });
    // A plan may allow fewer tries: a command that is kept with the plan's own is not lost.
    const isOverPlan = asked.kind === "lost" && REFUSED_REQUEST.has(asked.cause);
    return isOverPlan ? publishOnce(jobId, jws, {}) : asked;
  }

  async function publishOnce(
    jobId: string,
    jws: string,
    tries: { retries?: number },
  ): Promise<QueueResult> {
    try {
      const { messageId } = await client.publish({
        url: destination,
        body: jws,
        headers: { "content-type": JWS_CONTENT_TYPE },
        deduplicationId: deduplicationIdOf(jobId),
        ...tries,
        retryDelay: RETRY_DELAY,
      });
      // As with the executor: whatever stands between can answer success too.
      if (typeof messageId === "string") return { kind: "queued" };
      return { kind: "lost", isCertain: false, cause: "success without an id" };
    } catch (error) {
      return lossOf(error);
    }
  }

  async function retryDeadLetters(): Promise<number> {
    const listed = await client.dlq.listMessages({
      count: DEAD_LETTERS_MAX,
      filter: { url: destination },
    });
    const ids = listed.messages
      // Another tenant of the same QStash account may ignore our filter; we never touch others'.
      .filter((message) => message.url === destination && message.responseStatus !== 489)
      .map((message) => message.dlqId);
    if (ids.length > 0) await client.dlq.retry(ids);
    metrics.count("raptor_edge_queue_total", { call: "retry", outcome: "ok" }, ids.length);
    return ids.length;
  }

  return { publish, retryDeadLetters, lastOk: () => isOk };
}

function lossOf(error: unknown): QueueResult & { kind: "lost" } {
  if (error instanceof QueueRefusal) {
    const { status } = error;
    const isCertain = status < 500 || status === 503;
    return { kind: "lost", isCertain, cause: `status ${status}` };
  }
  if (error instanceof NetFailure) {
    return { kind: "lost", isCertain: error.kind === "refused", cause: error.kind };
  }
  throw error;
}

/** QStash answers 400 to a colon in it. Job ids have colons in two places only, so none collide. */
function deduplicationIdOf(jobId: string): string {
  return jobId.replaceAll(":", "_");
}

function createRequester(
  env: Pick<EdgeEnv, "QSTASH_URL" | "QSTASH_TOKEN" | "QSTASH_TIMEOUT_MS">,
  net: Pick<Net, "fetch">,
): Requester {
  async function request<T>(wanted: QueueRequest): Promise<T & { error?: string }> {
    const headers = Object.fromEntries(new Headers(wanted.headers as HeadersInit).entries());
    const response = await net.fetch({
      // The destination stays raw inside the path, as QStash expects it.
      url: [env.QSTASH_URL, ...(wanted.path ?? [])].join("/") + encodeQuery(wanted.query),
      method: methodOf(wanted.method),
      headers: { ...headers, authorization: `Bearer ${env.QSTASH_TOKEN.reveal()}` },
      ...(typeof wanted.body === "string" ? { body: wanted.body } : {}),
      timeoutMs: env.QSTASH_TIMEOUT_MS,
      responseBytesMax: ANSWER_BYTES_MAX,
    });
    if (response.status < 200 || response.status > 299) throw new QueueRefusal(response.status);
    return JSON.parse(response.body === "" ? "{}" : response.body) as T & { error?: string };
  }
  return {
    request,
    requestStream: () => {
      throw new Error("expected no streaming request, was one");
    },
  };
}

function methodOf(method: string | undefined): "GET" | "POST" | "DELETE" {
  if (method === "POST" || method === "DELETE") return method;
  return "GET";
}

function encodeQuery(query: QueueRequest["query"]): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value]) params.append(name, String(item));
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}
