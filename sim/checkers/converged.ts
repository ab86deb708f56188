import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import type { Checker, Watch } from "./checker.ts";

/** At rest: once faults stop, everything that had begun must have come to its end. */
export function createConverged(watch: Watch): Checker {
  const unfinished = new Map<string, string>();

  function take({ kind, payload }: JournalEvent): void {
    switch (kind) {
      case "JobAccepted":
        return void unfinished.set(`job ${payload.jobId}`, payload.kind);
      case "JobFinished":
        return void unfinished.delete(`job ${payload.jobId}`);
      case "OrderInitialized":
        return void unfinished.set(`order ${payload.orderId}`, payload.side);
      case "OrderDenied":
      case "OrderClosed":
        return void unfinished.delete(`order ${payload.orderId}`);
      case "AttemptPrepared":
        return void unfinished.set(`attempt ${payload.attemptId}`, "prepared");
      case "AttemptUnknown":
        if (unfinished.has(`attempt ${payload.attemptId}`)) {
          unfinished.set(`attempt ${payload.attemptId}`, `unknown: ${payload.cause}`);
        }
        return;
      case "AttemptRejected":
      case "AttemptFailed":
      case "AttemptDead":
        return void unfinished.delete(`attempt ${payload.attemptId}`);
      case "FillRecorded":
        unfinished.delete(`attempt ${payload.attemptId}`);
        unfinished.delete(`order ${payload.orderId}`);
        return void unfinished.set(`fill ${payload.fillId}`, "not settled");
      case "FillSettled":
        return void unfinished.delete(`fill ${payload.fillId}`);
      case "FillReversed": {
        const orderId = payload.attemptId.slice(0, payload.attemptId.lastIndexOf(":"));
        unfinished.delete(`fill ${payload.fillId}`);
        unfinished.set(`attempt ${payload.attemptId}`, "taken back");
        return void unfinished.set(`order ${orderId}`, "taken back");
      }
      case "PanicOpened":
        return void unfinished.set(`panic of ${payload.userId}`, payload.panicId);
      case "PanicClosed":
        return void unfinished.delete(`panic of ${payload.userId}`);
      default:
    }
  }

  return {
    name: "convergence",
    onCommit(events) {
      for (const event of events) take(event);
    },
    atRest({ store }) {
      for (const [thing, state] of unfinished) watch.report(`at rest: ${thing} (${state})`);
      const waiting = store.outboxPendingCount();
      if (waiting > 0) watch.report(`at rest: ${waiting} notices wait`);
    },
  };
}
