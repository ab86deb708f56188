import { Redis } from "@upstash/redis/cloudflare";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Net } from "@raptor/shared/seams/net.ts";
import type { EdgeEnv } from "../env.ts";
import { parseJsonText } from "../jobs/json-text.ts";
import type { Metrics } from "./metrics.ts";

/** Redis holds counters and update ids only, and nothing may depend on it being there. */
export interface SoftRedis {
  redis: Redis;
  /** Runs `task`; undefined when Redis is away. Never throws because of Redis. */
  attempt<T>(task: (redis: Redis) => Promise<T>): Promise<T | undefined>;
  /** False after a failure, until a call succeeds again. */
  isOk(): boolean;
}

/** After a failure Redis is left alone for this long, so that an outage costs one time limit. */
const PAUSE_MS = 1_000;
const ANSWER_BYTES_MAX = 64 * 1024;

/** An answer of Redis that is an error, or no complete answer. */
class RedisFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = "RedisFailure";
  }
}

export function createSoftRedis(
  env: Pick<EdgeEnv, "UPSTASH_REDIS_REST_URL" | "UPSTASH_REDIS_REST_TOKEN" | "REDIS_TIMEOUT_MS">,
  deps: { clock: Clock; log: Log; net: Pick<Net, "fetch">; metrics: Metrics },
): SoftRedis {
  const redis = createClient(env, deps.net);
  let pausedUntilMs = 0;
  let isOk = true;

  async function attempt<T>(task: (redis: Redis) => Promise<T>): Promise<T | undefined> {
    if (deps.clock.monotonicMs() < pausedUntilMs) return undefined;
    try {
      const result = await task(redis);
      if (!isOk) deps.log.info({}, "redis is back");
      isOk = true;
      return result;
    } catch (error) {
      pausedUntilMs = deps.clock.monotonicMs() + PAUSE_MS;
      isOk = false;
      deps.metrics.count("raptor_edge_redis_failures_total", {});
      deps.log.warn(
        { cause: error instanceof Error ? error.message : "unknown", pauseMs: PAUSE_MS },
        "redis is away: limits are counted in this isolate",
      );
      return undefined;
    }
  }

  return { redis, attempt, isOk: () => isOk };
}

function createClient(
  env: Pick<EdgeEnv, "UPSTASH_REDIS_REST_URL" | "UPSTASH_REDIS_REST_TOKEN" | "REDIS_TIMEOUT_MS">,
  net: Pick<Net, "fetch">,
): Redis {
  const token = env.UPSTASH_REDIS_REST_TOKEN.reveal();
  const redis = new Redis({
    url: env.UPSTASH_REDIS_REST_URL,
    token,
    automaticDeserialization: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    readYourWrites: false,
  });
  // The SDK's own transport repeats INCR after a network error and has no time limit.
  redis.use(async (request: { path?: string[]; body?: unknown }) => {
    const response = await net.fetch({
      url: [env.UPSTASH_REDIS_REST_URL, ...(request.path ?? [])].join("/"),
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(request.body),
      timeoutMs: env.REDIS_TIMEOUT_MS,
      responseBytesMax: ANSWER_BYTES_MAX,
    });
    const answer = parseJsonText(response.body);
    if (typeof answer !== "object" || answer === null) {
      throw new RedisFailure(`redis answered ${response.status} without JSON`);
    }
    // NOSCRIPT is an error that the rate limiter handles, so the server's words go on.
    if ("error" in answer && typeof answer.error === "string") {
      throw new RedisFailure(answer.error.slice(0, 200));
    }
    return answer;
  });
  return redis;
}
