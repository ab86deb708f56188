import type { IdSource } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Net } from "@raptor/shared/seams/net.ts";
import type { EdgeEnv } from "./env.ts";
import { createExecutorDoor, type ExecutorDoor } from "./jobs/executor-door.ts";
import { createJobQueue, type JobQueue } from "./jobs/job-queue.ts";
import { createJobSigner, type JobSigner } from "./jobs/job-signer.ts";
import { createMetrics, type Metrics } from "./middleware/metrics.ts";
import { createQuietLog, type QuietLog } from "./middleware/quiet-log.ts";
import {
  createRateLimits,
  createRedisCounter,
  type RateCounter,
  type RateLimits,
} from "./middleware/rate-limits.ts";
import { createSoftRedis, type SoftRedis } from "./middleware/redis.ts";
import {
  createTryMemory,
  createUpdateLog,
  type TryMemory,
  type UpdateLog,
} from "./middleware/update-log.ts";

/** What the edge needs from the outside; the simulator passes virtual ones. */
export interface EdgeSeams {
  env: EdgeEnv;
  clock: Clock;
  ids: IdSource;
  net: Pick<Net, "fetch">;
  log: Log;
  /** Keeps the Worker alive for work that the answer need not wait for. */
  waitUntil(work: Promise<unknown>): void;
  /** Replaces counting in Redis, whose limiter reads the machine's clock. */
  counter?: RateCounter;
}

/** Everything that routes use, built once per isolate. */
export interface EdgeServices extends EdgeSeams {
  metrics: Metrics;
  quietLog: QuietLog;
  signer: JobSigner;
  door: ExecutorDoor;
  queue: JobQueue;
  redis: SoftRedis;
  limits: RateLimits;
  updates: UpdateLog;
  tries: TryMemory;
}

export function createServices(seams: EdgeSeams): EdgeServices {
  const { env, clock, ids, net, log } = seams;
  const metrics = createMetrics();
  const redis = createSoftRedis(env, { clock, log, net, metrics });
  const prefix = `raptor:${env.ENVIRONMENT}`;
  const counter = seams.counter ?? createRedisCounter(redis, `${prefix}:rate`);
  return {
    ...seams,
    metrics,
    quietLog: createQuietLog(log, clock),
    signer: createJobSigner(env, clock, ids),
    door: createExecutorDoor(env, net, metrics),
    queue: createJobQueue(env, net, metrics),
    redis,
    limits: createRateLimits({ env, clock, metrics, counter }),
    updates: createUpdateLog(redis, `${prefix}:update:${env.BOT_ID}`),
    tries: createTryMemory(),
  };
}
