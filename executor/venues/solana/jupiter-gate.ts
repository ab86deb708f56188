import type { Clock } from "@raptor/shared/seams/clock.ts";

/** Requests of a window that prices leave to quotes: an exit needs one more than a chart. */
const RESERVED_FOR_TRADES = 5;
const WAIT_MS_MAX = 60_000;
const WAIT_MS_DEFAULT = 2_000;

/** What the gateway's rate-limit headers allow us, on our monotonic clock. */
export class JupiterGate {
  readonly #clock: Clock;
  #blockedUntilMs = 0;
  #pricesBlockedUntilMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  noteHeaders(headers: Readonly<Record<string, string>>): void {
    const remaining = Number(headers["x-ratelimit-remaining"] ?? "NaN");
    if (!Number.isFinite(remaining) || remaining > RESERVED_FOR_TRADES) return;
    this.#pricesBlockedUntilMs = this.#clock.monotonicMs() + this.#waitOf(headers);
  }

  noteRefusal(headers: Readonly<Record<string, string>>): void {
    this.#blockedUntilMs = this.#clock.monotonicMs() + this.#waitOf(headers);
  }

  waitMs(): number {
    return Math.max(0, this.#blockedUntilMs - this.#clock.monotonicMs());
  }

  pricesWaitMs(): number {
    return Math.max(this.waitMs(), this.#pricesBlockedUntilMs - this.#clock.monotonicMs());
  }

  /** The reset is wall time of the other side: never trusted beyond a minute. */
  #waitOf(headers: Readonly<Record<string, string>>): number {
    const resetS = Number(headers["x-ratelimit-reset"] ?? "NaN");
    const retryAfterS = Number(headers["retry-after"] ?? "NaN");
    const waitMs = Number.isFinite(retryAfterS)
      ? retryAfterS * 1_000
      : Number.isFinite(resetS)
        ? resetS * 1_000 - this.#clock.nowMs()
        : WAIT_MS_DEFAULT;
    return Math.min(Math.max(waitMs, 250), WAIT_MS_MAX);
  }
}
