import type { Drift } from "@raptor/shared/wire/read.ts";
import type { Tx } from "./store.ts";

/**
 * What the engine tells people. Every call writes outbox rows inside the caller's transaction, so
 * that a notice exists exactly when the change that it reports is committed.
 */
export interface Notices {
  /** Shows the order as it now stands in its one message. */
  order(tx: Tx, orderId: string): void;
  /** A new loud message to one person. `key` makes it unique. */
  alert(tx: Tx, userId: number, key: string, lines: readonly string[]): void;
  /** A loud message to the operators: the admins' chats. */
  alertAdmins(tx: Tx, key: string, lines: readonly string[]): void;
  drift(tx: Tx, userId: number, key: string, drift: readonly Drift[]): void;
}
