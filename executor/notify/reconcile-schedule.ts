import { z } from "zod";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import { NetFailure, type Net } from "@raptor/shared/seams/net.ts";
import type { Secret } from "@raptor/shared/values/secret.ts";

const SCHEDULE_ID = "raptor-reconcile";
const CHECK_INTERVAL_MS = 60_000;
const FIRST_RETRIES_MS: readonly number[] = [1_000, 2_000, 5_000, 15_000];
const TIMEOUT_MS = 5_000;
/** Anybody may ask for a deep health check, and the queue's calls are counted against us. */
const OLD_AFTER_MS = 5_000;

/** What QStash says of a schedule, as far as it matters here. */
const scheduleSchema = z.object({
  cron: z.string(),
  destination: z.string(),
  isPaused: z.boolean().optional(),
});
type Schedule = z.infer<typeof scheduleSchema>;

/**
 * One schedule under this name; creating it again only updates it. Desks of several environments
 * share an account of QStash, and none may take another one's schedule.
 */
export function scheduleIdOf(environment: string): string {
  return environment === "production" ? SCHEDULE_ID : `${SCHEDULE_ID}-${environment}`;
}

export interface ReconcileScheduleDeps {
  net: Net;
  clock: Clock;
  log: Log;
  qstashUrl: string;
  token: Secret;
  environment: string;
  /** The edge's route that turns a tick into a signed job. */
  destination: string;
  cron: string;
}

/**
 * Keeps the QStash schedule that pokes `/cron/reconcile`. A watchdog only: the executor reconciles
 * on its own timer too, so a queue that is away changes nothing but `/health`.
 */
export class ReconcileSchedule {
  readonly #deps: ReconcileScheduleDeps;
  readonly #id: string;
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;
  #checked: { atMs: number; done: Promise<void> } | undefined;
  #state: { ok: boolean; detail: string } = { ok: false, detail: "not asked yet" };

  constructor(deps: ReconcileScheduleDeps) {
    this.#deps = deps;
    this.#id = scheduleIdOf(deps.environment);
  }

  health(): { name: string; ok: boolean; detail: string } {
    return { name: "queue", ...this.#state };
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
  }

  /** Asks now whether the schedule stands, and makes it when it does not. */
  check(): Promise<void> {
    const done = this.#check();
    this.#checked = { atMs: this.#deps.clock.monotonicMs(), done };
    return done;
  }

  /** Shares the last check with everybody who asks, and makes a new one only when that is old. */
  checkWhenOld(): Promise<void> {
    const last = this.#checked;
    const isFresh = last !== undefined && this.#deps.clock.monotonicMs() - last.atMs < OLD_AFTER_MS;
    return isFresh ? last.done : this.check();
  }

  /** Asks whether the schedule stands as it should, and changes nothing. */
  async look(): Promise<{ ok: boolean; detail: string }> {
    try {
      const known = await this.#fetch();
      if (known === undefined) return { ok: false, detail: "there is no schedule" };
      if (!this.#isOurs(known)) return { ok: false, detail: "the schedule is another one" };
      const isPaused = known.isPaused === true;
      return { ok: !isPaused, detail: isPaused ? "schedule is paused" : "schedule stands" };
    } catch (error) {
      if (!(error instanceof NetFailure)) throw error;
      return { ok: false, detail: error.message };
    }
  }

  async #check(): Promise<void> {
    const { log } = this.#deps;
    try {
      const known = await this.#fetch();
      if (!this.#isOurs(known)) this.#state = await this.#create();
      else if (known.isPaused === true) this.#state = { ok: false, detail: "schedule is paused" };
      else this.#state = { ok: true, detail: "schedule stands" };
    } catch (error) {
      if (!(error instanceof NetFailure)) throw error;
      this.#state = { ok: false, detail: error.message };
    }
    if (!this.#state.ok) log.warn({ detail: this.#state.detail }, "the queue is not well");
  }

  async #run(): Promise<void> {
    for (let round = 0; !this.#abort.signal.aborted; round++) {
      await this.check();
      const retryMs = this.#state.ok ? undefined : FIRST_RETRIES_MS[round];
      await this.#deps.clock.sleep(retryMs ?? CHECK_INTERVAL_MS, this.#abort.signal);
    }
  }

  async #fetch(): Promise<Schedule | undefined> {
    const response = await this.#request("GET", `/v2/schedules/${this.#id}`, {});
    return response.status === 200 ? parseSchedule(response.body) : undefined;
  }

  #isOurs(known: Schedule | undefined): known is Schedule {
    const { cron, destination } = this.#deps;
    return known?.cron === cron && known.destination === destination;
  }

  async #create(): Promise<{ ok: boolean; detail: string }> {
    const { destination, cron } = this.#deps;
    const response = await this.#request("POST", `/v2/schedules/${destination}`, {
      "upstash-cron": cron,
      "upstash-schedule-id": this.#id,
      "upstash-method": "POST",
      "upstash-retries": "1",
      "content-type": "application/json",
    });
    const ok = response.status >= 200 && response.status < 300;
    return { ok, detail: ok ? "schedule created" : `the queue answered ${response.status}` };
  }

  #request(
    method: "GET" | "POST",
    path: string,
    headers: Record<string, string>,
  ): Promise<{ status: number; body: string }> {
    const { net, qstashUrl, token } = this.#deps;
    return net.fetch({
      url: `${qstashUrl}${path}`,
      method,
      headers: { authorization: `Bearer ${token.reveal()}`, ...headers },
      timeoutMs: TIMEOUT_MS,
    });
  }
}

/** Undefined for every answer that is not a schedule: it is then made again. */
function parseSchedule(body: string): Schedule | undefined {
  try {
    return scheduleSchema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}
