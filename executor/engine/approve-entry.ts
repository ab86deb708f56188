import type { OrderRow } from "@raptor/shared/domain/rows.ts";
import type { Route, WalletReport } from "../ports/venue.ts";
import type { EngineContext } from "./context.ts";
import { appendClosed } from "./journal-attempt.ts";
import { nonceRentDue } from "./nonce-accounts.ts";
import { gatherRiskInputs } from "./risk-inputs.ts";
import { checkEntryRisk } from "./risk.ts";

/** The risk check; its inputs are journaled, so that the decision can be made again. */
export async function approveEntry(
  context: EngineContext,
  order: OrderRow,
  quote: { route: Route; report: WalletReport },
  attemptCount: number,
): Promise<boolean> {
  const { store, settings, clock, notices, metrics } = context;
  const { orderId, side } = order;
  const stream = `order:${orderId}`;
  const isApproved = await store.transact((tx) => {
    const nowMs = clock.nowMs();
    const rent = attemptCount === 0 ? nonceRentDue(context, tx, order, nowMs) : 0n;
    const gathered = gatherRiskInputs(tx, order, quote, settings, nowMs);
    const inputs = rent === 0n ? gathered : { ...gathered, nonceRentLamports: rent.toString() };
    const reasons = checkEntryRisk(inputs);
    if (reasons.length === 0) {
      if (attemptCount === 0) {
        tx.append({ stream, kind: "OrderApproved", payload: { orderId, inputs } });
      }
      return true;
    }
    // Only an order that never had an attempt is denied; a later try is given up instead.
    if (attemptCount === 0) {
      tx.append({ stream, kind: "OrderDenied", payload: { orderId, reasons, inputs } });
    } else {
      appendClosed(tx, order, "canceled", reasons.join(" "));
    }
    notices.order(tx, orderId);
    return false;
  });
  if (isApproved) return true;
  metrics.count("orders_total", { side, outcome: attemptCount === 0 ? "denied" : "canceled" });
  return false;
}
