import type { EventKind, EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";
import { walkJournal } from "../store/walk-journal.ts";
import { replayApproval, replayClosed, replayDenial, replayPrepared } from "./replay-entry.ts";
import {
  replayArmed,
  replayEnded,
  replayFill,
  replayPosition,
  replayReversal,
} from "./replay-exits.ts";
import { replayEntryTriggered, replaySell, replayTriggered } from "./replay-exits.ts";
import { RULES, type ReplayRules } from "./replay-rules.ts";
import type { ReplayMemory, ReplayStep } from "./replay-step.ts";

/** A decision that comes out differently now, or a row that is not what was written. */
export interface Difference {
  seq: number;
  kind: EventKind;
  /** The rule that was asked again. */
  rule: string;
  detail: string;
}

export interface ReplayReport {
  events: number;
  /** How often each rule was asked again. */
  decisions: Record<string, number>;
  differences: Difference[];
  /** Differences beyond those that are named. */
  more: number;
  brokenBy: { seq: number; detail: string } | null;
}

/** One altered rule differs everywhere; the first ones tell which. */
const DIFFERENCES_MAX = 20;

type Replays = { [K in EventKind]?: (step: ReplayStep<K>) => void };

const REPLAYS: Replays = {
  OrderApproved: replayApproval,
  OrderDenied: replayDenial,
  OrderClosed: replayClosed,
  AttemptPrepared: replayPrepared,
  ExitPlanArmed: replayArmed,
  ExitTriggered: replayTriggered,
  ExitRuleEnded: replayEnded,
  EntryTriggered: replayEntryTriggered,
  OrderInitialized: replaySell,
  FillRecorded: replayFill,
  FillReversed: replayReversal,
  PositionChanged: replayPosition,
};

/**
 * Decides everything again that the journal has the inputs of, with the rules that run now on the
 * tables as they were then, and compares. Reads only.
 */
export function replayJournal(path: string, over: Partial<ReplayRules> = {}): ReplayReport {
  const rules = { ...RULES, ...over };
  const memory: ReplayMemory = { limits: new Map(), expected: [] };
  const report: ReplayReport = {
    events: 0,
    decisions: {},
    differences: [],
    more: 0,
    brokenBy: null,
  };
  const end = walkJournal(path, ({ event, isLinked }, before) => {
    const judge = (rule: string, detail: string | undefined): void => {
      report.decisions[rule] = (report.decisions[rule] ?? 0) + 1;
      if (detail === undefined) return;
      if (report.differences.length >= DIFFERENCES_MAX) report.more++;
      else report.differences.push({ seq: event.seq, kind: event.kind, rule, detail });
    };
    judge("hash chain", isLinked ? undefined : "this event or the one before it was altered");
    replayEvent(event, { before, rules, memory, judge });
  });
  for (const { positionId } of memory.expected) {
    const detail = `a fill changed ${positionId}, and no event says so`;
    report.differences.push({ seq: end.events, kind: "FillRecorded", rule: "position", detail });
  }
  return { ...report, ...end };
}

type Shared = Pick<ReplayStep<EventKind>, "before" | "rules" | "memory" | "judge">;

function replayEvent(event: JournalEvent, shared: Shared): void {
  const { kind, payload, tsMs } = event;
  // A row that was altered may have any shape: what cannot be decided again is a difference too.
  try {
    replayPayload(kind, payload, { ...shared, tsMs });
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    shared.judge(kind, `it cannot be decided again: ${detail}`);
  }
}

function replayPayload<K extends EventKind>(
  kind: K,
  payload: EventPayloads[K],
  shared: Omit<ReplayStep<K>, "payload">,
): void {
  REPLAYS[kind]?.({ ...shared, payload });
}
