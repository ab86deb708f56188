import { accountsAnswer, type AccountAnswer } from "./rpc-answers.ts";
import type { Rpc } from "./rpc.ts";

/** What one node says of some accounts at one of its slots. */
export interface AccountsWord {
  provider: string;
  slot: number;
  accounts: readonly (AccountAnswer | null)[];
}

/** Two rounds of finality: no healthy node is so far behind another, whatever the network does. */
const BEHIND_SLOTS_MIN = 64;

/**
 * The accounts as every node sees them that answers and is not clearly behind; what a node says
 * that lost the chain an hour ago is no contradiction.
 */
export async function fetchAccountsWords(
  rpc: Rpc,
  addresses: readonly string[],
  commitment: "confirmed" | "finalized",
): Promise<AccountsWord[]> {
  const results = await rpc.raceAll(
    "getMultipleAccounts",
    [addresses, { encoding: "base64", commitment }],
    accountsAnswer,
    (result) => result.ok,
  );
  const words = results.flatMap((result): AccountsWord[] => {
    if (!result.ok || result.value.value.length !== addresses.length) return [];
    const { context, value } = result.value;
    return [{ provider: result.provider, slot: context.slot, accounts: value }];
  });
  const newest = newestSlot(words);
  return words.filter(({ slot }) => slot > newest - BEHIND_SLOTS_MIN);
}

export function newestSlot(words: readonly { slot: number }[]): number {
  return Math.max(0, ...words.map(({ slot }) => slot));
}
