import type { AttemptRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import { BPS_ONE } from "@raptor/shared/values/money.ts";
import type { Store } from "../ports/store.ts";
import type { EngineSettings } from "./settings.ts";

/** The pause between tries of an exit whose reverted transactions have cost more than planned. */
export const OVER_BUDGET_WAIT_MS = 600_000;

export interface FeeOverrun {
  spentLamports: bigint;
  budgetLamports: bigint;
}

/**
 * What reverted tries of an exit have burnt, once that is more than its budget: a fixed sum, or a
 * share of what the position cost, whichever is more. Undefined within the budget.
 */
export function feeOverrunOf(
  store: Pick<Store, "eventsOf" | "position">,
  order: OrderRow,
  settings: Pick<EngineSettings, "exitFeeBudgetLamports" | "exitFeeBudgetBps">,
): FeeOverrun | undefined {
  const position = order.positionId === null ? undefined : store.position(order.positionId);
  const cost = BigInt(position?.costLamports ?? "0");
  const share = (cost * BigInt(settings.exitFeeBudgetBps)) / BPS_ONE;
  const fixed = settings.exitFeeBudgetLamports;
  const budgetLamports = share > fixed ? share : fixed;
  let spentLamports = 0n;
  for (const event of store.eventsOf(`order:${order.orderId}`)) {
    if (event.kind === "AttemptFailed") spentLamports += BigInt(event.payload.costLamports);
  }
  return spentLamports > budgetLamports ? { spentLamports, budgetLamports } : undefined;
}

/** How long the next try still waits after the last one; over a restart it is the same moment. */
export function overBudgetWaitMs(attempts: readonly AttemptRow[], nowMs: number): number {
  const last = attempts.at(-1);
  if (last === undefined) return 0;
  const sinceMs = Math.max(0, nowMs - last.preparedMs);
  return Math.max(0, OVER_BUDGET_WAIT_MS - sinceMs);
}
