import type { CrashPoint } from "./crash-points.ts";

type What = CrashPoint["what"];

/** Long enough for a blockhash to run out (150 blocks) and for that to be final on every node. */
const DROUGHT_MS = 14_000;
/** The copies of an exit are dead once the one that landed is final. */
const AFTER_DROUGHT_MS = 4_000;
/** On a machine that takes long for each death, a time alone would hold one or none of these. */
const PROOF_TRIES = 4;
/** Where proofs were met often enough already, other points are tried meanwhile. */
const TRIES_MAX = 8;
/**
 * Proofs of death, and how long after the fork they can come first: that of a blockhash takes as
 * long as it lives, and that of a nonce until the fork is final.
 */
const PROOF_MS: Partial<Record<What, number>> = { AttemptDead: 9_000, FillReversed: 0 };
/** A fork takes back a few fills, once: the first deaths after it are planned there. */
const REVERSAL_TRIES = 2;
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
  #endedMs = Number.NEGATIVE_INFINITY;
  #isOn = false;
  #tries = 0;
  #proofTries = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** It has lasted long enough, and enough deaths were planned at the proofs it is there for. */
  get isOverdue(): boolean {
    if (!this.#isOn) return false;
    if (this.#proofTries < PROOF_TRIES && this.#tries < TRIES_MAX) return false;
    return this.#now() - this.#sinceMs > DROUGHT_MS;
  }

  begin(): void {
    this.#isOn = true;
    this.#sinceMs = this.#now();
    this.#tries = 0;
    this.#proofTries = 0;
  }

  end(): void {
    if (!this.#isOn) return;
    this.#isOn = false;
    this.#endedMs = this.#now();
  }

  /** A death was planned here. */
  noteTry(what: What): void {
    this.#tries += 1;
    if (what in PROOF_MS) this.#proofTries += 1;
  }

  canMeet(what: What): boolean {
    const proofMs = PROOF_MS[what];
    if (!this.#isOn) return proofMs === undefined || this.#now() - this.#endedMs < AFTER_DROUGHT_MS;
    if (this.#tries < REVERSAL_TRIES) return what === "FillReversed";
    if (proofMs === undefined) return !NEEDS_LANDING.includes(what);
    return this.#now() - this.#sinceMs > proofMs;
  }
}
