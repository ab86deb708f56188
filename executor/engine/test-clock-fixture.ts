import type { Clock } from "@raptor/shared/seams/clock.ts";

interface Sleeper {
  wakeMs: number;
  number: number;
  wake(): void;
}

/** Time that moves only when a test says so; everything due at one moment runs to rest. */
export class TestClock implements Clock {
  #ms = 1_700_000_000_000;
  readonly #startMs = this.#ms;
  #count = 0;
  readonly #sleepers = new Set<Sleeper>();

  nowMs(): number {
    return this.#ms;
  }

  monotonicMs(): number {
    return this.#ms - this.#startMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const sleeper: Sleeper = {
        wakeMs: this.#ms + ms,
        number: this.#count++,
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener("abort", sleeper.wake);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", sleeper.wake);
    });
  }

  defer(task: () => void): void {
    void this.sleep(0).then(task);
  }

  /** Lets everything go on that needs no time. */
  settle(): Promise<void> {
    return this.advance(0);
  }

  /** The process stands still: what was due meanwhile has not run yet. */
  standStill(ms: number): void {
    this.#ms += ms;
  }

  async advance(ms: number): Promise<void> {
    const endMs = this.#ms + ms;
    await turn();
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#ms = Math.max(this.#ms, next.wakeMs);
      next.wake();
      await turn();
    }
    this.#ms = endMs;
  }

  /** This clock as one process sees it: who sleeps in a dead process never wakes. */
  forProcess(isAlive: () => boolean): Clock {
    return {
      nowMs: () => this.nowMs(),
      monotonicMs: () => this.monotonicMs(),
      defer: (task) => this.defer(() => isAlive() && task()),
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          void this.sleep(ms, signal).then(() => {
            if (isAlive()) resolve();
          });
        }),
    };
  }

  #next(endMs: number): Sleeper | undefined {
    let found: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (sleeper.wakeMs > endMs) continue;
      const isEarlier =
        found === undefined ||
        sleeper.wakeMs < found.wakeMs ||
        (sleeper.wakeMs === found.wakeMs && sleeper.number < found.number);
      if (isEarlier) found = sleeper;
    }
    return found;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
