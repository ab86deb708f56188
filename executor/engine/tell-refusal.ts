import type { OrderRow } from "@raptor/shared/domain/rows.ts";
import type { EngineContext } from "./context.ts";

/** Shouts where a refusal smells of an attack. @returns what the person reads of it */
export function tellRefusal(
  { log, metrics, shout }: Pick<EngineContext, "log" | "metrics" | "shout">,
  { orderId }: Pick<OrderRow, "orderId">,
  { reason, alert }: { reason: string; alert: boolean },
): string {
  if (!alert) return `Not sent: ${reason}.`;
  metrics.count("alerts_total", { kind: "unsafe-transaction" });
  log.error(
    { orderId, reason },
    "a transaction that would do more than the order says was refused before signing",
  );
  shout(`Unsafe transaction refused for ${orderId}: ${reason}`);
  return `Refused before signing, the operator was alerted: ${reason}.`;
}
