import type { Clock } from "@raptor/shared/seams/clock.ts";

interface Sleeper {
  wakeMs: number;
  order: number;
  wake(): void;
}

/** Time that stands still until a test moves it; sleepers wake in order of their time. */
export class VirtualClock implements Clock {
  #nowMs: number;
  readonly #startMs: number;
  #order = 0;
  #sleepers: Sleeper[] = [];

  constructor(startMs: number) {
    this.#nowMs = startMs;
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const wake = (): void => {
        this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.wake !== wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.#sleepers.push({ wakeMs: this.#nowMs + ms, order: this.#order++, wake });
      signal?.addEventListener("abort", wake);
    });
  }

  defer(task: () => void): void {
    void this.sleep(0).then(task);
  }

  /** Moves time on by `ms`, letting everything that becomes due run at its own moment. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (let next = this.#nextBefore(endMs); next; next = this.#nextBefore(endMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.wakeMs);
      next.wake();
      await settle();
    }
    this.#nowMs = endMs;
  }

  #nextBefore(endMs: number): Sleeper | undefined {
    return this.#sleepers
      .filter((sleeper) => sleeper.wakeMs <= endMs)
      .toSorted((a, b) => a.wakeMs - b.wakeMs || a.order - b.order)[0];
  }
}

/** Every promise that can go on without time passing has gone on afterwards. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
