import type { Clock } from "@raptor/shared/seams/clock.ts";

export type Plan = "keyless" | "free" | "developer" | "launch" | "pro";

const WINDOW_MS = 60_000;
/** Requests per 60 s. Execution is counted apart from everything else. */
const LIMITS: Readonly<Record<Plan, { main: number; execute: number }>> = {
  keyless: { main: 30, execute: 1_200 },
  free: { main: 60, execute: 3_000 },
  developer: { main: 600, execute: 6_000 },
  launch: { main: 3_000, execute: 6_000 },
  pro: { main: 9_000, execute: 6_000 },
};

export type Admission =
  | { kind: "unauthorized" }
  | { kind: "limited"; headers: Record<string, string> }
  | { kind: "admitted"; headers: Record<string, string> };

/** Keys and sliding-window limits, as the real gateway applies them in front of every API. */
export class Gateway {
  readonly #clock: Clock;
  readonly #plans: ReadonlyMap<string, Plan>;
  readonly #hitsMs = new Map<string, number[]>();

  constructor(clock: Clock, apiKeys: Readonly<Record<string, Plan>>) {
    this.#clock = clock;
    this.#plans = new Map(Object.entries(apiKeys));
  }

  /** A refused request does not count, so a client that waits for the reset gets in. */
  admit(apiKey: string | undefined, bucket: "main" | "execute"): Admission {
    const plan = apiKey === undefined ? "keyless" : this.#plans.get(apiKey);
    if (plan === undefined) return { kind: "unauthorized" };
    const limit = LIMITS[plan][bucket];
    const nowMs = this.#clock.nowMs();
    const key = `${apiKey ?? ""}/${bucket}`;
    const hits = (this.#hitsMs.get(key) ?? []).filter((hitMs) => hitMs > nowMs - WINDOW_MS);
    const isAdmitted = hits.length < limit;
    if (isAdmitted) hits.push(nowMs);
    this.#hitsMs.set(key, hits);
    const resetMs = (hits[0] ?? nowMs) + WINDOW_MS;
    const headers = {
      "x-ratelimit-remaining": String(limit - hits.length),
      "x-ratelimit-current": String(hits.length),
      "x-ratelimit-reset": String(Math.ceil(resetMs / 1_000)),
    };
    return { kind: isAdmitted ? "admitted" : "limited", headers };
  }
}
