import { JWS_BYTES_MAX } from "@raptor/shared/wire/jws.ts";
import { deliverDirectly } from "../jobs/deliver.ts";
import { REDELIVER_PATH } from "../jobs/job-queue.ts";
import { createProblem } from "../middleware/problem.ts";
import { readQueueDelivery } from "../middleware/queue-delivery.ts";
import type { EdgeServices } from "../services.ts";

const NEVER_AGAIN = { "upstash-nonretryable-error": "true" };

/**
 * A job comes back from QStash. Two signatures must hold, QStash's and our own, so a stolen QStash
 * token forges nothing. Whether the job is too old is for the executor to say.
 */
export function createRedeliver(services: EdgeServices) {
  return async function handleRedeliver(request: Request): Promise<Response> {
    const delivery = await readQueueDelivery(services, request, REDELIVER_PATH, JWS_BYTES_MAX);
    if (delivery instanceof Response) return delivery;
    const job = await services.signer.verifyOwnJob(delivery.text);
    if (job === undefined) {
      services.metrics.count("raptor_edge_refusals_total", { reason: "redelivered-job" });
      services.quietLog("redelivered-job", {}, "QStash delivered a job that is not ours");
      return createProblem("JOB_INVALID", REDELIVER_PATH, { headers: NEVER_AGAIN });
    }
    const { result } = await deliverDirectly(services, job, 1, true);
    if (result.kind === "closed") {
      // No Retry-After: QStash would obey it in the place of the growing delay that was asked for.
      return createProblem("EXECUTOR_UNREACHABLE", REDELIVER_PATH);
    }
    // A clock set wrong or a key on its way is no word about the job: the person was told that it
    // waits, so it stays with the queue, as a dead letter too, until the two agree again.
    if (result.kind === "refused" && result.status === 401) {
      return createProblem("JOB_NOT_TRUSTED", REDELIVER_PATH, {
        headers: { "retry-after": "10" },
      });
    }
    if (result.kind === "refused") {
      return createProblem("JOB_REFUSED", REDELIVER_PATH, { headers: NEVER_AGAIN });
    }
    return Response.json({ jobId: job.id, status: result.answer.status });
  };
}
