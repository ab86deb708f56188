import type { EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";
import type { Job } from "@raptor/shared/wire/job.ts";
import type { Invariant, Report } from "./invariant.ts";

/** Telegram gives the time of a message in whole seconds. */
const GRAIN_MS = 1_000;

/**
 * Invariant 10, for switches: a typed command that allows more trading changes nothing when it was
 * typed before the newest typed one that allows less, in whatever order they arrive.
 */
export function createSwitchOrder(report: Report): Invariant {
  const typedMs = new Map<string, number>();
  /** When the newest command for less was typed, by person; 0 stands for everybody. */
  const tightenedMs = new Map<number, number>();

  function noteJob({ jobId, job }: EventPayloads["JobAccepted"]): void {
    if (isTypedSwitch(job)) typedMs.set(jobId, job.createdMs);
  }

  function judge(who: number, jobId: string, isLooser: boolean): void {
    const ms = typedMs.get(jobId);
    if (ms === undefined) return;
    const newest = tightenedMs.get(who) ?? -Infinity;
    if (!isLooser) tightenedMs.set(who, Math.max(ms, newest));
    else if (ms + GRAIN_MS < newest) {
      report(`${jobId} allows trading ${newest - ms} ms after a newer command for less`);
    }
  }

  function take({ kind, payload }: JournalEvent): void {
    if (kind === "JobAccepted") noteJob(payload);
    if (kind === "UserPausedChanged") judge(payload.userId, payload.jobId, !payload.paused);
    if (kind === "TradingStateChanged") judge(0, payload.jobId, payload.state === "active");
  }

  return { name: "10 newest switch wins", take };
}

function isTypedSwitch({ kind, actor }: Job): boolean {
  const isSwitch = kind === "pause" || kind === "resume" || kind === "setTradingState";
  return isSwitch && actor.kind === "telegram";
}
