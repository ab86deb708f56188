import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { FaultPlan } from "../../faults/fault-plan.ts";
import type { Deliver, WebhookAnswer, WebhookFailure, WebhookRequest } from "./webhook-delivery.ts";

const OPERATION = "webhook";
/** A reordered delivery waits this long for another one to overtake it. */
const REORDER_HOLD_MS = 2_000;

/**
 * Puts the fault plan's operation `webhook` in front of a delivery port. A dropped or unanswered
 * delivery is one that Telegram tries again; a duplicate reaches the bot twice, and only the first
 * answer counts, as when the wire doubled it.
 */
export function createFaultyDelivery(clock: Clock, faults: FaultPlan, deliver: Deliver): Deliver {
  let release: (() => void) | undefined;
  async function send(request: WebhookRequest): Promise<WebhookAnswer | WebhookFailure> {
    const answer = await deliver(request);
    release?.();
    return answer;
  }
  return async function deliverWithFaults(request) {
    const fault = faults.take(OPERATION);
    switch (fault?.kind) {
      case undefined:
      case "stale":
      case "silent":
        return send(request);
      case "drop":
        return { failure: "Connection closed" };
      case "error":
        return { status: fault.status, reason: fault.body, headers: {}, body: fault.body };
      case "delay":
        await clock.sleep(fault.ms, request.signal);
        return send(request);
      case "reorder": {
        const overtaken = new AbortController();
        release = () => overtaken.abort();
        await clock.sleep(REORDER_HOLD_MS, AbortSignal.any([overtaken.signal, request.signal]));
        release = undefined;
        return deliver(request);
      }
      case "duplicate": {
        const first = await send(request);
        await deliver(request);
        return first;
      }
      case "accept-no-answer":
        await send(request);
        return { failure: "Connection closed" };
    }
  };
}
