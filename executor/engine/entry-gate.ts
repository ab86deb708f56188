import type { EntryEnd } from "@raptor/shared/domain/order.ts";
import type { OrderRow } from "@raptor/shared/domain/rows.ts";
import type { Reader } from "../ports/store.ts";

/**
 * Whether a buy must not go on, judged on committed state inside the transaction that would
 * prepare its attempt. Exits never pass here: they outlive every switch.
 */
export function checkEntryGate(
  reader: Pick<Reader, "control" | "user">,
  order: Pick<OrderRow, "userId" | "deadlineMs">,
  nowMs: number,
  hold: string | undefined,
): EntryEnd | undefined {
  if (hold !== undefined) return { status: "canceled", reason: hold };
  const control = reader.control();
  if (control.tradingState !== "active") {
    return { status: "canceled", reason: `Trading was set to ${control.tradingState}.` };
  }
  const user = reader.user(order.userId);
  if (user === undefined) return { status: "canceled", reason: "The user is not registered." };
  if (user.panicId !== null) return { status: "canceled", reason: "Panic is selling everything." };
  if (user.paused) return { status: "canceled", reason: "Your entries are paused; /resume." };
  if (user.heldReason !== "") return { status: "canceled", reason: user.heldReason };
  if (order.deadlineMs !== null && nowMs > order.deadlineMs) {
    return { status: "expired", reason: "It could not be started before its deadline." };
  }
  return undefined;
}
