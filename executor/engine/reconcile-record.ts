import { createHash } from "node:crypto";
import type { Drift } from "@raptor/shared/wire/read.ts";
import type { WalletView } from "../ports/venue.ts";

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
