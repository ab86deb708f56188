import type { EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";
import type { Invariant, Report } from "./invariant.ts";

interface Entry {
  userId: number;
  deadlineMs: number | null;
}

/** The deadline is judged and the event is dated within one transaction, not in one instant. */
const CLOCK_GRAIN_MS = 1_000;
/** The deadline of a job is set on the edge's clock. */
const JOB_GRAIN_MS = 3_000;

/**
 * Invariant 10: after a kill switch, a pause, a hold or a panic is committed no entry is prepared,
 * nor after the order's own deadline; and no job is accepted after its time.
 */
export function createEntryGate(report: Report): Invariant {
  const entries = new Map<string, Entry>();
  const stops = {
    paused: new Set<number>(),
    held: new Set<number>(),
    "in a panic": new Set<number>(),
  };
  let state = "active";

  function check({ orderId, voids }: EventPayloads["AttemptPrepared"], tsMs: number): void {
    const entry = entries.get(orderId);
    // What calls an entry off takes risk away, and no switch may stop it.
    if (entry === undefined || voids !== undefined) return;
    const { userId, deadlineMs } = entry;
    if (state !== "active") report(`entry ${orderId} was prepared while trading was ${state}`);
    for (const [word, people] of Object.entries(stops)) {
      if (people.has(userId)) report(`entry ${orderId} was prepared while ${userId} was ${word}`);
    }
    if (deadlineMs === null || tsMs <= deadlineMs + CLOCK_GRAIN_MS) return;
    report(`entry ${orderId} was prepared ${tsMs - deadlineMs} ms after its deadline`);
  }

  function checkLate({ jobId, deadlineMs }: EventPayloads["JobAccepted"], tsMs: number): void {
    if (deadlineMs === null || tsMs <= deadlineMs + JOB_GRAIN_MS) return;
    report(`job ${jobId} was accepted ${tsMs - deadlineMs} ms after its deadline`);
  }

  function take({ kind, payload, tsMs }: JournalEvent): void {
    switch (kind) {
      case "JobAccepted":
        return checkLate(payload, tsMs);
      case "OrderInitialized":
        if (payload.side === "buy") entries.set(payload.orderId, payload);
        return;
      case "AttemptPrepared":
        return check(payload, tsMs);
      case "TradingStateChanged":
        state = payload.state;
        return;
      case "UserPausedChanged":
        return mark(stops.paused, payload.userId, payload.paused);
      case "EntriesHeld":
      case "EntriesReleased":
        return mark(stops.held, payload.userId, kind === "EntriesHeld");
      case "PanicOpened":
      case "PanicClosed":
        return mark(stops["in a panic"], payload.userId, kind === "PanicOpened");
      default:
    }
  }

  return { name: "10 entry gate", take };
}

function mark(people: Set<number>, userId: number, isOn: boolean): void {
  if (isOn) people.add(userId);
  else people.delete(userId);
}
