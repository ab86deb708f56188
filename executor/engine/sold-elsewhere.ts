import type { OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import type { EngineContext } from "./context.ts";
import { bookExternalLoss, hasUnsettledFill, holdEntries } from "./external-loss.ts";
import { slotOf } from "./ids.ts";
import { appendClosed } from "./journal-attempt.ts";
import { isOrderOver } from "./orders.ts";
import { offsetOversold } from "./oversold.ts";

/**
 * Ends a sell of which every node says, more than once, that the wallet holds nothing any more.
 * @returns false while something undecided may be the reason for that.
 */
export async function closeSoldElsewhere(
  context: EngineContext,
  order: OrderRow,
  { address }: Pick<WalletRow, "address">,
  reason: string,
): Promise<boolean> {
  const isClosed = await context.store.transact((tx) => {
    // A stop or a panic may have taken its place while the wallet was read.
    if (isOrderOver(tx, order)) return true;
    // Tokens that are gone while an attempt is not decided were most likely sold by it.
    if (tx.unresolvedInSlot(slotOf(order)) !== undefined) return false;
    if (hasUnsettledFill(tx, order.userId, order.instrument)) return false;
    offsetOversold(tx, order, 0n);
    const held = order.positionId === null ? undefined : tx.position(order.positionId);
    if (held?.state === "open") {
      const seen = { address, quantity: 0n };
      holdEntries(context, tx, order.userId, [bookExternalLoss(tx, held, seen)]);
    }
    appendClosed(tx, order, "canceled", reason);
    context.notices.order(tx, order.orderId);
    return true;
  });
  if (!isClosed) return false;
  context.metrics.count("orders_total", { side: order.side, outcome: "canceled" });
  context.doubtLedger();
  return true;
}
