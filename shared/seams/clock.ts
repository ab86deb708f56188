/**
 * Time as a dependency. Production builds it from the machine's clocks in `main.ts`; the
 * simulator builds it from a virtual clock, so nothing else may ask the platform for the time.
 */
export interface Clock {
  /** Wall time, milliseconds since the Unix epoch. May jump; never use it for leases. */
  nowMs(): number;
  /** Milliseconds on a clock that never goes back. Only differences have a meaning. */
  monotonicMs(): number;
  /** Resolves after `ms`; resolves early, without error, when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Runs `task` once the input events of this turn were handled: the moment of a group commit. */
  defer(task: () => void): void;
}
