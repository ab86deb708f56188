import type { z } from "zod";
import type { WalletReport, WalletView } from "../../ports/venue.ts";
import { deriveTokenAccount, TOKEN_PROGRAMS, WSOL_MINT } from "./programs.ts";
import { balanceAnswer, ownedAccountsAnswer } from "./rpc-answers.ts";
import type { RpcProvider } from "./rpc-provider.ts";
import type { Rpc } from "./rpc.ts";
import { parseTokenAccount } from "./token-account.ts";

/**
 * SOL and all tokens of a wallet, from the node that is furthest ahead.
 * @throws RAPTOR_VENUE__UNAVAILABLE: a failed query is never an empty wallet.
 */
export async function fetchWalletReport(rpc: Rpc, address: string): Promise<WalletReport> {
  const [balance, ...owned] = await Promise.all([
    rpc.askNewest("getBalance", balanceParams(address), balanceAnswer, slotOf),
    ...TOKEN_PROGRAMS.map((programId) =>
      rpc.askNewest(
        "getTokenAccountsByOwner",
        ownedParams(address, programId),
        ownedAccountsAnswer,
        slotOf,
      ),
    ),
  ]);
  return createReport(address, balance, owned);
}

/** The same from every node for itself; a node of a chain that is not confirmed has no word. */
export async function fetchWalletViews(rpc: Rpc, address: string): Promise<WalletView[]> {
  await rpc.confirmChains();
  return Promise.all(
    rpc.providers.map(async (provider) => ({
      provider: provider.name,
      report: rpc.hasConfirmedChain(provider.name) ? await fetchView(provider, address) : null,
    })),
  );
}

async function fetchView(provider: RpcProvider, address: string): Promise<WalletReport | null> {
  const [balance, ...owned] = await Promise.all([
    provider.call("getBalance", balanceParams(address), balanceAnswer),
    ...TOKEN_PROGRAMS.map((programId) =>
      provider.call(
        "getTokenAccountsByOwner",
        ownedParams(address, programId),
        ownedAccountsAnswer,
      ),
    ),
  ]);
  // A part is not a wallet: what one program's accounts hold must not look like all there is.
  const found = owned.flatMap((result) => (result.ok ? [result.value] : []));
  if (!balance.ok || found.length < owned.length) return null;
  return createReport(address, balance.value, found);
}

function balanceParams(address: string): readonly unknown[] {
  return [address, { commitment: "confirmed" }];
}

function ownedParams(address: string, programId: string): readonly unknown[] {
  return [address, { programId }, { encoding: "base64", commitment: "confirmed" }];
}

function slotOf({ context }: { context: { slot: number } }): number {
  return context.slot;
}

/** Wrapped SOL is left out: it exists only inside a swap, and a remainder comes back. */
function createReport(
  address: string,
  balance: z.infer<typeof balanceAnswer>,
  owned: readonly z.infer<typeof ownedAccountsAnswer>[],
): WalletReport {
  const tokens = new Map<string, bigint>();
  const frozen = new Set<string>();
  for (const { value } of owned) {
    for (const { pubkey, account } of value) {
      const held = parseTokenAccount(Buffer.from(account.data[0], "base64"));
      if (held === undefined || held.owner !== address || held.quantity === 0n) continue;
      if (held.mint === WSOL_MINT) continue;
      // Swaps sell from this account alone: what anybody sent to another one can never be sold, and
      // a sell that asked for it too would sell nothing at all.
      if (pubkey !== deriveTokenAccount(address, held.mint, account.owner)) continue;
      tokens.set(held.mint, held.quantity);
      if (held.isFrozen) frozen.add(held.mint);
    }
  }
  const slot = Math.min(balance.context.slot, ...owned.map(({ context }) => context.slot));
  const lamportsSlot = balance.context.slot;
  return {
    lamports: balance.value,
    tokens,
    slot,
    ...(lamportsSlot === slot ? {} : { lamportsSlot }),
    ...(frozen.size === 0 ? {} : { frozen }),
  };
}
