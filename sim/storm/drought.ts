import type { CrashPoint } from "./crash-points.ts";

type What = CrashPoint["what"];

/** Long enough for a blockhash to run out (150 blocks) and for that to be final on every node. */
const DROUGHT_MS = 14_000;
const PROVEN_DEAD_MS = 9_000;
/** The copies of an exit are dead once the one that landed is final. */
const AFTER_DROUGHT_MS = 4_000;
/** Proofs of death, which take as long as a blockhash lives. */
const TAKES_LONG: readonly What[] = ["AttemptDead", "FillReversed"];
/** What cannot be reached while nothing lands. */
const NEEDS_LANDING: readonly What[] = [
  "AttemptAccepted",
  "AttemptFailed",
  "AttemptRejected",
  "FillRecorded",
  "PositionChanged",
  "ExitPlanArmed",
  "ExitPlanDisarmed",
  "FillSettled",
  "PanicClosed",
];

/** A time over all deaths in which the nodes take nothing, and what can be met in it. */
export class Drought {
  readonly #now: () => number;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #isOn = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** It has lasted long enough. */
  get isOverdue(): boolean {
    return this.#isOn && this.#now() - this.#sinceMs > DROUGHT_MS;
  }

  begin(): void {
    this.#isOn = true;
    this.#sinceMs = this.#now();
  }

  end(): void {
    this.#isOn = false;
  }

  canMeet(what: What): boolean {
    if (!TAKES_LONG.includes(what)) return !this.#isOn || !NEEDS_LANDING.includes(what);
    const forMs = this.#now() - this.#sinceMs;
    return forMs > PROVEN_DEAD_MS && forMs < DROUGHT_MS + AFTER_DROUGHT_MS;
  }
}
