import type { Job } from "@raptor/shared/wire/job.ts";
import type { Tx } from "../ports/store.ts";

/** Ends a job in the transaction that did what it asked for; once, however often it runs. */
export function finish(tx: Tx, job: Job, outcome: string): void {
  if (tx.job(job.id)?.state !== "pending") return;
  const payload = { jobId: job.id, outcome };
  tx.append({ stream: `job:${job.id}`, kind: "JobFinished", payload });
}
