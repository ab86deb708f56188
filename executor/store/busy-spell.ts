import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";

/** The first pause of a spell; each next one is twice as long. */
const PAUSE_FIRST_MS = 10;
/** The longest pause, and so the longest that a commit waits after the lock was let go. */
const PAUSE_MAX_MS = 250;
/** A spell that lasts longer is trouble: who waits for a commit is told, and may ask again. */
const WAIT_MAX_MS = 5_000;
/** A checkpoint of the backup sidecar is shorter; it must not make the desk look ill. */
const TOLERATED_MS = 1_000;

/** The time in which another connection holds the journal's write lock. */
export class BusySpell {
  #sinceMs: number | undefined = undefined;
  #pauseMs = PAUSE_FIRST_MS;
  #cause: unknown = undefined;

  get isOn(): boolean {
    return this.#sinceMs !== undefined;
  }

  /** The lock was found held, now or again. */
  note(nowMs: number, cause: unknown): void {
    this.#sinceMs ??= nowMs;
    this.#cause = cause;
  }

  end(): void {
    this.#sinceMs = undefined;
    this.#pauseMs = PAUSE_FIRST_MS;
  }

  /** How long to leave the lock alone before the next try. */
  nextPauseMs(): number {
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(PAUSE_MAX_MS, pauseMs * 2);
    return pauseMs;
  }

  isTooLong(nowMs: number): boolean {
    return this.#lastedMs(nowMs) >= WAIT_MAX_MS;
  }

  isWorthTelling(nowMs: number): boolean {
    return this.#lastedMs(nowMs) >= TOLERATED_MS;
  }

  error(nowMs: number): RaptorError {
    const context = { heldMs: Math.round(this.#lastedMs(nowMs)) };
    return new RaptorError("RAPTOR_JOURNAL__BUSY", context, { cause: this.#cause });
  }

  #lastedMs(nowMs: number): number {
    return this.#sinceMs === undefined ? 0 : nowMs - this.#sinceMs;
  }
}
