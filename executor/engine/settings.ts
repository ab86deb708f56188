import type { RiskLimits } from "@raptor/shared/domain/events.ts";
import type { MevProtect } from "@raptor/shared/domain/mev-protect.ts";

/** What the engine needs to know; all from `env.ts`, documented in docs/settings.md. */
export interface EngineSettings {
  limits: RiskLimits;
  buySlippageBps: number;
  exitSlippageRampBps: readonly number[];
  /** Reverted tries of one exit may cost this much, or that share of the position's cost. */
  exitFeeBudgetLamports: bigint;
  exitFeeBudgetBps: number;
  takeProfitBps: number;
  stopLossBps: number;
  /** What buying and selling once costs: breakeven stands that far above the entry. */
  exitCostBps: number;
  /** A move of more than this from one slot to the next is wild: it waits for the next slot. */
  tickWildBps: number;
  /** What one slot has said, if not wild, is believed after this; 0 believes all at once. */
  tickConfirmMs: number;
  /** Highest prices of trailing stops are journaled at most this often. */
  markSaveMs: number;
  buyDeadlineMs: number;
  attemptPollMs: number;
  rebroadcastMs: number;
  unknownAfterMs: number;
  recoveryConcurrency: number;
  priceStaleMs: number;
  /** Nonce accounts per wallet at most; 0 switches them off. */
  nonceAccountsMax: number;
  /** Buys of at least this much stand on a nonce. */
  nonceBuyLamportsMin: bigint;
  /** An exit that has not landed by then gets a dearer copy on the same nonce. */
  exitReplaceMs: number;
  /** What orders of people are kept from who have chosen nothing. */
  mevProtect: MevProtect;
  /** There is a lane that keeps orders; without one a protected buy is refused. */
  canProtect: boolean;
}

/** Tries of one entry before it is given up: only after a proof of death, never on impatience. */
export const ENTRY_ATTEMPTS_MAX = 3;
/** Waits between tries to exit; the last one repeats for as long as the position is open. */
export const EXIT_BACKOFF_MS: readonly number[] = [250, 500, 1_000, 2_000, 5_000, 10_000];
/** Waits between tries to reach a venue for an entry, until its deadline. */
export const ENTRY_BACKOFF_MS: readonly number[] = [250, 500, 1_000, 2_000];
