import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import type { NetRequest, NetResponse } from "@raptor/shared/seams/net.ts";
import type { Store } from "@raptor/executor/ports/store.ts";
import type { LedgerChain, LedgerRecord } from "../models/ledger-chain.ts";

/** What a checker may know: the truth of the world, never how the program works. */
export interface Scene {
  nowMs(): number;
  /** The same moment by the executor's own clock, which may have been set wrong. */
  deskNowMs(): number;
  chain: LedgerChain;
  /** When a fork last took back a block that had been confirmed; -Infinity when never. */
  deepForkMs(): number;
  /**
   * When anything last went wrong by the simulator's doing, one kind apart if the asker judges just
   * that; -Infinity when nothing ever did.
   */
  lastFaultMs(apart?: string): number;
  /** Whether the executor's disk takes no writes now. */
  isDiskFull(): boolean;
  /** Whether the executor was told to end and finishes what it has begun: nothing new begins. */
  isDraining(): boolean;
  /** Everything that must never be seen outside of the signer and the settings. */
  secrets: readonly string[];
  limits: { orderLamportsMax: bigint; dailyLamportsMax: bigint };
  report(checker: string, violation: string): void;
}

/** What a single checker gets: its reports carry its own name. */
export interface Watch extends Omit<Scene, "report"> {
  report(violation: string): void;
}

/** The world after faults have ended and everything had time to settle. */
export interface Rest {
  store: Store;
  /** The journal's file. */
  path: string;
  /** All that was logged, one text. */
  logText(): string;
}

/** One invariant. It sees what is committed and what leaves, and reports what must not be. */
export interface Checker {
  readonly name: string;
  /** After a commit, its events in order. */
  onCommit?(events: readonly JournalEvent[]): void;
  /** After every step: a request leaves a living process. */
  onRequest?(host: string, request: NetRequest): void;
  /** After every step: a host has made its answer, whether or not anybody still waits for it. */
  onAnswered?(host: string, request: NetRequest, response: NetResponse): void;
  /** After every step: an answer reaches the living process that had asked. */
  onDelivered?(host: string, request: NetRequest, response: NetResponse): void;
  /** After every step: a transaction was executed by the chain. */
  onLanded?(record: LedgerRecord): void;
  /** The executor begins a life, and ends it. */
  onBoot?(): void;
  onEnd?(): void;
  /** At rest. */
  atRest?(rest: Rest): void;
}

export type CreateChecker = (watch: Watch) => Checker;
