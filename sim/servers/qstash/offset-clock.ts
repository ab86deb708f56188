import type { Clock } from "@raptor/shared/seams/clock.ts";

/**
 * The queue's own time: the machine's plus a shift. Only the queue lives in shifted time, so that
 * signatures, which receivers check against the machine's clock, stay valid.
 */
export class OffsetClock implements Clock {
  readonly #base: Clock;
  #shiftMs = 0;

  constructor(base: Clock) {
    this.#base = base;
  }

  shift(ms: number): void {
    this.#shiftMs += ms;
  }

  nowMs(): number {
    return this.#base.nowMs() + this.#shiftMs;
  }

  monotonicMs(): number {
    return this.#base.monotonicMs() + this.#shiftMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#base.sleep(ms, signal);
  }

  defer(task: () => void): void {
    this.#base.defer(task);
  }
}
