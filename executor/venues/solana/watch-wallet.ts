import { z } from "zod";
import type { WalletWatcher } from "../../ports/venue.ts";
import { deriveTokenAccount } from "./programs.ts";
import type { RpcSocket } from "./rpc-socket.ts";

const notification = z.object({ context: z.object({ slot: z.number() }) });
/** Per wallet; positions beyond it are looked at by the timer alone. */
const TOKENS_WATCHED_MAX = 100;

/**
 * Watches a wallet and its accounts of some tokens over every stream. What the streams say is only
 * a reason to look: balances are read from the nodes afterwards, and a silent stream hides nothing.
 * Nodes ration subscriptions: one token more or less leaves those of all others alone.
 */
export function watchWallet(
  sockets: readonly RpcSocket[],
  address: string,
  onChange: (slot: number | undefined) => void,
): WalletWatcher {
  function watch(account: string): () => void {
    const unsubscribes = sockets.map((socket) =>
      socket.subscribe({
        method: "accountSubscribe",
        params: [account, { encoding: "base64", commitment: "confirmed" }],
        isOnce: false,
        onValue: (result) => onChange(notification.safeParse(result).data?.context.slot),
        onGap: () => onChange(undefined),
      }),
    );
    return () => {
      for (const unsubscribe of unsubscribes) unsubscribe();
    };
  }
  const unwatchWallet = watch(address);
  const unwatchByMint = new Map<string, () => void>();
  function drop(mints: Iterable<string>): void {
    for (const mint of mints) {
      unwatchByMint.get(mint)?.();
      unwatchByMint.delete(mint);
    }
  }
  return {
    holds(tokens) {
      const wanted = tokens.slice(0, TOKENS_WATCHED_MAX);
      for (const { mint, tokenProgram } of wanted) {
        if (unwatchByMint.has(mint)) continue;
        unwatchByMint.set(mint, watch(deriveTokenAccount(address, mint, tokenProgram)));
      }
      const mints = new Set(wanted.map(({ mint }) => mint));
      drop([...unwatchByMint.keys()].filter((mint) => !mints.has(mint)));
    },
    stop() {
      unwatchWallet();
      drop([...unwatchByMint.keys()]);
    },
  };
}
