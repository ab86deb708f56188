import type { Clock } from "@raptor/shared/seams/clock.ts";

interface DueTask {
  dueMs: number;
  order: number;
  run(): void;
}

const TASKS_MAX = 100_000;
/** Timers of the platform overflow after 24 days; a day is far from that. */
const SLEEP_MS_MAX = 86_400_000;

/**
 * Tasks by wall time on one sleeper. A clock that jumps (a shifted stand-in clock) needs `wake`,
 * because a sleep that has begun keeps its old length.
 */
export class DueQueue {
  readonly #clock: Clock;
  readonly #sleepMsMax: number;
  #tasks: DueTask[] = [];
  #order = 0;
  #sleeper: AbortController | undefined;
  #isRunning = false;
  #isClosed = false;

  constructor(clock: Clock, sleepMsMax = SLEEP_MS_MAX) {
    this.#clock = clock;
    this.#sleepMsMax = sleepMsMax;
  }

  /** Runs `run` once at `dueMs`, never inside this call. The answer cancels it. */
  at(dueMs: number, run: () => void): () => void {
    if (this.#isClosed) return () => undefined;
    if (this.#tasks.length >= TASKS_MAX) throw new Error("expected at most 100000 waiting tasks");
    const task: DueTask = { dueMs, order: this.#order++, run };
    let index = this.#tasks.length;
    while (index > 0 && (this.#tasks[index - 1]?.dueMs ?? 0) > dueMs) index -= 1;
    this.#tasks.splice(index, 0, task);
    if (!this.#isRunning) void this.#run();
    else if (index === 0) this.wake();
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== task);
    };
  }

  /** Looks at the clock again now. */
  wake(): void {
    this.#sleeper?.abort();
  }

  close(): void {
    this.#isClosed = true;
    this.#tasks = [];
    this.wake();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let next = this.#tasks[0]; next !== undefined; next = this.#tasks[0]) {
      const waitMs = Math.max(0, next.dueMs - this.#clock.nowMs());
      this.#sleeper = new AbortController();
      await this.#clock.sleep(Math.min(waitMs, this.#sleepMsMax), this.#sleeper.signal);
      if (this.#isClosed) break;
      this.#runDue();
    }
    this.#isRunning = false;
  }

  #runDue(): void {
    const nowMs = this.#clock.nowMs();
    while (this.#tasks[0] !== undefined && this.#tasks[0].dueMs <= nowMs) {
      this.#tasks.shift()?.run();
    }
  }
}
