import type { WalletReport } from "../../ports/venue.ts";
import { TOKEN_PROGRAMS, WSOL_MINT } from "./programs.ts";
import { balanceAnswer, ownedAccountsAnswer } from "./rpc-answers.ts";
import type { Rpc } from "./rpc.ts";
import { parseTokenAccount } from "./token-account.ts";

/**
 * SOL and all tokens of a wallet, from the node that is furthest ahead. Wrapped SOL is left out:
 * it exists only inside a swap, and a remainder comes back with the next one.
 * @throws RAPTOR_VENUE__UNAVAILABLE: a failed query is never an empty wallet.
 */
export async function fetchWalletReport(rpc: Rpc, address: string): Promise<WalletReport> {
  const [balance, ...owned] = await Promise.all([
    rpc.askNewest(
      "getBalance",
      [address, { commitment: "confirmed" }],
      balanceAnswer,
      ({ context }) => context.slot,
    ),
    ...TOKEN_PROGRAMS.map((programId) =>
      rpc.askNewest(
        "getTokenAccountsByOwner",
        [address, { programId }, { encoding: "base64", commitment: "confirmed" }],
        ownedAccountsAnswer,
        ({ context }) => context.slot,
      ),
    ),
  ]);
  const tokens = new Map<string, bigint>();
  for (const { value } of owned) {
    for (const { account } of value) {
      const held = parseTokenAccount(Buffer.from(account.data[0], "base64"));
      if (held === undefined || held.owner !== address || held.quantity === 0n) continue;
      if (held.mint === WSOL_MINT) continue;
      tokens.set(held.mint, (tokens.get(held.mint) ?? 0n) + held.quantity);
    }
  }
  const slot = Math.min(balance.context.slot, ...owned.map(({ context }) => context.slot));
  return { lamports: balance.value, tokens, slot };
}
