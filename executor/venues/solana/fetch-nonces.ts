import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { NonceView } from "../../ports/venue.ts";
import { deriveNonceAddress, NONCES_MAX, parseNonceValue } from "./nonce-account.ts";
import { accountsAnswer } from "./rpc-answers.ts";
import type { Rpc } from "./rpc.ts";

/**
 * A wallet's nonce accounts 0 to `count` - 1, from the node that is furthest ahead.
 * @throws RAPTOR_VENUE__UNAVAILABLE when no node answers.
 */
export async function fetchNonces(rpc: Rpc, wallet: string, count: number): Promise<NonceView[]> {
  assert(count >= 0 && count <= NONCES_MAX, "so many nonce accounts fit into one question");
  const accounts = Array.from({ length: count }, (_, index) => deriveNonceAddress(wallet, index));
  if (accounts.length === 0) return [];
  const { value } = await rpc.askNewest(
    "getMultipleAccounts",
    [accounts, { encoding: "base64", commitment: "confirmed" }],
    accountsAnswer,
    ({ context }) => context.slot,
  );
  return accounts.map((account, index) => ({
    index,
    account,
    value: parseNonceValue(value[index], wallet) ?? null,
    lamports: value[index]?.lamports ?? 0n,
  }));
}
