import type { Invariant, Report } from "./invariant.ts";

/** Invariant 7, its ledger half: a job ends once, and only what was accepted is finished. */
export function createJobsFinal(report: Report): Invariant {
  const pending = new Set<string>();
  const over = new Set<string>();
  return {
    name: "7 jobs end once",
    take({ kind, payload }) {
      if (kind === "JobAccepted" || kind === "JobRefused") {
        if (over.has(payload.jobId)) report(`job ${payload.jobId} came back after its end`);
      }
      if (kind === "JobAccepted") pending.add(payload.jobId);
      if (kind === "JobRefused") over.add(payload.jobId);
      if (kind !== "JobFinished") return;
      if (!pending.delete(payload.jobId)) {
        report(`job ${payload.jobId} was finished without being under way`);
      }
      over.add(payload.jobId);
    },
  };
}
