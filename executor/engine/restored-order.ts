import type { OrderStatus } from "@raptor/shared/domain/order.ts";
import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import type { Reader } from "../ports/store.ts";

/**
 * An order whose newest attempt comes from a copy that the journal was put back from. That attempt
 * is proven dead, but what followed it may be missing in the copy: another attempt of the same
 * order, which landed. So the order ends; an exit or a panic begins anew with what is held by then.
 */
export function checkRestoredOrder(
  reader: Reader,
  attempts: readonly AttemptRow[],
): { status: OrderStatus; reason: string } | undefined {
  const mark = reader.recoveryMark();
  const newest = attempts.at(-1);
  if (mark === undefined || newest === undefined || newest.preparedMs >= mark.atMs) {
    return undefined;
  }
  const reason =
    "The journal was put back from a copy, which may lack a later try of this order. It is not " +
    "tried again; look at /positions, and send it again if you still want it.";
  return { status: "canceled", reason };
}
