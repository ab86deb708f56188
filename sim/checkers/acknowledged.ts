import type { NetRequest, NetResponse } from "@raptor/shared/seams/net.ts";
import type { Checker, Watch } from "./checker.ts";

interface JobAnswer {
  status?: string;
  jobId?: string;
}

/**
 * Invariant 7, after every step: the executor says that it has a job only when the job is
 * committed. At rest: every job that was committed or promised has ended or is listed as pending.
 */
export function createAcknowledged(watch: Watch): Checker {
  const recorded = new Set<string>();
  const final = new Set<string>();
  const promised = new Set<string>();

  function check({ status, jobId }: JobAnswer): void {
    if (jobId === undefined || (status !== "accepted" && status !== "duplicate")) return;
    promised.add(jobId);
    if (!recorded.has(jobId)) watch.report(`${jobId} was acknowledged before it was committed`);
  }

  return {
    name: "7 acknowledged jobs",
    onCommit(events) {
      for (const { kind, payload } of events) {
        if (kind === "JobAccepted" || kind === "JobRefused") recorded.add(payload.jobId);
        if (kind === "JobFinished" || kind === "JobRefused") final.add(payload.jobId);
      }
    },
    onAnswered(host, request, response) {
      if (host === "executor.sim" && isTaken(request, response)) {
        check(JSON.parse(response.body) as JobAnswer);
      }
    },
    atRest({ store }) {
      const pending = new Set(store.pendingJobs().map(({ jobId }) => jobId));
      for (const jobId of new Set([...promised, ...recorded])) {
        if (final.has(jobId) || pending.has(jobId)) continue;
        watch.report(`${jobId} neither ended nor is it listed as pending`);
      }
    },
  };
}

function isTaken({ url }: NetRequest, { status }: NetResponse): boolean {
  return url.endsWith("/jobs") && status >= 200 && status <= 299;
}
