import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Net, NetSocket } from "@raptor/shared/seams/net.ts";
import { SlotChain } from "./slot-chain.ts";
import { parseFrame } from "./stream-frame.ts";
import { type DeskCounts, type SocketSubscription, SubscriptionDesk } from "./subscription-desk.ts";

export type { SocketSubscription } from "./subscription-desk.ts";

export interface RpcSocketDeps {
  net: Net;
  clock: Clock;
  prng: Prng;
  log: Log;
  name: string;
  url: string;
  /** What one connection may carry; nodes refuse more than they allow themselves. */
  subscriptionsMax?: number;
}

/** Slots come every 0.4 s: ten seconds without one mean a dead stream behind an open socket. */
const SILENCE_MS_MAX = 10_000;
const WATCH_MS = 1_000;
const BACKOFF_MS_MIN = 250;
const BACKOFF_MS_MAX = 15_000;
/** Providers hang up on connections that send nothing for ten minutes. */
const PING_MS = 60_000;
const PING = JSON.stringify({ jsonrpc: "2.0", method: "ping", params: [] });
/** Above this many something forgets to unsubscribe; nodes refuse far more than we need. */
const SUBSCRIPTIONS_MAX = 5_000;
/** A node that talks of slots so far beyond what it last said has not moved, it has erred. */
const SLOT_LEAP_MAX = 100_000;

/** One connection to one provider: subscribes again after every break, and notices silence. */
export class RpcSocket {
  readonly name: string;
  readonly #deps: RpcSocketDeps;
  readonly #desk: SubscriptionDesk;
  readonly #listeners = new Set<() => void>();
  readonly #skipListeners = new Set<() => void>();
  readonly #chain = new SlotChain();
  readonly #slotWaiters = new Set<{ slot: number; onReached: () => void }>();
  #socket: NetSocket | undefined;
  #isOpen = false;
  #stop: AbortController | undefined;
  #lastSlotMs = 0;
  #lastPingMs = 0;
  #lastWatchMs = 0;
  #tries = 0;
  #silences = 0;
  #unreadable = 0;

  constructor(deps: RpcSocketDeps) {
    this.#deps = deps;
    this.name = deps.name;
    const { clock, log, name, subscriptionsMax = SUBSCRIPTIONS_MAX } = deps;
    const send = (text: string): void => this.#socket?.send(text);
    const slot = (): number => this.#chain.newest;
    this.#desk = new SubscriptionDesk({ clock, log, name, subscriptionsMax, send, slot });
  }

  start(): void {
    if (this.#stop !== undefined) return;
    this.#stop = new AbortController();
    this.#desk.add({
      method: "slotSubscribe",
      params: [],
      isOnce: false,
      onValue: (result) => this.#onSlot(result),
      onGap: () => undefined,
    });
    void this.#watch(this.#stop.signal);
    this.#connect();
  }

  stop(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    this.#desk.clear();
    this.#socket?.close();
  }

  /** Returns the unsubscribe. */
  subscribe(subscription: SocketSubscription): () => void {
    const entry = this.#desk.add(subscription);
    return () => this.#desk.remove(entry);
  }

  /** Calls back after every opening and every break. */
  onTurn(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Slots that the stream has yet to tell of until this one; none while it is not fresh. */
  slotsUntil(slot: number): number | undefined {
    return this.isFresh() && this.#chain.newest > 0
      ? Math.max(0, slot - this.#chain.newest)
      : undefined;
  }

  /** Calls once, when the stream tells of this slot; returns the cancel. */
  onSlot(slot: number, onReached: () => void): () => void {
    const waiter = { slot, onReached };
    this.#slotWaiters.add(waiter);
    return () => void this.#slotWaiters.delete(waiter);
  }

  /** The newest slot that this connection told of; 0 before the first. */
  slot(): number {
    return this.#chain.newest;
  }

  /** A whole block stands on this slot, by what this connection told of its chain. */
  hasPassed(slot: number): boolean {
    return this.#chain.hasPassed(slot);
  }

  /** The chain that it tells of went on without this slot. */
  hasSkipped(slot: number): boolean {
    return this.#chain.hasSkipped(slot);
  }

  /** Calls back with every new slot for as long as its chain has left out some lately. */
  onSkips(listener: () => void): void {
    this.#skipListeners.add(listener);
  }

  isFresh(silenceMsMax = SILENCE_MS_MAX): boolean {
    return this.#isOpen && this.#deps.clock.monotonicMs() - this.#lastSlotMs < silenceMsMax;
  }

  /** The node refused a subscription a short while ago. */
  isRefusing(): boolean {
    return this.#desk.isResting();
  }

  /** How many more subscriptions it may carry; none while the node refuses. */
  room(): number {
    if (!this.#isOpen || this.isRefusing()) return 0;
    return Math.max(0, (this.#deps.subscriptionsMax ?? SUBSCRIPTIONS_MAX) - this.#desk.size);
  }

  counts(): DeskCounts & { silences: number } {
    const { drops, ...counts } = this.#desk.counts;
    return { ...counts, drops: drops + this.#unreadable, silences: this.#silences };
  }

  health(): { name: string; ok: boolean; detail: string } {
    const silentMs = Math.round(this.#deps.clock.monotonicMs() - this.#lastSlotMs);
    const refusing = this.#desk.isResting() ? "; refuses subscriptions" : "";
    const { resubscribes, drops } = this.counts();
    const trouble = resubscribes + drops === 0 ? "" : `; ${resubscribes} again, ${drops} dropped`;
    const detail = this.#isOpen
      ? `slot ${this.#chain.newest}, ${silentMs} ms ago${refusing}${trouble}`
      : "not connected";
    return { name: `stream ${this.#deps.name}`, ok: this.isFresh() && refusing === "", detail };
  }

  #connect(): void {
    this.#lastSlotMs = this.#deps.clock.monotonicMs();
    let isCurrent = true;
    this.#socket = this.#deps.net.connect(this.#deps.url, {
      onOpen: () => {
        if (isCurrent) this.#onOpen();
      },
      onMessage: (text) => {
        if (!isCurrent) return;
        if (!this.#hasStoodStill()) return this.#onMessage(text);
        isCurrent = false;
        this.#silences += 1;
        this.#socket?.close();
        void this.#onClose("this process stood still, what waited in the connection is old");
      },
      onClose: (reason) => {
        if (!isCurrent) return;
        isCurrent = false;
        void this.#onClose(reason);
      },
    });
  }

  /**
   * The watch runs every second unless the whole process was stopped, and whatever waited in the
   * connection meanwhile looks as if it was told now.
   */
  #hasStoodStill(): boolean {
    return this.#deps.clock.monotonicMs() - this.#lastWatchMs >= SILENCE_MS_MAX;
  }

  #onOpen(): void {
    this.#isOpen = true;
    this.#chain.reset();
    this.#lastSlotMs = this.#deps.clock.monotonicMs();
    this.#lastPingMs = this.#lastSlotMs;
    this.#desk.open();
    this.#tellTurn();
  }

  async #onClose(reason: string): Promise<void> {
    this.#isOpen = false;
    this.#desk.close();
    const stop = this.#stop;
    if (stop === undefined) return;
    this.#tellTurn();
    const { clock, prng, log, name } = this.#deps;
    const limit = Math.min(BACKOFF_MS_MIN * 2 ** Math.min(this.#tries++, 10), BACKOFF_MS_MAX);
    const waitMs = Math.round(limit * (0.5 + prng.nextFloat() / 2));
    log.warn({ stream: name, reason, waitMs }, "the stream broke, connecting again");
    await clock.sleep(waitMs, stop.signal);
    if (!stop.signal.aborted) this.#connect();
  }

  #onMessage(text: string): void {
    const frame = parseFrame(text);
    if (frame === undefined) {
      this.#unreadable += 1;
      const { log, name } = this.#deps;
      log.debug({ stream: name, chars: text.length }, "the stream said something unreadable");
    } else if (frame.kind === "news") {
      this.#desk.deliver(frame.subscription, frame.result);
    } else if (frame.kind === "answer") {
      this.#desk.confirm(frame.id, frame.result);
    } else if (frame.id !== undefined) {
      this.#desk.refuse(frame.id, `${frame.code} ${frame.message.slice(0, 100)}`);
    }
  }

  #onSlot(result: unknown): void {
    const slot = slotOf(result, "slot");
    const { newest } = this.#chain;
    if (slot === undefined || (newest > 0 && slot > newest + SLOT_LEAP_MAX)) return;
    this.#chain.note(slot, slotOf(result, "parent"));
    // Frames come late and twice too: only a newer slot is a sign of life.
    if (slot <= newest) return;
    this.#lastSlotMs = this.#deps.clock.monotonicMs();
    this.#tries = 0;
    for (const waiter of this.#slotWaiters) {
      if (waiter.slot > slot) continue;
      this.#slotWaiters.delete(waiter);
      waiter.onReached();
    }
    if (!this.#chain.hasGaps()) return;
    for (const listener of this.#skipListeners) listener();
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    this.#lastWatchMs = clock.monotonicMs();
    while (!signal.aborted) {
      await clock.sleep(WATCH_MS, signal);
      if (signal.aborted) return;
      const nowMs = clock.monotonicMs();
      this.#lastWatchMs = nowMs;
      this.#desk.tick();
      if (this.#isOpen && nowMs - this.#lastPingMs >= PING_MS) {
        this.#lastPingMs = nowMs;
        this.#socket?.send(PING);
      }
      if (nowMs - this.#lastSlotMs < SILENCE_MS_MAX) continue;
      // Also ends a connect that never came to an end. Resets the clock for the next try.
      this.#lastSlotMs = nowMs;
      this.#silences += 1;
      this.#socket?.close();
    }
  }

  #tellTurn(): void {
    for (const listener of this.#listeners) listener();
  }
}

function slotOf(result: unknown, key: "slot" | "parent"): number | undefined {
  if (typeof result !== "object" || result === null) return undefined;
  const slot: unknown = Reflect.get(result, key);
  return Number.isSafeInteger(slot) && Number(slot) >= 0 ? Number(slot) : undefined;
}
