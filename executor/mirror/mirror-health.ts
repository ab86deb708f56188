import { ERROR_TEXTS } from "@raptor/shared/errors/codes.ts";
import type { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { MirrorStop } from "./mirror-stop.ts";

export interface LagReport {
  /** The last event of the copy; undefined until the heads were compared. */
  copiedSeq: number | undefined;
  events: number;
  /** Age of the oldest event that the copy does not have. */
  ms: number;
}

interface HealthOptions {
  clock: Clock;
  log: Log;
  metrics: Metrics;
  mode: "async" | "sync";
  syncMs: number;
  shout(text: string): void;
}

/** Until the heads were compared entries wait this long; a database that is away costs no more. */
const COMPARE_PATIENCE_MS = 10_000;
/** A restart of the database or a failover stays below this; longer is told to the operator. */
const TROUBLE_TOLD_MS = 60_000;
const MS_PER_S = 1_000;

/** What the mirror's state means for buys, for answers and for the people who run the desk. */
export class MirrorHealth {
  readonly #options: HealthOptions;
  #startedMs: number | undefined;
  #isCompared = false;
  #stop: MirrorStop | undefined;
  #trouble: { error: RaptorError; sinceMs: number } | undefined;
  #wasOk = true;

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  get isStopped(): boolean {
    return this.#stop !== undefined;
  }

  start(): void {
    this.#startedMs ??= this.#options.clock.monotonicMs();
    this.#options.metrics.gauge("mirror_stopped", 0);
  }

  noteCompared(): void {
    this.#isCompared = true;
  }

  noteConnected(): void {
    if (this.#trouble !== undefined) this.#options.log.info({}, "Postgres answers again");
    this.#trouble = undefined;
  }

  noteTrouble(error: RaptorError, lag: LagReport): void {
    const { log, clock } = this.#options;
    if (this.#trouble === undefined) {
      log.warn({ code: error.code, ...error.context }, "the copy in Postgres falls behind");
    }
    const sinceMs = this.#trouble?.sinceMs ?? clock.monotonicMs();
    this.#trouble = { error, sinceMs };
    this.tell(lag);
  }

  noteWentBack(fromSeq: number, toSeq: number): void {
    this.#options.shout(
      `Postgres went back from event ${fromSeq} to ${toSeq}, as after a failover to an older ` +
        `replica. The journal here is whole and the missing events are copied again; look at ` +
        `the database's failover before you rely on it for a restore.`,
    );
  }

  noteStop(stop: MirrorStop): void {
    const { log, metrics, shout } = this.#options;
    this.#stop = stop;
    log.error({ kind: stop.kind, reason: stop.message }, "the copy in Postgres has stopped");
    metrics.gauge("mirror_stopped", 1);
    metrics.count("alerts_total", { kind: "mirror-stopped" });
    shout(`${this.#stopSentence(stop)} ${ADVICE[stop.kind]}`);
    this.#wasOk = false;
  }

  hold(lag: LagReport): string | undefined {
    if (this.#stop !== undefined) return this.#stopSentence(this.#stop);
    const { mode, clock } = this.#options;
    if (!this.#isCompared) {
      const waitedMs = clock.monotonicMs() - (this.#startedMs ?? clock.monotonicMs());
      if (mode === "sync" || waitedMs < COMPARE_PATIENCE_MS) return UNCOMPARED_HOLD;
      return undefined;
    }
    return mode === "sync" && this.#isLate(lag) ? SYNC_HOLD : undefined;
  }

  refusal(lag: LagReport): string | undefined {
    if (this.#options.mode === "async" || this.hold(lag) === undefined) return undefined;
    return SYNC_REFUSAL;
  }

  /** Anybody may read it: the server's own words, which name hosts and users, stay out of it. */
  report(lag: LagReport): { name: string; ok: boolean; detail: string } {
    const { mode } = this.#options;
    const copied = lag.copiedSeq === undefined ? "not compared yet" : `seq ${lag.copiedSeq}`;
    const behind = `lag ${lag.events} events, ${(lag.ms / MS_PER_S).toFixed(1)} s`;
    const cause = this.#stop?.message ?? troubleWords(this.#trouble?.error);
    const detail = `${mode}, ${copied}, ${behind}${cause === undefined ? "" : `; ${cause}`}`;
    return { name: "mirror", ok: this.#isOk(lag), detail };
  }

  /** Metrics, and a word to the operator when it became bad or good. */
  tell(lag: LagReport): void {
    const { metrics, shout } = this.#options;
    metrics.gauge("mirror_lag_events", lag.events);
    metrics.gauge("mirror_lag_seconds", lag.ms / MS_PER_S);
    const isOk = this.#isOk(lag);
    if (isOk === this.#wasOk || this.#stop !== undefined) return;
    this.#wasOk = isOk;
    const reason = this.#trouble?.error.context["reason"];
    const why = reason === undefined ? "" : ` (${String(reason)})`;
    shout(isOk ? WELL_AGAIN : `${BEHIND_ALERT} ${this.report(lag).detail}${why}.`);
  }

  #isOk(lag: LagReport): boolean {
    if (this.#stop !== undefined) return false;
    if (this.#options.mode === "sync") return this.hold(lag) === undefined;
    const { clock } = this.#options;
    const sinceMs = this.#trouble?.sinceMs ?? clock.monotonicMs();
    return lag.ms < TROUBLE_TOLD_MS && clock.monotonicMs() - sinceMs < TROUBLE_TOLD_MS;
  }

  #isLate(lag: LagReport): boolean {
    return this.#trouble !== undefined || lag.ms > this.#options.syncMs;
  }

  #stopSentence(stop: MirrorStop): string {
    return (
      `The copy in Postgres does not fit this journal (${stop.message}); ` +
      `buys stop, positions and their exits go on.`
    );
  }
}

/** The five characters of an SQL state name a cause and no place. */
function troubleWords(error: RaptorError | undefined): string | undefined {
  if (error === undefined) return undefined;
  const { sqlState } = error.context;
  const isState = typeof sqlState === "string" && /^[0-9A-Z]{5}$/.test(sqlState);
  return `${ERROR_TEXTS[error.code]}${isState ? `, SQL state ${sqlState}` : ""}`;
}

const UNCOMPARED_HOLD =
  "The copy in Postgres has not been compared since the start; buys wait, exits go on.";
const SYNC_HOLD =
  "Postgres does not follow, and MIRROR=sync lets no buy go on without it; exits go on.";
const SYNC_REFUSAL =
  "Not accepted: Postgres does not follow, and MIRROR=sync takes nothing without it. Nothing was " +
  "done. Selling, panic and the kill switch work; try the rest again in a minute.";
const BEHIND_ALERT =
  "The copy in Postgres falls behind. Nothing is lost while this machine's volume lives, and it " +
  "catches up by itself:";
const WELL_AGAIN = "The copy in Postgres has caught up.";

const ADVICE: Readonly<Record<MirrorStop["kind"], string>> = {
  behind:
    "The volume has lost events that were recorded, or another desk writes there. Stop this " +
    "machine, make sure that no other one runs, and use `raptor restore --from postgres`.",
  fork:
    "Two desks wrote different histories. Make sure that only one runs; then keep the database " +
    "that belongs to it and give this one an empty one.",
  gap: "Give the mirror a database that holds the older events, or one journal with all of them.",
  contradiction:
    "The copied tables were changed by somebody else. Run `update raptor.mirror_cursor set " +
    "fold_digest = ''` there and start again: they are folded anew from the copied events.",
  damaged: "Run `raptor verify` on the journal before anything else.",
};
