import type { Job } from "@raptor/shared/wire/job.ts";
import { deliverDirectly, URGENT_TRIES } from "../jobs/deliver.ts";
import { createProblem } from "../middleware/problem.ts";
import { readQueueDelivery } from "../middleware/queue-delivery.ts";
import type { EdgeServices } from "../services.ts";

export const CRON_PATH = "/cron/:name";
const BODY_BYTES_MAX = 16 * 1024;

/** A QStash schedule's tick: asks the executor to reconcile, and then revives our dead letters. */
export function createCron(services: EdgeServices) {
  return async function handleCron(request: Request, name: string): Promise<Response> {
    const path = `/cron/${name}`;
    if (name !== "reconcile") return createProblem("NOT_FOUND", "/cron");
    const delivery = await readQueueDelivery(services, request, path, BODY_BYTES_MAX);
    if (delivery instanceof Response) return delivery;
    const job: Job = {
      id: `qs:${delivery.messageId}`,
      actor: { kind: "cron", name },
      // QStash does not say when the tick was due, and a repeated delivery must be the same job.
      createdMs: 0,
      kind: "reconcile",
    };
    const { result } = await deliverDirectly(services, job, URGENT_TRIES);
    if (result.kind === "closed") {
      // Dead letters stay where they are: each would only meet the same closed door, six times, out
      // of a ration that the next person's command needs.
      return createProblem("EXECUTOR_UNREACHABLE", path, { headers: { "retry-after": "10" } });
    }
    if (result.kind === "refused") {
      return createProblem("JOB_REFUSED", path, {
        headers: { "upstash-nonretryable-error": "true" },
      });
    }
    return Response.json({
      jobId: job.id,
      deadLettersRevived: await reviveDeadLetters(services),
    });
  };
}

/** Its failure must not fail the tick: reconciling matters more and the next tick tries again. */
async function reviveDeadLetters(services: EdgeServices): Promise<number | null> {
  try {
    return await services.queue.retryDeadLetters();
  } catch (error) {
    const cause = error instanceof Error ? error.message : "unknown";
    services.log.error({ cause }, "dead letters could not be retried");
    services.metrics.count("raptor_edge_queue_total", { call: "retry", outcome: "failed" });
    return null;
  }
}
