import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { JobAnswer } from "@raptor/shared/wire/answer.ts";
import { isUrgentJob, type Job } from "@raptor/shared/wire/job.ts";
import type { DoorResult, ExecutorDoor } from "./executor-door.ts";
import type { JobQueue } from "./job-queue.ts";
import type { JobSigner } from "./job-signer.ts";

/** Where a job is now. */
export type Delivery =
  | { kind: "taken"; answer: JobAnswer }
  | { kind: "refused"; status: number; code: string; answer: JobAnswer | undefined }
  | { kind: "queued" }
  /** Neither the executor nor the queue has it. `isCertain`: it cannot have happened. */
  | { kind: "lost"; isCertain: boolean };

export interface DeliveryDeps {
  clock: Clock;
  log: Log;
  signer: JobSigner;
  door: ExecutorDoor;
  queue: JobQueue;
}

/** Urgent jobs are tried directly this often before anything else, within about five seconds. */
export const URGENT_TRIES = 3;
const URGENT_PAUSES_MS = [100, 300];

/** Direct first; the queue when the executor does not take the job. */
export async function deliverJob(deps: DeliveryDeps, job: Job): Promise<Delivery> {
  const direct = await deliverDirectly(deps, job, isUrgentJob(job) ? URGENT_TRIES : 1);
  if (direct.result.kind !== "closed") return direct.result;
  const queued = await deps.queue.publish(job.id, direct.jws);
  if (queued.kind === "queued") {
    deps.log.warn({ jobId: job.id, cause: direct.result.cause }, "job queued");
    return { kind: "queued" };
  }
  deps.log.error(
    { jobId: job.id, cause: direct.result.cause, queueCause: queued.cause },
    "neither executor nor queue took the job",
  );
  return { kind: "lost", isCertain: direct.result.isCertain && queued.isCertain };
}

/**
 * Tries the executor up to `tries` times; each try is signed anew, the job's id stays. A `closed`
 * result is certain only when every try was refused outright.
 */
export async function deliverDirectly(
  deps: DeliveryDeps,
  job: Job,
  tries: number,
  isRedelivered = false,
): Promise<{ result: DoorResult; jws: string }> {
  let isCertain = true;
  for (let at = 0; ; at++) {
    const jws = await deps.signer.signJob(job, isRedelivered);
    const result = await deps.door.postJob(jws);
    if (result.kind === "refused") {
      const { status, code } = result;
      deps.log.error({ jobId: job.id, kind: job.kind, status, code }, "executor refused a job");
    }
    if (result.kind !== "closed") return { result, jws };
    isCertain &&= result.isCertain;
    if (at + 1 >= tries) return { result: { ...result, isCertain }, jws };
    await deps.clock.sleep(URGENT_PAUSES_MS[at] ?? 0);
  }
}
