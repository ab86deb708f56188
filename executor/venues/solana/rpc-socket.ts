import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Net, NetSocket } from "@raptor/shared/seams/net.ts";
import { z } from "zod";

export interface RpcSocketDeps {
  net: Net;
  clock: Clock;
  prng: Prng;
  log: Log;
  name: string;
  url: string;
}

/** Slots come every 0.4 s: ten seconds without one mean a dead stream behind an open socket. */
const SILENCE_MS_MAX = 10_000;
const WATCH_MS = 1_000;
const BACKOFF_MS_MIN = 250;
const BACKOFF_MS_MAX = 15_000;
/** Above this many something forgets to unsubscribe; nodes refuse far more than we need. */
const SUBSCRIPTIONS_MAX = 5_000;

export interface SocketSubscription {
  method: "signatureSubscribe" | "accountSubscribe" | "slotSubscribe";
  params: readonly unknown[];
  /** The node ends the subscription by itself after its one notification. */
  isOnce: boolean;
  onValue(result: unknown): void;
  /** Called after every (re)connect: something may have been missed, so ask by poll. */
  onGap(): void;
}

const message = z.union([
  z.object({
    method: z.string(),
    params: z.object({ subscription: z.number(), result: z.unknown() }),
  }),
  z.object({ id: z.number(), result: z.number() }),
  z.object({ id: z.number(), result: z.boolean() }),
  z.object({ id: z.number(), error: z.object({ code: z.number(), message: z.string() }) }),
]);

interface Entry {
  subscription: SocketSubscription;
  requestId: number;
  /** Given by the node, per connection. */
  serverId: number | undefined;
  /** Of the newest value of an account, over all connections. */
  newestSlot: number;
}

const accountValue = z.object({ context: z.object({ slot: z.number() }) });

/** One provider's WebSocket: subscribes again after every break, and notices silence. */
export class RpcSocket {
  readonly #deps: RpcSocketDeps;
  readonly #entries = new Set<Entry>();
  readonly #byRequest = new Map<number, Entry>();
  readonly #byServer = new Map<number, Entry>();
  #socket: NetSocket | undefined;
  #isOpen = false;
  #stop: AbortController | undefined;
  #nextId = 1;
  #lastSlotMs = 0;
  #tries = 0;
  #slot = 0;
  readonly #slotWaiters = new Set<{ slot: number; onReached: () => void }>();

  constructor(deps: RpcSocketDeps) {
    this.#deps = deps;
  }

  start(): void {
    if (this.#stop !== undefined) return;
    this.#stop = new AbortController();
    this.#add({
      method: "slotSubscribe",
      params: [],
      isOnce: false,
      onValue: (result) => this.#onSlot(result),
      onGap: () => undefined,
    });
    this.#connect();
    void this.#watch(this.#stop.signal);
  }

  stop(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    this.#entries.clear();
    this.#socket?.close();
  }

  /** Returns the unsubscribe. */
  subscribe(subscription: SocketSubscription): () => void {
    const entry = this.#add(subscription);
    return () => this.#remove(entry);
  }

  /** Slots that the stream has yet to tell of until this one; none while it is not fresh. */
  slotsUntil(slot: number): number | undefined {
    return this.isFresh() && this.#slot > 0 ? Math.max(0, slot - this.#slot) : undefined;
  }

  /** Calls once, when the stream tells of this slot; returns the cancel. */
  onSlot(slot: number, onReached: () => void): () => void {
    const waiter = { slot, onReached };
    this.#slotWaiters.add(waiter);
    return () => void this.#slotWaiters.delete(waiter);
  }

  isFresh(): boolean {
    return this.#isOpen && this.#deps.clock.monotonicMs() - this.#lastSlotMs < SILENCE_MS_MAX;
  }

  health(): { name: string; ok: boolean; detail: string } {
    const silentMs = Math.round(this.#deps.clock.monotonicMs() - this.#lastSlotMs);
    const detail = this.#isOpen ? `slot ${this.#slot}, ${silentMs} ms ago` : "not connected";
    return { name: `stream ${this.#deps.name}`, ok: this.isFresh(), detail };
  }

  #add(subscription: SocketSubscription): Entry {
    if (this.#entries.size >= SUBSCRIPTIONS_MAX) {
      this.#deps.log.error({ stream: this.#deps.name }, "too many subscriptions, polling only");
    }
    const entry: Entry = { subscription, requestId: 0, serverId: undefined, newestSlot: -1 };
    this.#entries.add(entry);
    if (this.#isOpen) this.#request(entry);
    return entry;
  }

  #remove(entry: Entry): void {
    if (!this.#entries.delete(entry)) return;
    this.#byRequest.delete(entry.requestId);
    if (entry.serverId === undefined) return;
    this.#byServer.delete(entry.serverId);
    this.#unsubscribe(entry.subscription.method, entry.serverId);
  }

  #unsubscribe(method: SocketSubscription["method"], serverId: number): void {
    this.#send(this.#nextId++, method.replace("Subscribe", "Unsubscribe"), [serverId]);
  }

  #connect(): void {
    this.#lastSlotMs = this.#deps.clock.monotonicMs();
    let isCurrent = true;
    this.#socket = this.#deps.net.connect(this.#deps.url, {
      onOpen: () => {
        if (isCurrent) this.#onOpen();
      },
      onMessage: (text) => {
        if (isCurrent) this.#onMessage(text);
      },
      onClose: (reason) => {
        if (!isCurrent) return;
        isCurrent = false;
        void this.#onClose(reason);
      },
    });
  }

  #onOpen(): void {
    this.#isOpen = true;
    this.#lastSlotMs = this.#deps.clock.monotonicMs();
    for (const entry of this.#entries) this.#request(entry);
    for (const entry of this.#entries) entry.subscription.onGap();
  }

  async #onClose(reason: string): Promise<void> {
    this.#isOpen = false;
    this.#byRequest.clear();
    this.#byServer.clear();
    const stop = this.#stop;
    if (stop === undefined) return;
    const { clock, prng, log, name } = this.#deps;
    const limit = Math.min(BACKOFF_MS_MIN * 2 ** Math.min(this.#tries++, 10), BACKOFF_MS_MAX);
    const waitMs = Math.round(limit * (0.5 + prng.nextFloat() / 2));
    log.warn({ stream: name, reason, waitMs }, "the stream broke, connecting again");
    await clock.sleep(waitMs, stop.signal);
    if (!stop.signal.aborted) this.#connect();
  }

  #request(entry: Entry): void {
    entry.requestId = this.#nextId++;
    entry.serverId = undefined;
    this.#byRequest.set(entry.requestId, entry);
    this.#send(entry.requestId, entry.subscription.method, entry.subscription.params);
  }

  #send(id: number, method: string, params: readonly unknown[]): void {
    this.#socket?.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
  }

  #onMessage(text: string): void {
    const parsed = message.safeParse(parseJson(text));
    if (!parsed.success) {
      this.#deps.log.debug({ stream: this.#deps.name }, "the stream said something unreadable");
      return;
    }
    const { data } = parsed;
    if ("params" in data) return this.#onNotification(data.params);
    const entry = this.#byRequest.get(data.id);
    this.#byRequest.delete(data.id);
    if ("error" in data) {
      const { code } = data.error;
      this.#deps.log.warn({ stream: this.#deps.name, code }, "the stream refused a subscription");
      return;
    }
    if (entry === undefined || typeof data.result !== "number") return;
    entry.serverId = data.result;
    this.#byServer.set(data.result, entry);
  }

  #onNotification(params: { subscription: number; result?: unknown }): void {
    const entry = this.#byServer.get(params.subscription);
    if (entry === undefined || isOutdated(entry, params.result)) return;
    if (entry.subscription.isOnce) {
      this.#byServer.delete(params.subscription);
      this.#entries.delete(entry);
    }
    entry.subscription.onValue(params.result);
  }

  #onSlot(result: unknown): void {
    const parsed = z.object({ slot: z.number() }).safeParse(result);
    if (!parsed.success) return;
    this.#slot = parsed.data.slot;
    this.#lastSlotMs = this.#deps.clock.monotonicMs();
    this.#tries = 0;
    for (const waiter of this.#slotWaiters) {
      if (waiter.slot > this.#slot) continue;
      this.#slotWaiters.delete(waiter);
      waiter.onReached();
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#deps.clock.sleep(WATCH_MS, signal);
      const silentMs = this.#deps.clock.monotonicMs() - this.#lastSlotMs;
      if (signal.aborted || silentMs < SILENCE_MS_MAX) continue;
      // Also ends a connect that never came to an end. Resets the clock for the next try.
      this.#lastSlotMs = this.#deps.clock.monotonicMs();
      this.#socket?.close();
    }
  }
}

/** Streams and reconnects may deliver late: an account's value from an older slot is dropped. */
function isOutdated(entry: Entry, result: unknown): boolean {
  if (entry.subscription.method !== "accountSubscribe") return false;
  const parsed = accountValue.safeParse(result);
  if (!parsed.success || parsed.data.context.slot < entry.newestSlot) return true;
  entry.newestSlot = parsed.data.context.slot;
  return false;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
