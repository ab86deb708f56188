import { createHash } from "node:crypto";
import type { Drift } from "@raptor/shared/wire/read.ts";
import type { AttemptRow, OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import type { Reader } from "../ports/store.ts";
import type { WalletView } from "../ports/venue.ts";
import { mintOf } from "./ids.ts";
import type { WalletPast } from "./wallet-history.ts";

/** What one node showed of one wallet, as the journal keeps it. */
export interface SeenView {
  provider: string;
  slot: number;
  lamports: string;
  /** Tokens that have a row in the ledger: mint and base units. */
  tokens: [mint: string, quantity: string][];
  /** All other tokens. Anybody can send a million of them, so they are only counted and hashed. */
  others: { count: number; sha256: string };
}

export interface SeenWallet {
  wallet: string;
  views: (SeenView | { provider: string; slot: null })[];
  ledger?: SeenLedger;
  /** What landed for the wallet, where its history was read. */
  history?: WalletPast;
}

/** What the ledger held of a wallet when it was compared. */
export interface SeenLedger {
  positions: { positionId: string; mint: string; quantity: string }[];
  orders: { orderId: string; side: string; status: string }[];
  attempts: { attemptId: string; identity: string; state: string }[];
  /** Of each kind beyond those that are named. */
  more: number;
}

/** Far more than one person has open; each is a line in the journal at every record. */
const NAMED_MAX = 50;

/** Everybody's orders and attempts under way, by wallet: read once for all wallets of a run. */
export interface UnderWay {
  orders: ReadonlyMap<string, readonly OrderRow[]>;
  attempts: ReadonlyMap<string, readonly AttemptRow[]>;
}

export function readUnderWay(reader: Reader): UnderWay {
  const open = reader.openOrders();
  const walletOf = new Map(open.map(({ orderId, walletId }) => [orderId, walletId]));
  // A fork may have opened an attempt again whose order is over.
  const ownerOf = ({ orderId }: AttemptRow): string =>
    walletOf.get(orderId) ?? reader.order(orderId)?.walletId ?? "";
  return {
    orders: Map.groupBy(open, ({ walletId }) => walletId),
    attempts: Map.groupBy(reader.unresolvedAttempts(), ownerOf),
  };
}

export function summarizeLedger(
  reader: Reader,
  { walletId, userId }: WalletRow,
  underWay: UnderWay,
): SeenLedger {
  const orders = underWay.orders.get(walletId) ?? [];
  const positions = reader.openPositions(userId).filter((one) => one.walletId === walletId);
  const attempts = underWay.attempts.get(walletId) ?? [];
  const lists = [orders, positions, attempts];
  return {
    positions: positions.slice(0, NAMED_MAX).map(({ positionId, instrument, quantity }) => {
      return { positionId, mint: mintOf(instrument), quantity };
    }),
    orders: orders.slice(0, NAMED_MAX).map(({ orderId, side, status }) => {
      return { orderId, side, status };
    }),
    attempts: attempts.slice(0, NAMED_MAX).map(({ attemptId, identity, state }) => {
      return { attemptId, identity, state };
    }),
    more: lists.reduce((sum, list) => sum + Math.max(0, list.length - NAMED_MAX), 0),
  };
}

export function summarizeWallet(
  address: string,
  views: readonly WalletView[],
  isKnown: (mint: string) => boolean,
): SeenWallet {
  return {
    wallet: address,
    views: views.map(({ provider, report }) => {
      if (report === null) return { provider, slot: null };
      const all = [...report.tokens].toSorted(([a], [b]) => (a < b ? -1 : 1));
      const named = all.map(([mint, quantity]): [string, string] => [mint, quantity.toString()]);
      const others = named.filter(([mint]) => !isKnown(mint));
      return {
        provider,
        slot: report.slot,
        lamports: report.lamports.toString(),
        tokens: named.filter(([mint]) => isKnown(mint)),
        others: { count: others.length, sha256: sha256Of(others) },
      };
    }),
  };
}

/** Equal for two runs that saw the same of what concerns the ledger; slots always differ. */
export function fingerprintOf(run: {
  drift: readonly Drift[];
  wallets: readonly SeenWallet[];
  unread: readonly string[];
}): string {
  const wallets = run.wallets.map(({ wallet, views }) => ({
    wallet,
    views: views.map((view) =>
      view.slot === null
        ? view
        : { provider: view.provider, lamports: view.lamports, tokens: view.tokens },
    ),
  }));
  return sha256Of({ ...run, wallets });
}

function sha256Of(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("base64url");
}
