import type { AccountKey } from "./account-key.ts";
import type { Account } from "./message.ts";
import { SIGNATURE_PROGRAMS } from "./programs.ts";
import type { SwapTerms } from "./swap-terms.ts";

/** Where the venues' accounts begin, and whether the wallet may be among them. */
export interface LegPlaces {
  authority: number;
  legs: number;
  maySign: boolean;
}

/**
 * The swap program hands the accounts behind its named ones on to the venues of the route. A wallet
 * among them arrives there as a signer, and we must suppose that the routed program is a thief's.
 * It can then do whatever the programs beside it accept with that signature, so:
 * - no other token account of the wallet is in its reach, static or through a table;
 * - neither is a program that would take the signature for something else than those two accounts;
 * - what it can still do with the two (spend more than the input, approve or re-own) is undone or
 *   made to fail by the guards that the message must then carry: `GuardKind`.
 * The source and destination accounts may recur: nobody can debit them without the wallet.
 */
export function checkLegs(
  accounts: readonly Account[],
  { authority, legs, maySign }: LegPlaces,
  terms: SwapTerms,
): string | { handsOn: boolean } {
  const own = accounts.some(({ key }) => isOtherTokenAccount(key, terms));
  if (own) return "another token account of the wallet takes part";
  const places = accounts.flatMap(({ key }, at) => (key === terms.wallet ? [at] : []));
  const repeated = places.filter((at) => at !== authority);
  if (repeated.length === 0) return { handsOn: false };
  if (!maySign || repeated.some((at) => at < legs)) {
    return "the wallet's signature is handed on to a routed program";
  }
  for (const { key } of accounts) {
    const program = SIGNATURE_PROGRAMS.get(key);
    if (program !== undefined) {
      return `the wallet's signature is handed on together with ${program}`;
    }
  }
  // The source of a sell exists for certain: a list without it was not read from the chain.
  if (terms.side === "sell" && !terms.walletTokenAccounts.has(terms.mintAccount)) {
    return "the wallet's signature is handed on, but its token accounts are not all named";
  }
  return { handsOn: true };
}

function isOtherTokenAccount(key: AccountKey, terms: SwapTerms): boolean {
  const takesPart = key === terms.wsolAccount || key === terms.mintAccount;
  return !takesPart && terms.walletTokenAccounts.has(key);
}
