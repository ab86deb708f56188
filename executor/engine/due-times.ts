import type { Clock } from "@raptor/shared/seams/clock.ts";
import { BinaryHeap } from "./binary-heap.ts";

export interface DueTime {
  dueMs: number;
  positionId: string;
  ruleId: string;
}

/**
 * Wall time may be set forward while somebody sleeps, and timers do not follow it: after a machine
 * was suspended, or a clock was put right. A position held for too long waits no longer than this,
 * which is as soon as the next price comes, and costs one timer for all rules together.
 */
const LOOK_MS = 1_000;

/** Moments of the wall clock, with one sleeper for the earliest of them. */
export class DueTimes {
  readonly #clock: Clock;
  readonly #onDue: (due: DueTime) => void;
  readonly #times = new BinaryHeap<DueTime>((a, b) => a.dueMs < b.dueMs);
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #isRunning = false;

  constructor(clock: Clock, onDue: (due: DueTime) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** What was disarmed meanwhile is noticed by whoever is called. */
  add(due: DueTime): void {
    const first = this.#times.peek();
    this.#times.push(due);
    if (!this.#isRunning) void this.#run();
    else if (first === undefined || due.dueMs < first.dueMs) this.#wake.abort();
  }

  stop(): void {
    this.#stop.abort();
    this.#wake.abort();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let next = this.#times.peek(); next !== undefined; next = this.#times.peek()) {
      if (this.#stop.signal.aborted) break;
      const leftMs = next.dueMs - this.#clock.nowMs();
      if (leftMs <= 0) {
        this.#times.pop();
        this.#onDue(next);
        continue;
      }
      this.#wake = new AbortController();
      await this.#clock.sleep(Math.min(leftMs, LOOK_MS), this.#wake.signal);
    }
    this.#isRunning = false;
  }
}
