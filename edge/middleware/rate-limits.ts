import { Ratelimit } from "@upstash/ratelimit";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { ENTRY_OP, isUrgentOp } from "@raptor/shared/wire/callback.ts";
import type { JobKind } from "@raptor/shared/wire/job.ts";
import type { EdgeEnv } from "../env.ts";
import type { Metrics } from "./metrics.ts";
import type { SoftRedis } from "./redis.ts";

export type CommandClass = "trade" | "read" | "emergency";
type LimitName = CommandClass | "user" | "api";

export type LimitResult<Name extends string = string> =
  | { isAllowed: true }
  | { isAllowed: false; name: Name; retryAfterS: number };

/** Counts one use of `name` by `key`. Undefined: this counter is away, ask the other one. */
export type RateCounter = (
  name: LimitName,
  key: string,
  perMinute: number,
) => Promise<{ isAllowed: boolean; resetMs: number } | undefined>;

export interface RateLimits {
  takeCommand(userId: number, job: CountedJob): Promise<LimitResult<CommandClass | "user">>;
  takeApi(ip: string): Promise<LimitResult<"api">>;
  /** The kill switch: counted here only, so that no outage can close it. */
  takeEmergency(key: string): LimitResult<"emergency">;
}

/** What of a job decides its class; `op` is there for presses only. */
export interface CountedJob {
  kind: JobKind;
  op?: string;
}

const WINDOW_MS = 60_000;
const COMMAND_CLASSES: Readonly<Record<JobKind, CommandClass>> = {
  buy: "trade",
  press: "read",
  say: "trade",
  start: "read",
  showScreen: "read",
  showToken: "read",
  why: "read",
  resume: "read",
  issueToken: "read",
  revokeTokens: "read",
  reconcile: "read",
  setExits: "trade",
  sell: "emergency",
  panic: "emergency",
  pause: "emergency",
  setTradingState: "emergency",
};

/** A press is worth what its operation says: buying, closing, or only looking around. */
export function commandClassOf(job: CountedJob): CommandClass {
  if (job.kind !== "press" || job.op === undefined) return COMMAND_CLASSES[job.kind];
  if (isUrgentOp(job.op)) return "emergency";
  return job.op === ENTRY_OP ? "trade" : "read";
}

/** Counts in Redis with @upstash/ratelimit, one fixed window of a minute per name and key. */
export function createRedisCounter(soft: SoftRedis, prefix: string): RateCounter {
  const limiters = new Map<string, Ratelimit>();
  return (name, key, perMinute) =>
    soft.attempt(async (redis) => {
      let limiter = limiters.get(name);
      if (limiter === undefined) {
        limiter = new Ratelimit({
          redis,
          limiter: Ratelimit.fixedWindow(perMinute, "60 s"),
          prefix: `${prefix}:${name}`,
          ephemeralCache: false,
          analytics: false,
          // Its own time limit lets everything pass; ours is in the transport and falls back.
          timeout: 0,
        });
        limiters.set(name, limiter);
      }
      const { success, reset } = await limiter.limit(key);
      return { isAllowed: success, resetMs: reset };
    });
}

/** Keys that one isolate counts at once; beyond it the oldest window is forgotten. */
const ISOLATE_KEYS_MAX = 5_000;

type IsolateCounter = (
  name: LimitName,
  key: string,
  perMinute: number,
) => { isAllowed: boolean; resetMs: number };

/** The same windows in memory: approximate over isolates, but never away. */
function createIsolateCounter(clock: Clock): IsolateCounter {
  const windows = new Map<string, { window: number; count: number }>();
  return (name, key, perMinute) => {
    const window = Math.floor(clock.nowMs() / WINDOW_MS);
    const id = `${name}:${key}`;
    const known = windows.get(id);
    const count = known?.window === window ? known.count + 1 : 1;
    windows.delete(id);
    windows.set(id, { window, count });
    if (windows.size > ISOLATE_KEYS_MAX) {
      const [oldest] = windows.keys();
      if (oldest !== undefined) windows.delete(oldest);
    }
    return { isAllowed: count <= perMinute, resetMs: (window + 1) * WINDOW_MS };
  };
}

export function createRateLimits(deps: {
  env: EdgeEnv;
  clock: Clock;
  metrics: Metrics;
  counter: RateCounter;
}): RateLimits {
  const { env, clock, metrics, counter } = deps;
  const inIsolate = createIsolateCounter(clock);

  function refuse<Name extends LimitName>(name: Name, resetMs: number, by: string) {
    metrics.count("raptor_edge_rate_limited_total", { class: name, by });
    const retryAfterS = Math.max(1, Math.ceil((resetMs - clock.nowMs()) / 1_000));
    return { isAllowed: false as const, name, retryAfterS };
  }

  async function take<Name extends LimitName>(
    name: Name,
    key: string,
    perMinute: number,
    fallbackPerMinute = perMinute,
  ): Promise<LimitResult<Name>> {
    const counted = await counter(name, key, perMinute);
    const taken = counted ?? inIsolate(name, key, fallbackPerMinute);
    if (taken.isAllowed) return { isAllowed: true };
    return refuse(name, taken.resetMs, counted === undefined ? "isolate" : "redis");
  }

  function takeEmergency(key: string): LimitResult<"emergency"> {
    const taken = inIsolate("emergency", key, env.RATE_EMERGENCY_PER_MIN);
    return taken.isAllowed ? { isAllowed: true } : refuse("emergency", taken.resetMs, "isolate");
  }

  async function takeCommand(
    userId: number,
    job: CountedJob,
  ): Promise<LimitResult<CommandClass | "user">> {
    const key = String(userId);
    const name = commandClassOf(job);
    if (name === "emergency") return takeEmergency(key);
    const ofClass =
      name === "trade"
        ? take(name, key, env.RATE_TRADE_PER_MIN, env.RATE_FALLBACK_TRADE_PER_MIN)
        : take(name, key, env.RATE_READ_PER_MIN);
    const [byClass, byUser] = await Promise.all([
      ofClass,
      take("user", key, env.RATE_USER_PER_MIN),
    ]);
    return byClass.isAllowed ? byUser : byClass;
  }

  return {
    takeCommand,
    takeEmergency,
    takeApi: (ip) => take("api", ip, env.RATE_API_IP_PER_MIN),
  };
}
