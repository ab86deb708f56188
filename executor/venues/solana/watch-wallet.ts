import { z } from "zod";
import type { HeldToken } from "../../ports/venue.ts";
import { deriveTokenAccount } from "./programs.ts";
import type { RpcSocket } from "./rpc-socket.ts";

const notification = z.object({ context: z.object({ slot: z.number() }) });
/** Per wallet; positions beyond it are looked at by the timer alone. */
const TOKENS_WATCHED_MAX = 100;

/**
 * Watches a wallet and its accounts of some tokens over every stream. What the streams say is only
 * a reason to look: balances are read from the nodes afterwards, and a silent stream hides nothing.
 */
export function watchWallet(
  sockets: readonly RpcSocket[],
  address: string,
  tokens: readonly HeldToken[],
  onChange: (slot: number | undefined) => void,
): () => void {
  const accounts = tokens
    .slice(0, TOKENS_WATCHED_MAX)
    .map(({ mint, tokenProgram }) => deriveTokenAccount(address, mint, tokenProgram));
  const unsubscribes = sockets.flatMap((socket) =>
    [address, ...accounts].map((account) =>
      socket.subscribe({
        method: "accountSubscribe",
        params: [account, { encoding: "base64", commitment: "confirmed" }],
        isOnce: false,
        onValue: (result) => onChange(notification.safeParse(result).data?.context.slot),
        onGap: () => onChange(undefined),
      }),
    ),
  );
  return () => {
    for (const unsubscribe of unsubscribes) unsubscribe();
  };
}
