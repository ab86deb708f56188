import type { Clock } from "@raptor/shared/seams/clock.ts";

/** The machine's clock, shifted by `POST /world/clock`; stand-in servers run on it. */
export class ShiftedClock implements Clock {
  #shiftMs = 0;

  shift(ms: number): void {
    this.#shiftMs += ms;
  }

  nowMs(): number {
    return Date.now() + this.#shiftMs;
  }

  monotonicMs(): number {
    return performance.now() + this.#shiftMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      }
      signal?.addEventListener("abort", done);
    });
  }

  defer(task: () => void): void {
    setImmediate(task);
  }
}
