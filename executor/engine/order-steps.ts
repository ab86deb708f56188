import { ENTRY_BACKOFF_MS } from "./settings.ts";

/** `small`: what is to be sold would bring less than it costs. */
export type Again = { next: "again"; cause: string; waitMs?: number | undefined; small?: true };
/** What one look at an order came to. */
export type Step = { next: "stop" } | Again;
export const STOP: Step = { next: "stop" };

/** What one drive has been through since it began. */
export interface Drive {
  tries: number;
  emptyReads: number;
  /** Transactions that were refused before they were signed: the next one allows more slippage. */
  refusals: number;
  /** Looks in a row at a freeze that not every node vouched for. */
  partFreezes: number;
  /** When all nodes last vouched for one, and none has spoken against it since. */
  frozenMs: number | undefined;
}

/** Of an entry; an exit has none. */
export function isLastTry({ tries }: Drive): boolean {
  return tries >= ENTRY_BACKOFF_MS.length - 1;
}
