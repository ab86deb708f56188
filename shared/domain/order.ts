import type { ExitRuleKind } from "./exit-rules.ts";

export type { ExitRule, ExitRuleKind } from "./exit-rules.ts";

export type OrderSide = "buy" | "sell";

/** Status words of an order. `denied` is our risk engine, `rejected` is the venue. */
export type OrderStatus =
  | "initialized"
  | "denied"
  | "submitted"
  | "accepted"
  | "partiallyFilled"
  | "filled"
  | "canceled"
  | "expired"
  | "rejected";

export const FINAL_ORDER_STATUSES: readonly OrderStatus[] = [
  "denied",
  "filled",
  "canceled",
  "expired",
  "rejected",
];

/**
 * States of one attempt. `unknown` is a state of its own: the venue may or may not act on it.
 * Unresolved are prepared, submitted, accepted, unknown and partiallyFilled.
 */
export type AttemptState =
  | "prepared"
  | "submitted"
  | "accepted"
  | "partiallyFilled"
  | "unknown"
  | "filled"
  | "canceled"
  | "rejected"
  | "failed"
  | "dead";

export const UNRESOLVED_ATTEMPT_STATES: readonly AttemptState[] = [
  "prepared",
  "submitted",
  "accepted",
  "partiallyFilled",
  "unknown",
];

/** How an entry ends that did not come to be, and why in words. */
export interface EntryEnd {
  status: "canceled" | "expired";
  reason: string;
}

/** What made an order: a person's job, an armed exit plan, or the panic button. */
export type OrderSource =
  | { kind: "job"; jobId: string }
  /** `ruleId` is absent in journals of the first release, where a plan had one rule of a kind. */
  | { kind: "exit"; positionId: string; rule: ExitRuleKind; ruleId?: string; n: number }
  | { kind: "panic"; jobId: string; positionId: string };
