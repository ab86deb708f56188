import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { Invariant, Report } from "./invariant.ts";

/**
 * Invariant 1: one cause has at most one effect. A job is accepted once, makes one order, and an
 * order holds at most one fill that was not taken back; the same press under another update id is
 * the same cause.
 */
export function createOneEffect(report: Report): Invariant {
  const causes = new Map<string, string>();
  const orderOfCause = new Map<string, string>();
  const fillOfOrder = new Map<string, string>();

  function noteJob({ jobId, job }: EventPayloads["JobAccepted"]): void {
    if (causes.has(jobId)) report(`job ${jobId} was accepted twice`);
    causes.set(jobId, job.kind === "press" ? `press ${job.callbackQueryId}` : `job ${jobId}`);
  }

  function noteOrder({ orderId, source }: EventPayloads["OrderInitialized"]): void {
    // A panic sells a position as often as it takes.
    if (source.kind === "panic") return;
    const cause =
      source.kind === "job"
        ? (causes.get(source.jobId) ?? `job ${source.jobId}`)
        : `exit ${source.positionId} ${source.rule} ${source.n}`;
    const known = orderOfCause.get(cause);
    if (known !== undefined) report(`orders ${known} and ${orderId} both come from ${cause}`);
    orderOfCause.set(cause, orderId);
  }

  function noteFill({ orderId, fillId }: EventPayloads["FillRecorded"]): void {
    const known = fillOfOrder.get(orderId);
    if (known !== undefined) report(`order ${orderId} has two fills, ${known} and ${fillId}`);
    fillOfOrder.set(orderId, fillId);
  }

  function dropFill(fillId: string): void {
    for (const [orderId, known] of fillOfOrder) {
      if (known === fillId) fillOfOrder.delete(orderId);
    }
  }

  return {
    name: "1 one effect",
    take({ kind, payload }) {
      if (kind === "JobAccepted") noteJob(payload);
      if (kind === "OrderInitialized") noteOrder(payload);
      if (kind === "FillRecorded") noteFill(payload);
      if (kind === "FillReversed") dropFill(payload.fillId);
    },
  };
}
