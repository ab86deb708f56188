import type { SigningTurn } from "./signer.ts";

/** Whether this process may act as the one executor, judged at the moment of the question. */
export interface DeskClaim {
  /** Why no entry may be started, for people; undefined when one may. */
  entryHold(): string | undefined;
  /** Why nothing may be started that only a blockhash limits; undefined when it may. */
  blockhashHold(): string | undefined;
  /** Why nothing at all may be signed any more; undefined when it may. */
  signingHold(): string | undefined;
  /** What the signer is told beside a request; undefined where no lease limits it. */
  turn(isByNonce: boolean): SigningTurn | undefined;
  /** Whether the copy of the journal may be written: only while the lease is ours. */
  mayCopy(): boolean;
  /** The epoch of the claim; undefined before the first one, then the journal counts on. */
  epoch(): number | undefined;
  health(): { name: string; ok: boolean; detail: string }[];
  /** Also tells the newest change that came before the listener. */
  onChange(listener: (change: ClaimChange) => void): void;
}

export interface ClaimChange {
  /** `held` comes only after `lapsed`; `fenced` is the last. */
  kind: "held" | "lapsed" | "fenced";
  /** What happened, what it means for the money, what comes next. */
  lines: string[];
}
