import type { EventKind } from "@raptor/shared/domain/events.ts";

/**
 * Where a process can be made to die: around the commit of an event, and around what leaves the
 * process. These are the rows of the table "what is written before what".
 */
export const CRASH_EVENTS = [
  "EpochStarted",
  "JobAccepted",
  "JobRefused",
  "TicketClaimed",
  "OrderInitialized",
  "OrderApproved",
  "OrderDenied",
  "AttemptPrepared",
  "AttemptSubmitted",
  "AttemptAccepted",
  "AttemptRejected",
  "AttemptUnknown",
  "AttemptFailed",
  "AttemptDead",
  "FillRecorded",
  "FillReversed",
  "PositionChanged",
  "ExitPlanArmed",
  "ExitPlanDisarmed",
  "ExitTriggered",
  "FillSettled",
  "OrderClosed",
  "JobFinished",
  "NoticeDelivered",
  "PanicOpened",
  "PanicClosed",
  "UserPausedChanged",
  "TradingStateChanged",
  "ReconcileCompleted",
] as const satisfies readonly EventKind[];

export const CRASH_CALLS = ["submit", "notice", "quote"] as const;
export type CrashCall = (typeof CRASH_CALLS)[number];

/** `before`: nothing of it happened. `after`: it happened, and nobody in the process knows yet. */
export interface CrashPoint {
  when: "before" | "after";
  what: (typeof CRASH_EVENTS)[number] | CrashCall;
}

/** What the next process is told to die of; `hit` 1 is the first time. */
export interface CrashPlan extends CrashPoint {
  hit: number;
}

export const CRASH_POINTS: readonly CrashPoint[] = [...CRASH_EVENTS, ...CRASH_CALLS].flatMap(
  (what) => (["before", "after"] as const).map((when) => ({ when, what })),
);

/** Of the file that says of a plan that it was carried out. */
export function markOf(planFile: string): string {
  return `${planFile}.met`;
}

export function nameOf({ when, what }: CrashPoint): string {
  return `${when} ${what}`;
}
