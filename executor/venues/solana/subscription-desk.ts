import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import { contextSlotOf, isSlotAhead } from "./stream-frame.ts";

export interface SocketSubscription {
  method: "signatureSubscribe" | "accountSubscribe" | "slotSubscribe";
  params: readonly unknown[];
  /** The node ends the subscription by itself after its one notification. */
  isOnce: boolean;
  onValue(result: unknown): void;
  /** Called after every (re)connect: something may have been missed, so ask by poll. */
  onGap(): void;
  /** The node confirmed: what changes from now on is told. */
  onActive?(): void;
  /** The node would not, or did not answer; it is asked again later unless unsubscribed. */
  onRefused?(): void;
}

export interface SubscriptionDeskDeps {
  clock: Clock;
  log: Log;
  /** Of the stream, for the log. */
  name: string;
  /** Subscriptions that one connection may carry; more wait. */
  subscriptionsMax: number;
  send(text: string): void;
  /** The newest slot that the connection told of; 0 before the first. */
  slot(): number;
}

/** What went wrong so far, for metrics; only ever grows. */
export interface DeskCounts {
  resubscribes: number;
  refusals: number;
  /** Notifications that nobody could use: unknown, outdated or unreadable. */
  drops: number;
}

export interface Entry {
  readonly subscription: SocketSubscription;
  /** The request under way; 0 when there is none. */
  requestId: number;
  requestedMs: number;
  /** Given by the node, per connection. */
  serverId: number | undefined;
  wasActive: boolean;
  /** Of the newest value of an account, over all connections. */
  newestSlot: number;
}

/** Nodes count requests per second over a socket too; a hundred at once is below their bursts. */
const BATCH = 100;
const PACE_MS = 50;
const REST_MS_MIN = 1_000;
const REST_MS_MAX = 30_000;
/** A node that has not confirmed after this long has lost the request. */
const ANSWER_MS_MAX = 10_000;
/**
 * Confirmations that are awaited for something nobody wants any more: a whole connection's worth,
 * for a forgotten one would go on telling forever.
 */
const ABANDONED_MAX = 50_000;

/** The subscriptions of one connection: asks for them at a pace, and knows them by their ids. */
export class SubscriptionDesk {
  readonly counts: DeskCounts = { resubscribes: 0, refusals: 0, drops: 0 };
  readonly #deps: SubscriptionDeskDeps;
  readonly #entries = new Set<Entry>();
  readonly #queue = new Set<Entry>();
  readonly #byRequest = new Map<number, Entry>();
  readonly #byServer = new Map<number, Entry>();
  /** Request ids of subscriptions that were given up before the node confirmed them. */
  readonly #abandoned = new Map<number, SocketSubscription["method"]>();
  #isOpen = false;
  #isPacing = false;
  /** When the present batch began, and how many requests it has. */
  #batchMs = 0;
  #batchSent = 0;
  #nextId = 1;
  #restUntilMs = 0;
  #refusalsInRow = 0;

  constructor(deps: SubscriptionDeskDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The node said no a short while ago. */
  isResting(): boolean {
    return this.#deps.clock.monotonicMs() < this.#restUntilMs;
  }

  add(subscription: SocketSubscription): Entry {
    const { log, name, subscriptionsMax } = this.#deps;
    if (this.#entries.size === subscriptionsMax) {
      log.error({ stream: name, subscriptionsMax }, "too many subscriptions, the rest waits");
    }
    const entry: Entry = {
      subscription,
      requestId: 0,
      requestedMs: 0,
      serverId: undefined,
      wasActive: false,
      newestSlot: -1,
    };
    this.#entries.add(entry);
    this.#queue.add(entry);
    this.#pump();
    return entry;
  }

  remove(entry: Entry): void {
    if (!this.#entries.delete(entry)) return;
    this.#queue.delete(entry);
    const { method } = entry.subscription;
    if (this.#byRequest.delete(entry.requestId)) this.#abandon(entry.requestId, entry);
    if (entry.serverId === undefined) return;
    this.#byServer.delete(entry.serverId);
    this.#unsubscribe(method, entry.serverId);
  }

  clear(): void {
    this.close();
    this.#entries.clear();
    this.#queue.clear();
  }

  /** A new connection knows nothing of what the last one carried. */
  open(): void {
    this.#isOpen = true;
    this.#refusalsInRow = 0;
    this.#restUntilMs = 0;
    for (const entry of this.#entries) this.#queue.add(entry);
    this.#pump();
    for (const entry of this.#entries) entry.subscription.onGap();
  }

  close(): void {
    this.#isOpen = false;
    this.#byRequest.clear();
    this.#byServer.clear();
    this.#abandoned.clear();
    for (const entry of this.#entries) {
      entry.serverId = undefined;
      entry.requestId = 0;
    }
  }

  /** Once a second: lost requests are refusals, and a rest that is over ends. */
  tick(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    for (const [id, entry] of this.#byRequest) {
      if (nowMs - entry.requestedMs < ANSWER_MS_MAX) continue;
      // The answer may come after all: then there are two, and this one tells nobody.
      this.#abandon(id, entry);
      this.refuse(id, "no answer");
    }
    this.#pump();
  }

  confirm(id: number, serverId: number | boolean): void {
    const entry = this.#byRequest.get(id);
    this.#byRequest.delete(id);
    if (typeof serverId !== "number") return;
    if (entry === undefined) {
      const method = this.#abandoned.get(id);
      this.#abandoned.delete(id);
      if (method !== undefined) this.#unsubscribe(method, serverId);
      return;
    }
    entry.requestId = 0;
    entry.serverId = serverId;
    this.#byServer.set(serverId, entry);
    this.#refusalsInRow = 0;
    if (entry.wasActive) this.counts.resubscribes += 1;
    entry.wasActive = true;
    entry.subscription.onActive?.();
  }

  /** Whatever the reason, asking on at once would make it worse. */
  refuse(id: number, reason: string): void {
    const entry = this.#byRequest.get(id);
    this.#byRequest.delete(id);
    if (entry === undefined) return;
    entry.requestId = 0;
    this.counts.refusals += 1;
    const restMs = Math.min(REST_MS_MIN * 2 ** Math.min(this.#refusalsInRow++, 10), REST_MS_MAX);
    const { clock, log, name } = this.#deps;
    if (!this.isResting()) {
      this.#restUntilMs = clock.monotonicMs() + restMs;
      log.warn({ stream: name, reason, restMs }, "the stream refused a subscription");
    }
    this.#queue.add(entry);
    entry.subscription.onRefused?.();
  }

  /** False: nobody could use it. */
  deliver(serverId: number, result: unknown): boolean {
    const entry = this.#byServer.get(serverId);
    if (entry === undefined || isUseless(entry, result, this.#deps.slot())) {
      this.counts.drops += 1;
      return false;
    }
    if (entry.subscription.isOnce) {
      this.#byServer.delete(serverId);
      this.#entries.delete(entry);
    }
    entry.subscription.onValue(result);
    return true;
  }

  #abandon(id: number, { subscription }: Entry): void {
    if (this.#abandoned.size >= ABANDONED_MAX) this.#abandoned.clear();
    this.#abandoned.set(id, subscription.method);
  }

  /** Sends some of what waits and the rest a little later: nodes answer bursts with 429. */
  #pump(): void {
    if (!this.#isOpen || this.isResting()) return;
    const nowMs = this.#deps.clock.monotonicMs();
    if (nowMs - this.#batchMs >= PACE_MS) {
      this.#batchMs = nowMs;
      this.#batchSent = 0;
    }
    for (const entry of this.#queue) {
      if (this.#carried() >= this.#deps.subscriptionsMax) return;
      if (this.#batchSent === BATCH) return void this.#pumpLater();
      this.#queue.delete(entry);
      this.#request(entry);
      this.#batchSent += 1;
    }
  }

  async #pumpLater(): Promise<void> {
    if (this.#isPacing) return;
    this.#isPacing = true;
    await this.#deps.clock.sleep(PACE_MS);
    this.#isPacing = false;
    this.#pump();
  }

  #carried(): number {
    return this.#byRequest.size + this.#byServer.size;
  }

  #request(entry: Entry): void {
    entry.requestId = this.#nextId++;
    entry.requestedMs = this.#deps.clock.monotonicMs();
    entry.serverId = undefined;
    this.#byRequest.set(entry.requestId, entry);
    const { method, params } = entry.subscription;
    this.#send(entry.requestId, method, params);
  }

  #unsubscribe(method: SocketSubscription["method"], serverId: number): void {
    this.#send(this.#nextId++, method.replace("Subscribe", "Unsubscribe"), [serverId]);
  }

  #send(id: number, method: string, params: readonly unknown[]): void {
    this.#deps.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
  }
}

/**
 * Streams and reconnects may deliver late: an account's value from an older slot is dropped. So is
 * one from a slot that cannot be yet, or it would outrank everything that comes after it.
 */
function isUseless(entry: Entry, result: unknown, now: number): boolean {
  if (entry.subscription.method !== "accountSubscribe") return false;
  const slot = contextSlotOf(result);
  if (slot === undefined || slot < entry.newestSlot || isSlotAhead(slot, now)) return true;
  entry.newestSlot = slot;
  return false;
}
