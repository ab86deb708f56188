import type { TradingState } from "@raptor/shared/domain/trading-state.ts";
import type { SwitchTimes } from "@raptor/shared/domain/events.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Job, JobOf } from "@raptor/shared/wire/job.ts";
import type { Notices } from "../ports/notices.ts";
import type { Tx } from "../ports/store.ts";

export type SwitchDecision =
  | { kind: "accepted"; sentence: string; apply(tx: Tx): void }
  | { kind: "refused"; reason: string; sentence: string };

/** A typed command that allows more trading is obeyed only for so long after it was typed. */
export const LOOSENING_MS_MAX = 30_000;
/** A typed command that is older than this was redelivered: nobody sees its answer any more. */
const LATE_MS = 10_000;
/** Telegram gives the time of a message in whole seconds. */
const MESSAGE_TIME_GRAIN_MS = 999;

const MEANINGS: Readonly<Record<TradingState, string>> = {
  active: "all trading",
  reducing: "exits only",
  halted: "exits only, no entry",
};

export interface SwitchDeps {
  clock: Clock;
  notices: Pick<Notices, "alert" | "alertAdmins">;
}

/**
 * The kill switch and the pause of one person. Asking for less trading always works, however late
 * the message comes. Asking for more works only in time, and only when nobody asked for less since.
 */
export class Switches {
  readonly #clock: Clock;
  readonly #notices: SwitchDeps["notices"];

  constructor(deps: SwitchDeps) {
    this.#clock = deps.clock;
    this.#notices = deps.notices;
  }

  decideTradingState(
    tx: Tx,
    job: JobOf<"setTradingState">,
    isRedelivered: boolean,
  ): SwitchDecision {
    const { state, reason, id: jobId } = job;
    const { tradingState, tightenedMs } = tx.control();
    const isLooser = state === "active";
    if (isLooser && this.#isOvertaken(job, tightenedMs)) {
      return refuseLooser(
        `Trading stays ${tradingState}: this came late. Send /kill active again if you mean it.`,
      );
    }
    const by = job.actor.kind === "telegram" ? `telegram:${job.actor.userId}` : job.actor.kind;
    const times = this.#timesOf(job, isLooser, tightenedMs);
    const sentence = `Trading is now ${state}: ${MEANINGS[state]}.`;
    return {
      kind: "accepted",
      sentence,
      apply: (inner) => {
        const payload = { state, reason, by, jobId, ...times };
        inner.append({ stream: "control", kind: "TradingStateChanged", payload });
        if (isRedelivered || this.#isLate(job)) {
          const lines = [sentence, `A late command of ${by} did this: it had been on its way.`];
          this.#notices.alertAdmins(inner, `late:${jobId}`, lines);
        }
      },
    };
  }

  /** `shownMs` is when the pressed button was made; typed commands have a time of their own. */
  decidePause(
    tx: Tx,
    job: Job,
    wish: { userId: number; paused: boolean; isRedelivered: boolean; shownMs?: number },
  ): SwitchDecision {
    const { userId, paused, isRedelivered, shownMs } = wish;
    const user = tx.user(userId);
    if (user === undefined) {
      return { kind: "refused", reason: "unknown-user", sentence: "Press /start first." };
    }
    if (!paused && user.panicId !== null) {
      const sentence = "Panic is still selling; /resume works when it is done.";
      return { kind: "refused", reason: "panic-open", sentence };
    }
    const isOvertaken =
      shownMs === undefined ? this.#isOvertaken(job, user.pausedMs) : shownMs < user.pausedMs;
    if (!paused && isOvertaken) {
      return refuseLooser(
        "Nothing was changed: this came late. Send /resume again if you mean it.",
      );
    }
    const times = this.#timesOf(job, !paused, user.pausedMs);
    const stream = `user:${userId}`;
    const sentence = paused
      ? "Paused: no new buys. Exits and sells go on."
      : "Resumed: buys are allowed again.";
    return {
      kind: "accepted",
      sentence,
      apply: (inner) => {
        const payload = { userId, paused, jobId: job.id, ...times };
        inner.append({ stream, kind: "UserPausedChanged", payload });
        if (!paused && user.heldReason !== "") {
          const reason = "resumed by the person";
          inner.append({ stream, kind: "EntriesReleased", payload: { userId, reason } });
        }
        if (isRedelivered || this.#isLate(job)) {
          const lines = [sentence, "Your command came late; it had been on its way."];
          this.#notices.alert(inner, userId, `late:${job.id}`, lines);
        }
      },
    };
  }

  /** A refusal of a late command reaches nobody through the edge's answer. */
  tellIfLate(tx: Tx, job: Job, sentence: string): void {
    if (job.actor.kind !== "telegram" || !this.#isLate(job)) return;
    const { userId } = job.actor;
    if (tx.user(userId) === undefined) return;
    this.#notices.alert(tx, userId, `late:${job.id}`, [sentence]);
  }

  /** Whether a command that allows more is too old, or older than the newest one for less. */
  #isOvertaken(job: Job, tightenedMs: number): boolean {
    const createdMs = timeOf(job);
    if (createdMs === 0) return false;
    if (this.#clock.nowMs() > createdMs + LOOSENING_MS_MAX + MESSAGE_TIME_GRAIN_MS) return true;
    return createdMs + MESSAGE_TIME_GRAIN_MS < tightenedMs;
  }

  /** Where the time of a command is not known, it counts as given when it was accepted. */
  #timesOf(job: Job, isLooser: boolean, tightenedMs: number): Required<SwitchTimes> {
    const createdMs = timeOf(job);
    if (isLooser) return { createdMs, tightenedMs };
    const givenMs = createdMs === 0 ? this.#clock.nowMs() : createdMs;
    return { createdMs, tightenedMs: Math.max(tightenedMs, givenMs) };
  }

  #isLate(job: Job): boolean {
    const createdMs = timeOf(job);
    return createdMs !== 0 && this.#clock.nowMs() > createdMs + LATE_MS;
  }
}

/** A press has no time of its own and the admin API gives none: 0. */
function timeOf(job: Job): number {
  return job.actor.kind === "telegram" && job.kind !== "press" ? job.createdMs : 0;
}

function refuseLooser(sentence: string): SwitchDecision {
  return { kind: "refused", reason: "stale", sentence };
}
