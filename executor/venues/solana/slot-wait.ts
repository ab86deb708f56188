import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { RpcProvider } from "./rpc-provider.ts";
import type { RpcSocket } from "./rpc-socket.ts";
import type { Rpc } from "./rpc.ts";

/** Waits until a node has come to `slot`; false: it is too far behind or silent, do not wait. */
export type SlotWait = (provider: RpcProvider, slot: number) => Promise<boolean>;

/** Nodes in health are a few slots apart; for one further behind the next poll is soon enough. */
const LAG_SLOTS_MAX = 8;
/** Two and a half slots: what a wait may cost when the stream falls silent during it. */
const LAG_WAIT_MS_MAX = 1_000;

/** Follows each node's own slot stream; the sockets stand in the order of the providers. */
export function createSlotWait(rpc: Rpc, sockets: readonly RpcSocket[], clock: Clock): SlotWait {
  return async (provider, slot) => {
    const socket = sockets[rpc.providers.indexOf(provider)];
    const behind = socket?.slotsUntil(slot);
    if (socket === undefined || behind === undefined || behind > LAG_SLOTS_MAX) return false;
    if (behind === 0) return true;
    const abort = new AbortController();
    let isReached = false;
    const cancel = socket.onSlot(slot, () => {
      isReached = true;
      abort.abort();
    });
    await clock.sleep(LAG_WAIT_MS_MAX, abort.signal);
    cancel();
    return isReached;
  };
}
