import type { TipTaker } from "./tip-accounts.ts";

/** A tip as it stands inside the transaction that it is for. */
export interface Tip {
  taker: TipTaker;
  account: string;
  lamports: bigint;
}

/** How one transaction is to reach the leaders; journaled with it, so that a restart keeps it. */
export interface Landing {
  /** Only through lanes that show it to nobody on the way. */
  isProtected: boolean;
  /** A protected transaction that did not land takes the other lanes too after so many slots. */
  plainAfterSlots: number | undefined;
  tips: readonly Tip[];
}

export const PLAIN_LANDING: Landing = { isProtected: false, plainAfterSlots: undefined, tips: [] };

/**
 * What a lane said of the bytes. `refused` only from its list of answers that mean that it will
 * never pass them on; everything else that is no yes is `unclear`, because it may have.
 */
export type LaneWord = "accepted" | "refused" | "unclear";

export interface LaneAnswer {
  word: LaneWord;
  /** The identity that it named, or why it did not. */
  detail: string;
  /** It asked for fewer calls. */
  isLimited: boolean;
}

/** One way for signed bytes to the leaders. */
export interface Lane {
  readonly name: string;
  /** Whose tip it wants; plain RPC wants none. */
  readonly taker: TipTaker | undefined;
  /** Shows a transaction to nobody but the leader. */
  readonly isProtected: boolean;
  /** Why the transaction does not meet this lane's rules; undefined when it does. */
  check(landing: Landing): string | undefined;
  /** Why it is not to be asked right now; undefined when it may. Takes the permission. */
  hold(isRepeat: boolean): string | undefined;
  /** Never throws; no answer is an answer too. */
  send(payload: string, identity: string, landing: Landing): Promise<LaneAnswer>;
}
