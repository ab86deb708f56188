import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";

/** Failures in a row that open the breaker: one may be chance, three are not. */
const FAILURES_MAX = 3;
const REST_MS_MIN = 1_000;
const REST_MS_MAX = 30_000;

/**
 * Spares a broken service and our own patience: closed while it works, open while it rests, then
 * half-open for exactly one call whose end decides.
 */
export class CircuitBreaker {
  readonly #clock: Clock;
  readonly #prng: Prng;
  #failures = 0;
  #restMs = 0;
  #openUntilMs = 0;
  #isProbing = false;

  constructor(clock: Clock, prng: Prng) {
    this.#clock = clock;
    this.#prng = prng;
  }

  state(): "closed" | "open" | "half-open" {
    if (this.#restMs === 0) return "closed";
    if (this.#isProbing || this.#clock.monotonicMs() < this.#openUntilMs) return "open";
    return "half-open";
  }

  /** Called before a call is made; the first one in the half-open state holds the others back. */
  noteStart(): void {
    if (this.state() === "half-open") this.#isProbing = true;
  }

  noteSuccess(): void {
    this.#failures = 0;
    this.#restMs = 0;
    this.#isProbing = false;
  }

  /** `restMs` is what the service itself asked for, when it did. */
  noteFailure(restMs = 0): void {
    this.#failures += 1;
    this.#isProbing = false;
    if (this.#failures < FAILURES_MAX && restMs === 0) return;
    const doubled = Math.min(Math.max(this.#restMs * 2, REST_MS_MIN), REST_MS_MAX);
    this.#restMs = Math.max(doubled, Math.min(restMs, REST_MS_MAX));
    const jittered = this.#restMs * (0.5 + this.#prng.nextFloat());
    this.#openUntilMs = this.#clock.monotonicMs() + jittered;
  }
}
