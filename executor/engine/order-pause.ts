import type { AttemptState } from "@raptor/shared/domain/order.ts";
import type { AttemptRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import { ENTRY_BACKOFF_MS, EXIT_BACKOFF_MS } from "./settings.ts";

/** A wait before the next try, and why. */
export interface Pause {
  next: "again";
  cause: string;
  waitMs: number;
}

/** Ends of an attempt that the next one may meet again at once: exits wait before it. */
const REFUSED_STATES: readonly AttemptState[] = ["rejected", "failed"];

export function backOffMs(order: OrderRow, tries: number): number {
  const waits = order.side === "buy" ? ENTRY_BACKOFF_MS : EXIT_BACKOFF_MS;
  return waits[Math.min(tries, waits.length - 1)] as number;
}

/** The pause of an exit after tries that the venue refused or reverted, longer with each. */
export function pauseAfter(order: OrderRow, attempts: readonly AttemptRow[]): Pause | undefined {
  const ended = attempts.findLastIndex((attempt) => !REFUSED_STATES.includes(attempt.state));
  const refused = attempts.slice(ended + 1);
  const last = refused.at(-1);
  if (last === undefined) return undefined;
  const cause = last.cause ?? "The venue did not take the transaction.";
  return { next: "again", cause, waitMs: backOffMs(order, refused.length - 1) };
}
