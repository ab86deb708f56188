import { createHash } from "node:crypto";
import type { TradingState } from "@raptor/shared/domain/trading-state.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { JobAnswer } from "@raptor/shared/wire/answer.ts";
import { isUrgentJob, type Job } from "@raptor/shared/wire/job.ts";
import { isJournalTrouble, JOURNAL_RETRY_MS } from "../engine/journal-trouble.ts";
import type { Phase } from "../engine/read-models.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { Mirror } from "../ports/mirror.ts";
import type { Store, Tx } from "../ports/store.ts";
import type { JobAdmission, Admission } from "./admission.ts";
import type { JobHandlers } from "./handlers.ts";
import type { Lanes } from "./lanes.ts";

/** An HTTP status and what goes into its body. */
export interface IntakeResult {
  status: 200 | 202 | 409 | 503 | 504;
  answer: JobAnswer;
  retryAfterS?: number;
}

type Decision =
  | { kind: "conflict" }
  | {
      kind: "duplicate";
      outcome: string | null;
      refused: boolean;
      again: string | undefined;
      tradingState: TradingState;
    }
  | { kind: "decided"; admission: Admission };

export interface IntakeDeps {
  store: Store;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  admission: JobAdmission;
  handlers: JobHandlers;
  lanes: Lanes;
  phase(): Phase;
  /** Only with `MIRROR=sync`: what answers wait for. */
  mirror?: Pick<Mirror, "refusal" | "isMirrored"> | undefined;
}

/** Takes verified jobs: records each once, answers after the commit, hands it to its lane. */
export class JobIntake {
  readonly #deps: IntakeDeps;

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
  }

  async accept(job: Job, isRedelivered = false): Promise<IntakeResult> {
    const { store, clock, metrics, lanes, phase } = this.#deps;
    if (phase() !== "ready") return this.#notNow(job, `the executor is ${phase()}`);
    if (!isUrgentJob(job) && lanes.isFull(laneKeyOf(job))) {
      return this.#notNow(job, "too many commands are waiting");
    }
    const stranger = this.#deps.admission.checkStranger(job);
    if (stranger !== undefined) {
      metrics.count("jobs_refused_total", { reason: "stranger" });
      return this.#refused(job, stranger);
    }
    const away = waitsForCopy(job) ? this.#deps.mirror?.refusal() : undefined;
    if (away !== undefined) return this.#notNow(job, away);
    const startedMs = clock.monotonicMs();
    const digest = digestOf(job);
    let decision: Decision;
    try {
      decision = await store.transact((tx) => this.#decide(tx, job, { digest, isRedelivered }));
    } catch (error) {
      if (!isRaptorError(error)) throw error;
      this.#deps.log.error({ code: error.code, jobId: job.id }, "a job could not be recorded");
      return this.#notNow(job, error.message);
    }
    metrics.observeMs("job_accept_ms", clock.monotonicMs() - startedMs);
    const result = this.#answer(job, decision);
    return (await this.#isKnownElsewhere(job)) ? result : this.#unconfirmed(job);
  }

  /** Less trading never waits for anything but the disk. */
  async #isKnownElsewhere(job: Job): Promise<boolean> {
    const { mirror } = this.#deps;
    return mirror === undefined || !waitsForCopy(job) || (await mirror.isMirrored());
  }

  /** Recorded here, so "not accepted" would be a lie; not yet safe, so "accepted" would be too. */
  #unconfirmed(job: Job): IntakeResult {
    this.#deps.log.warn({ jobId: job.id }, "a recorded job cannot be confirmed now");
    const epoch = this.#deps.store.epoch();
    const answer: JobAnswer = { status: "error", jobId: job.id, code: "unconfirmed", epoch };
    return { status: 504, answer, retryAfterS: 2 };
  }

  /** Runs again what was accepted but not finished when the process ended. */
  redrive(): number {
    const pending = this.#deps.store.pendingJobs();
    for (const row of pending) if (row.job !== null) this.#run(row.job);
    return pending.length;
  }

  #decide(tx: Tx, job: Job, cause: { digest: string; isRedelivered: boolean }): Decision {
    const { digest, isRedelivered } = cause;
    const known = tx.job(job.id);
    if (known !== undefined) {
      // A purge removes the digest of what was said; the id alone then tells that it was known.
      if (known.digest !== "" && known.digest !== digest) return { kind: "conflict" };
      const refused = known.state === "refused";
      const again = sentenceAgain(tx, job, refused);
      // The first answer was lost, or the job would not have been put into the queue.
      if (isRedelivered && again !== undefined && !wasToldLate(tx, job)) {
        this.#deps.handlers.tellLate(tx, job, again);
      }
      const { tradingState } = tx.control();
      return { kind: "duplicate", outcome: known.outcome, refused, again, tradingState };
    }
    const admission = this.#deps.admission.decide(tx, job, isRedelivered);
    const userId = userIdOf(job);
    const stream = `job:${job.id}`;
    if (admission.kind === "refused") {
      const payload = { jobId: job.id, digest, userId, kind: job.kind, reason: admission.reason };
      tx.append({ stream, kind: "JobRefused", payload });
      // Nobody reads the answer to a job that waited in the queue: the refusal becomes a notice.
      if (isRedelivered) this.#deps.handlers.tellLate(tx, job, admission.sentence);
      admission.tell?.(tx);
      return { kind: "decided", admission };
    }
    tx.append({
      stream,
      kind: "JobAccepted",
      payload: {
        jobId: job.id,
        digest,
        userId,
        kind: job.kind,
        deadlineMs: job.deadlineMs ?? null,
        job,
      },
    });
    admission.apply(tx);
    return { kind: "decided", admission };
  }

  #answer(job: Job, decision: Decision): IntakeResult {
    const { metrics, store, handlers, lanes, log } = this.#deps;
    const epoch = store.epoch();
    if (decision.kind === "conflict") {
      log.error({ jobId: job.id }, "a job id came back with another body");
      metrics.count("jobs_refused_total", { reason: "conflict" });
      return { status: 409, answer: { status: "error", jobId: job.id, code: "conflict", epoch } };
    }
    if (decision.kind === "duplicate") {
      metrics.count("jobs_total", { kind: job.kind, outcome: "duplicate" });
      const answer: JobAnswer = { status: "duplicate", jobId: job.id, epoch };
      if (job.kind === "press") answer.toast = duplicateToast(decision);
      else if (decision.again !== undefined) answer.sentence = decision.again;
      if (job.kind === "setTradingState") answer.tradingState = decision.tradingState;
      return { status: 200, answer };
    }
    const { admission } = decision;
    if (admission.kind === "refused") {
      metrics.count("jobs_refused_total", { reason: admission.reason });
      const { followUp } = admission;
      if (followUp !== undefined) {
        const run = (): Promise<void> => handlers.refreshPressed(followUp.userId, followUp);
        lanes.enqueue(laneKeyOf(job), { isUrgent: false, run });
      }
      return this.#refused(job, admission.sentence);
    }
    metrics.count("jobs_total", { kind: job.kind, outcome: "accepted" });
    this.#run(job);
    const answer: JobAnswer = { status: "accepted", jobId: job.id, epoch };
    if (admission.toast !== undefined) answer.toast = admission.toast;
    if (admission.sentence !== undefined) answer.sentence = admission.sentence;
    return { status: 202, answer };
  }

  #run(job: Job): void {
    const run = (): Promise<void> => this.#runToEnd(job);
    this.#deps.lanes.enqueue(laneKeyOf(job), { isUrgent: isUrgentJob(job), run });
  }

  /** An acknowledged job waits in its lane while nothing can be recorded; it is never dropped. */
  async #runToEnd(job: Job): Promise<void> {
    const { handlers, clock, log, phase } = this.#deps;
    while (phase() === "ready") {
      try {
        return await handlers.run(job);
      } catch (error) {
        if (!isJournalTrouble(error)) throw error;
        log.error({ jobId: job.id }, "a job waits because nothing can be recorded");
        await clock.sleep(JOURNAL_RETRY_MS);
      }
    }
  }

  #refused(job: Job, sentence: string): IntakeResult {
    const answer: JobAnswer = {
      status: "refused",
      jobId: job.id,
      epoch: this.#deps.store.epoch(),
    };
    if (job.kind === "press") {
      answer.toast = sentence.slice(0, 200);
      answer.toastIsAlert = true;
    } else {
      answer.sentence = sentence;
    }
    return { status: 200, answer };
  }

  /** Of a job that another delivery brought in, "not accepted" would be a lie. */
  #notNow(job: Job, sentence: string): IntakeResult {
    const isKnown = this.#deps.store.job(job.id) !== undefined;
    return isKnown ? this.#unconfirmed(job) : this.#busy(sentence);
  }

  #busy(sentence: string): IntakeResult {
    const epoch = this.#deps.store.epoch();
    return {
      status: 503,
      retryAfterS: 2,
      answer: { status: "error", code: "busy", sentence, epoch },
    };
  }
}

function duplicateToast(decision: { outcome: string | null; refused: boolean }): string {
  if (decision.refused) return "This was refused before; nothing was done.";
  return decision.outcome === null ? "Already under way." : "Already done; nothing was repeated.";
}

/** What no screen will say: that it was refused, and how a switch stands. */
function sentenceAgain(tx: Tx, job: Job, refused: boolean): string | undefined {
  if (refused) return "This was refused before; nothing was done.";
  if (job.kind === "setTradingState") return `Trading is ${tx.control().tradingState}.`;
  if (job.actor.kind !== "telegram" || (job.kind !== "pause" && job.kind !== "resume")) {
    return undefined;
  }
  const isPaused = tx.user(job.actor.userId)?.paused === true;
  return isPaused ? "Your buys are paused." : "Your buys are not paused.";
}

/** By an earlier redelivery, with the reason. */
function wasToldLate(tx: Tx, job: Job): boolean {
  const key = `late:${job.id}`;
  return [key, `${key}:${userIdOf(job)}`].some((one) => tx.outbox(one) !== undefined);
}

export function userIdOf(job: Job): number | null {
  return job.actor.kind === "telegram" ? job.actor.userId : null;
}

/**
 * A tick of the schedule promises nobody anything, and dead letters come back only with one that
 * was taken: a panic among them must not wait for the copy either.
 */
function waitsForCopy(job: Job): boolean {
  return !isUrgentJob(job) && job.kind !== "reconcile";
}

function laneKeyOf(job: Job): string {
  return job.actor.kind === "telegram" ? `user:${job.actor.userId}` : job.actor.kind;
}

/** SHA-256 of the job as canonical JSON, its deadline left out. */
export function digestOf(job: Job): string {
  const { deadlineMs: _, ...rest } = job;
  return createHash("sha256").update(canonicalJson(rest)).digest("base64url");
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (inner === null || typeof inner !== "object" || Array.isArray(inner)) return inner;
    return Object.fromEntries(
      Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
    );
  });
}
