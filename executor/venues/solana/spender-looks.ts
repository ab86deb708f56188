import type { Clock } from "@raptor/shared/seams/clock.ts";

/** A look reads an account's history transaction by transaction; attempts are asked for oftener. */
const LOOK_INTERVAL_MS = 30_000;
/** Attempts whose nonce moved on without them are few; this bounds what an outage may collect. */
const LOOKS_MAX = 10_000;

/** When it was last looked for what used up an attempt's nonce. */
export class SpenderLooks {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #lookedMs = new Map<string, number>();

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** Whether a look may be taken now; counts as one when it may. */
  isDue(signature: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const lookedMs = this.#lookedMs.get(signature);
    if (lookedMs !== undefined && nowMs - lookedMs < LOOK_INTERVAL_MS) return false;
    if (this.#lookedMs.size >= LOOKS_MAX) this.#lookedMs.clear();
    this.#lookedMs.set(signature, nowMs);
    return true;
  }

  forget(signature: string): void {
    this.#lookedMs.delete(signature);
  }
}
