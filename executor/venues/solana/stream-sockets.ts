import type { RpcSocket } from "./rpc-socket.ts";
import { isSlotAhead } from "./stream-frame.ts";

export interface StreamSocketsSettings {
  /** A connection that told of no new slot for this long carries stale accounts. */
  staleMs: number;
  /** What is so many slots behind the newest that any connection tells of is stale as well. */
  lagSlotsMax: number;
}

/** All connections of all nodes, and which of them can be believed to tell what is now. */
export class StreamSockets {
  /** By provider, in the order in which they are preferred. */
  readonly #providers: readonly (readonly RpcSocket[])[];
  readonly #all: readonly RpcSocket[];
  readonly #settings: StreamSocketsSettings;

  constructor(providers: readonly (readonly RpcSocket[])[], settings: StreamSocketsSettings) {
    this.#providers = providers;
    this.#all = providers.flat();
    this.#settings = settings;
  }

  get all(): readonly RpcSocket[] {
    return this.#all;
  }

  /**
   * Whether a slot is long past by the word of any connection that lives. A node can lag by minutes
   * while it tells of a new slot every 0.4 s. One that lies about slots makes all others look late:
   * then prices are asked for elsewhere, which is worse than streams and better than old prices.
   */
  isBehind(slot: number): boolean {
    return this.#newestSlot() - slot > this.#settings.lagSlotsMax;
  }

  /** It tells of slots, and not of old ones. Before its first slot nothing is known against it. */
  isLive(socket: RpcSocket | undefined): boolean {
    if (socket?.isFresh(this.#settings.staleMs) !== true) return false;
    return socket.slot() === 0 || !this.isBehind(socket.slot());
  }

  /**
   * Beyond what an account's own connection tells of slots: believed, it would outrank everything
   * that is told from then on, and the account would stand still.
   */
  isAhead(socket: RpcSocket | undefined, slot: number): boolean {
    return this.isLive(socket) && isSlotAhead(slot, socket?.slot() ?? 0);
  }

  /** Names of those that tell of slots long past. */
  lagging(): string[] {
    const { staleMs } = this.#settings;
    const fresh = this.#all.filter((socket) => socket.isFresh(staleMs));
    return fresh.filter((socket) => !this.isLive(socket)).map(({ name }) => name);
  }

  /**
   * The connection for one more subscription: of the first provider that lives and has room the one
   * that carries the least.
   */
  pick(except: RpcSocket | undefined): RpcSocket | undefined {
    for (const sockets of this.#providers) {
      let best: RpcSocket | undefined;
      for (const socket of sockets) {
        if (socket === except || !this.isLive(socket)) continue;
        if (socket.room() > (best?.room() ?? 0)) best = socket;
      }
      if (best !== undefined) return best;
    }
    return undefined;
  }

  #newestSlot(): number {
    let newest = 0;
    for (const socket of this.#all) {
      if (socket.isFresh(this.#settings.staleMs)) newest = Math.max(newest, socket.slot());
    }
    return newest;
  }
}
