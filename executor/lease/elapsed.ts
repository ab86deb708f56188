import type { Clock } from "@raptor/shared/seams/clock.ts";

/** A moment on both clocks. */
export interface Moment {
  monotonicMs: number;
  wallMs: number;
}

export function momentOf(clock: Clock): Moment {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.nowMs() };
}

/**
 * For whoever relies on a claim: what the monotonic clock says, and on top of it whatever the wall
 * clock disagrees with it. The monotonic clock runs on while a process is stopped by a signal, but
 * stands still while its whole machine is suspended: the wall clock then has run ahead.
 * A wall clock that was set, in either direction, could hide or feign such a gap: it ends a claim
 * too early, which the next renewal mends. What no clock inside a machine shows is a suspension
 * before the wall clock was set, or one that a wrong setting happens to cancel out.
 */
export function elapsedAtMost(clock: Clock, since: Moment): number {
  const monotonicMs = clock.monotonicMs() - since.monotonicMs;
  const wallMs = clock.nowMs() - since.wallMs;
  return monotonicMs + Math.abs(wallMs - monotonicMs);
}

/** For whoever waits until a claim is over: only the monotonic clock, which can but wait longer. */
export function elapsedAtLeast(clock: Clock, since: Moment): number {
  return clock.monotonicMs() - since.monotonicMs;
}
