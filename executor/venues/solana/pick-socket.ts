import type { RpcSocket } from "./rpc-socket.ts";

/**
 * The connection for one more subscription: of the first provider that lives and has room the one
 * that carries the least. Providers stand in the order in which they are preferred.
 */
export function pickSocket(
  providers: readonly (readonly RpcSocket[])[],
  staleMs: number,
  except: RpcSocket | undefined,
): RpcSocket | undefined {
  for (const sockets of providers) {
    let best: RpcSocket | undefined;
    for (const socket of sockets) {
      if (socket === except || !socket.isFresh(staleMs)) continue;
      if (socket.room() > (best?.room() ?? 0)) best = socket;
    }
    if (best !== undefined) return best;
  }
  return undefined;
}
