import type { Drift } from "@raptor/shared/wire/read.ts";
import type { Tx } from "./store.ts";

/** Tokens that came without an order, and what can be said of them. */
export interface FoundNotice {
  walletId: string;
  mint: string;
  symbol: string;
  decimals: number;
  /** Base units beyond the ledger. */
  quantity: string;
  /** Null where no price is known. */
  valueLamports: string | null;
  /** A position of this token is open. */
  isHeld: boolean;
  /** Transactions that brought them, on an explorer. */
  links: string[];
}

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
  /** Asks a person what to do with tokens that came without an order. */
  found(tx: Tx, userId: number, key: string, found: FoundNotice): void;
  /** Tells a person that tokens left the wallet without an order. */
  drift(tx: Tx, userId: number, key: string, drift: readonly Drift[]): void;
}
