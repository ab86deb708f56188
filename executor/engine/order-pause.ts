import type { AttemptState } from "@raptor/shared/domain/order.ts";
import type { AttemptRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import type { EngineContext } from "./context.ts";
import type { ExitAlarm } from "./exit-alarm.ts";
import { feeOverrunOf, overBudgetWaitMs } from "./exit-fees.ts";
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

/** An exit that reverts again and again slows down before it has burnt the wallet's fees. */
export async function pauseBefore(
  { store, settings, clock }: Pick<EngineContext, "store" | "settings" | "clock">,
  alarm: Pick<ExitAlarm, "tellOverrun">,
  order: OrderRow,
): Promise<Pause | undefined> {
  if (order.side === "buy") return undefined;
  const attempts = store.attemptsOf(order.orderId);
  const pause = pauseAfter(order, attempts);
  const overrun = feeOverrunOf(store, order, settings);
  if (overrun === undefined) return pause;
  await alarm.tellOverrun(order, overrun);
  const waitMs = Math.max(pause?.waitMs ?? 0, overBudgetWaitMs(attempts, clock.nowMs()));
  const cause = pause?.cause ?? "Its reverted tries have cost more than their budget.";
  return { next: "again", cause, waitMs };
}
