const BACKOFF_MIN_MS = 250;
const BACKOFF_MAX_MS = 5_000;
/** A pair that lived this long is replaced at once, and the back-off begins anew. */
const HEALTHY_MS = 30_000;
const RESTARTS_MAX = 20;
const RESTARTS_WINDOW_MS = 300_000;

/** How long the launcher waits before it starts the next pair, and when it gives up. */
export class RestartPolicy {
  #restartsMs: number[] = [];
  #backoffMs = BACKOFF_MIN_MS;

  /**
   * The wait in milliseconds, or undefined when restarts do not help: the platform's turn.
   * Both times are on one clock that never goes back.
   */
  next(nowMs: number, livedMs: number): number | undefined {
    this.#restartsMs = this.#restartsMs.filter((atMs) => nowMs - atMs < RESTARTS_WINDOW_MS);
    this.#restartsMs.push(nowMs);
    if (this.#restartsMs.length > RESTARTS_MAX) return undefined;
    if (livedMs > HEALTHY_MS) {
      this.#backoffMs = BACKOFF_MIN_MS;
      return 0;
    }
    const waitMs = this.#backoffMs;
    this.#backoffMs = Math.min(BACKOFF_MAX_MS, waitMs * 2);
    return waitMs;
  }
}
