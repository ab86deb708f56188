import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { ClaimChange, DeskClaim } from "../ports/desk-claim.ts";
import type { SigningTurn } from "../ports/signer.ts";
import { askOnce, type FlyDeps, type FlyPlace } from "./fly-siblings.ts";
import type { Lease, LeaseState } from "./lease.ts";

export interface ClaimParts {
  clock: Clock;
  /** Absent without a database: the lock file alone decides. */
  lease: Lease | undefined;
  /** The newest epoch in the journal. */
  journalEpoch(): number;
  /** Absent away from Fly, without a token, or when the start already found no sibling. */
  sibling: { deps: FlyDeps; place: FlyPlace; reason: string } | undefined;
}

const LAPSED =
  "It is not certain that this is the only executor: the lease could not be renewed. " +
  "Buys wait, exits go on by nonce.";
const EPOCH_NOT_JOURNALED = "A new epoch begins; buys wait for a moment.";
const SIBLING =
  "It is not certain that this is the only Machine: Fly gave no answer. " +
  "Buys wait, exits go on by nonce.";
const SIBLING_ASK_MS = 10_000;

/** What lease and siblings allow, as the engine asks it. */
export class LeaseClaim implements DeskClaim {
  readonly #parts: ClaimParts;
  readonly #listeners: ((change: ClaimChange) => void)[] = [];
  /** Why the siblings are in doubt; undefined when they are known. */
  #doubt: string | undefined;
  /** A sibling that turned up after the start; nothing is signed beside it. */
  #elder: string | undefined;
  #newest: ClaimChange | undefined;

  constructor(parts: ClaimParts) {
    this.#parts = parts;
    this.#doubt = parts.sibling?.reason;
  }

  entryHold(): string | undefined {
    return this.blockhashHold();
  }

  blockhashHold(): string | undefined {
    const { lease, journalEpoch } = this.#parts;
    const signing = this.signingHold();
    if (signing !== undefined) return signing;
    if (this.#doubt !== undefined) return SIBLING;
    if (lease === undefined) return undefined;
    if (lease.state() === "lapsed") return LAPSED;
    return lease.epoch === journalEpoch() ? undefined : EPOCH_NOT_JOURNALED;
  }

  signingHold(): string | undefined {
    if (this.#elder !== undefined) return `${this.#elder} Nothing is signed here.`;
    const { lease } = this.#parts;
    if (lease?.state() !== "fenced") return undefined;
    return `Nothing is signed here: ${lease.fence ?? "another executor has taken over"}.`;
  }

  turn(isByNonce: boolean): SigningTurn | undefined {
    const { lease, clock, journalEpoch } = this.#parts;
    if (lease === undefined) return undefined;
    const notAfterMs = isByNonce ? null : Math.floor(clock.nowMs() + lease.leftMs());
    return { epoch: lease.epoch ?? journalEpoch(), notAfterMs };
  }

  mayCopy(): boolean {
    const state = this.#parts.lease?.state() ?? "held";
    return state === "held" || state === "doubtful";
  }

  epoch(): number | undefined {
    return this.#parts.lease?.epoch;
  }

  health(): { name: string; ok: boolean; detail: string }[] {
    const { lease, sibling } = this.#parts;
    const shown: { name: string; ok: boolean; detail: string }[] = [];
    if (lease !== undefined) {
      const state = lease.state();
      const detail = `${state}, epoch ${lease.epoch ?? "not begun"}`;
      shown.push({ name: "lease", ok: state === "held", detail });
    }
    if (sibling !== undefined) {
      const ok = this.#doubt === undefined && this.#elder === undefined;
      shown.push({ name: "siblings", ok, detail: this.#elder ?? this.#doubt ?? "none" });
    }
    return shown;
  }

  onChange(listener: (change: ClaimChange) => void): void {
    this.#listeners.push(listener);
    if (this.#newest !== undefined) listener(this.#newest);
  }

  /** Renews and asks from now on. */
  start(): void {
    const { lease, sibling } = this.#parts;
    lease?.start();
    if (lease?.state() === "lapsed") this.tell("lapsed", "The database does not answer.");
    if (sibling === undefined) return;
    this.#change("lapsed", siblingLines(sibling.reason));
    void this.#askOn();
  }

  /** The lease's own news, for `LeaseOptions.onState`. */
  tell(state: LeaseState, reason: string): void {
    if (state === "doubtful" || (state === "held" && !this.#isBack())) return;
    this.#change(state, linesOf(state, reason));
  }

  /** Lease and siblings can both be in doubt: whichever ends last says that buys go on. */
  #isBack(): boolean {
    const isInDoubt = this.#doubt !== undefined || this.#parts.lease?.state() === "lapsed";
    return this.#newest?.kind === "lapsed" && !isInDoubt;
  }

  #change(kind: ClaimChange["kind"], lines: string[]): void {
    if (this.#newest?.kind === "fenced") return;
    this.#newest = { kind, lines };
    for (const listener of this.#listeners) listener(this.#newest);
  }

  async #askOn(): Promise<void> {
    const { sibling, clock } = this.#parts;
    if (sibling === undefined) return;
    while (this.#doubt !== undefined) {
      await clock.sleep(SIBLING_ASK_MS);
      const verdict = await askOnce(sibling.deps, sibling.place);
      if (verdict.outcome === "unknown") this.#doubt = verdict.reason;
      else this.#doubt = undefined;
      if (verdict.outcome === "alone") this.tell("held", "no older Machine is there");
      if (verdict.outcome !== "sibling") continue;
      this.#elder = verdict.reason;
      this.tell("fenced", verdict.reason);
    }
  }
}

function siblingLines(reason: string): string[] {
  return [
    "⚠️ It is not known whether an older Machine of this app is running.",
    `${reason}. Buys wait, exits go on by nonce.`,
    "It ends by itself when Fly answers. If it does not, look at FLY_READ_TOKEN.",
  ];
}

function linesOf(state: ClaimChange["kind"], reason: string): string[] {
  if (state === "held") {
    return ["✅ This is the only executor again.", "Buys are possible. There is nothing to do."];
  }
  if (state === "lapsed") {
    return [
      "⚠️ The lease could not be renewed.",
      reason,
      "Another executor could be at work, so buys wait. Exits go on by nonce: of two such sales " +
        "only one takes effect.",
      "It ends by itself when the database answers. If it does not, look at DATABASE_URL.",
    ];
  }
  return [
    "🛑 This executor has stopped: another one has taken over.",
    reason,
    "It signs nothing any more. What it had sent is followed by the other one.",
    "If that was not meant, read docs/runbooks/two-executors.md before anything is started.",
  ];
}
