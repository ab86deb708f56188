import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Metrics } from "../../ports/metrics.ts";
import { AccountSnapshots, frameOf, type Snapshot } from "./account-snapshots.ts";
import { pollsDue } from "./polls-due.ts";
import type { RpcSocket } from "./rpc-socket.ts";
import type { Rpc } from "./rpc.ts";
import { type AccountFrame, decodeBase64, parseAccountNews } from "./stream-frame.ts";
import { StreamHealth } from "./stream-health.ts";
import { reportStreams } from "./stream-metrics.ts";
import { StreamSockets, type StreamSocketsSettings } from "./stream-sockets.ts";
import {
  type AccountUpdate,
  hasJustMoved,
  isNews,
  isOvertaken,
  isShownBy,
  isSkipped,
  isWholeSince,
  type Watched,
} from "./watched-account.ts";

export type { AccountUpdate } from "./watched-account.ts";

/** Accounts kept current by streams, with polls for whatever the streams may have missed. */
export interface AccountStreams {
  /**
   * Calls back synchronously on every newer state: at once when one is known, else as soon as it is
   * read. Watching one account many times costs one subscription. Returns the unwatch.
   */
  watch(address: string, onUpdate: (update: AccountUpdate) => void): () => void;
  latest(address: string): AccountUpdate | undefined;
  /** Its stream lives, was read up to, and nothing is known to be missing. */
  isFresh(address: string): boolean;
  /** A block on this slot is whole by the word of its own stream: its changes were told. */
  hasPassed(address: string, slot: number): boolean;
  /** Some node is far beyond this slot: what was told of it is history. */
  isBehind(slot: number): boolean;
  /** Reads these, at most 100, in one call of their own as soon as possible. */
  refresh(addresses: readonly string[]): void;
  health(): { name: string; ok: boolean; detail: string };
  start(): void;
  stop(): void;
}

export interface StreamSettings extends StreamSocketsSettings {
  /** How often some accounts are read by poll although their streams seem to live. */
  verifyMs: number;
}

export interface AccountStreamsDeps {
  clock: Clock;
  log: Log;
  metrics?: Metrics | undefined;
  rpc: Rpc;
  /** By provider, the preferred one first; each has one connection or more. */
  sockets: readonly (readonly RpcSocket[])[];
  settings: StreamSettings;
}

const TICK_MS = 1_000;
/** A poll may overtake a notification that is under way; slots take 0.4 s. */
const MISSED_MS_MAX = 1_500;

export function createAccountStreams(deps: AccountStreamsDeps): AccountStreams {
  return new SocketAccountStreams(deps);
}

class SocketAccountStreams implements AccountStreams {
  readonly #deps: AccountStreamsDeps;
  /** In the order of their last poll, the oldest first. */
  readonly #watched = new Map<string, Watched>();
  readonly #snapshots: AccountSnapshots;
  readonly #sockets: StreamSockets;
  readonly #health: StreamHealth;
  #stop: AbortController | undefined;
  #verifiedMs = 0;
  #silences = 0;
  #unbelieved = 0;

  constructor(deps: AccountStreamsDeps) {
    this.#deps = deps;
    const { rpc, clock, log } = deps;
    const onRead = (snapshot: Snapshot): void => this.#onRead(snapshot);
    this.#snapshots = new AccountSnapshots({ rpc, clock, log, onRead });
    this.#sockets = new StreamSockets(deps.sockets, deps.settings);
    this.#health = new StreamHealth({
      clock,
      sockets: this.#sockets,
      watched: this.#watched,
      isFresh: (watched) => this.#isFresh(watched),
    });
    for (const socket of this.#sockets.all) {
      socket.onTurn(() => this.#placeAll());
      socket.onSkips(() => this.#readSkipped(socket));
    }
  }

  watch(address: string, onUpdate: (update: AccountUpdate) => void): () => void {
    const watched = this.#watched.get(address) ?? this.#add(address);
    // Each watch is an entry of its own, also when one function watches twice.
    const listener = (update: AccountUpdate): void => onUpdate(update);
    watched.listeners.add(listener);
    if (watched.update !== undefined) listener(watched.update);
    return () => {
      if (!watched.listeners.delete(listener) || watched.listeners.size > 0) return;
      watched.unsubscribe();
      this.#snapshots.forget(address);
      this.#watched.delete(address);
    };
  }

  latest(address: string): AccountUpdate | undefined {
    return this.#watched.get(address)?.update;
  }

  isFresh(address: string): boolean {
    const watched = this.#watched.get(address);
    return watched !== undefined && this.#isFresh(watched);
  }

  hasPassed(address: string, slot: number): boolean {
    const watched = this.#watched.get(address);
    if (watched === undefined || !this.#isFresh(watched) || isSkipped(watched)) return false;
    return watched.socket?.hasPassed(slot) === true;
  }

  isBehind(slot: number): boolean {
    return this.#sockets.isBehind(slot);
  }

  refresh(addresses: readonly string[]): void {
    this.#snapshots.wantTogether(addresses);
  }

  health(): { name: string; ok: boolean; detail: string } {
    return this.#health.describe(this.#silences);
  }

  start(): void {
    if (this.#stop !== undefined) return;
    this.#stop = new AbortController();
    void this.#run(this.#stop.signal);
  }

  stop(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    this.#snapshots.stop();
  }

  #add(address: string): Watched {
    const watched: Watched = {
      address,
      listeners: new Set(),
      socket: undefined,
      movedAtMs: undefined,
      unsubscribe: () => undefined,
      active: undefined,
      isWhole: false,
      update: undefined,
      toldAtMs: undefined,
      missedAtMs: undefined,
      lastFreshMs: this.#deps.clock.monotonicMs(),
    };
    this.#watched.set(address, watched);
    this.#snapshots.want(address);
    this.#place(watched);
    return watched;
  }

  #isFresh({ socket, isWhole, update, missedAtMs }: Watched): boolean {
    if (!isWhole || update === undefined || missedAtMs !== undefined) return false;
    return this.#sockets.isLive(socket);
  }

  /** Gives every account that has no living connection another one, as far as there is one. */
  #placeAll(): void {
    for (const watched of this.#watched.values()) this.#place(watched);
  }

  #place(watched: Watched): void {
    const { socket, active } = watched;
    const lives = this.#sockets.isLive(socket);
    if (lives && (active !== undefined || socket?.isRefusing() !== true)) return;
    if (!lives && hasJustMoved(watched, this.#deps.clock.monotonicMs())) return;
    const next = this.#sockets.pick(socket);
    if (next !== undefined) this.#subscribe(watched, next);
  }

  #subscribe(watched: Watched, socket: RpcSocket): void {
    watched.unsubscribe();
    if (watched.socket !== undefined) watched.movedAtMs = this.#deps.clock.monotonicMs();
    watched.socket = socket;
    watched.active = undefined;
    watched.isWhole = false;
    watched.missedAtMs = undefined;
    const { clock } = this.#deps;
    watched.unsubscribe = socket.subscribe({
      method: "accountSubscribe",
      params: [watched.address, { encoding: "base64", commitment: "processed" }],
      isOnce: false,
      onValue: (result) => this.#onNews(watched, result),
      onGap: () => {
        watched.active = undefined;
        watched.isWhole = false;
      },
      onActive: () => {
        watched.active = { slot: socket.slot(), atMs: clock.monotonicMs() };
        this.#snapshots.want(watched.address);
      },
      onRefused: () => this.#place(watched),
    });
  }

  #onNews(watched: Watched, result: unknown): void {
    const frame = parseAccountNews(result);
    const bytes = frame === undefined ? undefined : decodeBase64(frame.data);
    if (frame === undefined || bytes === undefined) {
      // What cannot be read may be the one that mattered: the poll shows what is there.
      this.#snapshots.want(watched.address);
      return;
    }
    if (!isOvertaken(watched, frame, bytes)) {
      watched.missedAtMs = undefined;
      watched.isWhole = true;
    }
    watched.toldAtMs = this.#deps.clock.monotonicMs();
    this.#apply(watched, frame, bytes, false);
  }

  #onRead({ accounts, slot, askedAtMs }: Snapshot): void {
    for (const { address, account } of accounts) {
      const watched = this.#watched.get(address);
      if (watched === undefined) continue;
      // To the end of the line: the next poll takes those that have waited longest.
      this.#watched.delete(address);
      this.#watched.set(address, watched);
      const { frame, bytes } = frameOf(account, slot);
      // A poll that shows something new, and no stream that told it: its data may be dead. What
      // became of a state that never happened is told by none.
      const isMissed = isNews(watched, frame, bytes) && !isSkipped(watched);
      if (isMissed) watched.missedAtMs ??= this.#deps.clock.monotonicMs();
      watched.isWhole ||= isWholeSince(watched, slot, askedAtMs);
      if (isShownBy(watched, slot, askedAtMs)) watched.toldAtMs = undefined;
      this.#apply(watched, frame, bytes, true);
    }
  }

  /** Also again with the next slots: a node may answer from the block that loses for a while. */
  #readSkipped(socket: RpcSocket): void {
    for (const watched of this.#watched.values()) {
      if (watched.socket === socket && isSkipped(watched)) this.#snapshots.want(watched.address);
    }
  }

  /** States arrive late, twice and from several connections; only a newer slot moves an account. */
  #apply(watched: Watched, frame: AccountFrame, bytes: Uint8Array, isSnapshot: boolean): void {
    const { slot, lamports, owner } = frame;
    if (this.#sockets.isAhead(watched.socket, slot)) {
      this.#unbelieved += 1;
      return;
    }
    const { update: last } = watched;
    if (last !== undefined && slot < last.slot && !this.#sockets.isAhead(watched.socket, last.slot))
      return;
    const { address } = watched;
    const atMonotonicMs = this.#deps.clock.monotonicMs();
    const update = { address, bytes, lamports, owner, slot, atMonotonicMs, isSnapshot };
    watched.update = update;
    for (const listener of watched.listeners) listener(update);
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#deps.clock.sleep(TICK_MS, signal);
      if (signal.aborted) return;
      this.#replaceSilent();
      this.#placeAll();
      this.#poll();
      this.#snapshots.tick();
      this.#health.longestStaleMs();
      this.#report();
    }
  }

  #replaceSilent(): void {
    const { clock, log } = this.#deps;
    const nowMs = clock.monotonicMs();
    for (const watched of this.#watched.values()) {
      const { missedAtMs, socket, address } = watched;
      if (missedAtMs === undefined || nowMs - missedAtMs < MISSED_MS_MAX) continue;
      this.#silences += 1;
      const stream = socket?.name ?? "";
      log.warn({ stream, address }, "a stream is silent about an account that moved");
      const next = this.#sockets.pick(socket) ?? socket;
      if (next !== undefined) this.#subscribe(watched, next);
    }
  }

  #poll(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const isDue = nowMs - this.#verifiedMs >= this.#deps.settings.verifyMs;
    if (isDue) this.#verifiedMs = nowMs;
    const roundAtMs = isDue ? nowMs : undefined;
    const due = pollsDue(this.#watched, (one) => this.#isFresh(one), roundAtMs);
    for (const address of due) this.#snapshots.want(address);
  }

  #report(): void {
    const counts = this.#health.counts(this.#silences, this.#unbelieved);
    const { metrics } = this.#deps;
    if (metrics !== undefined) reportStreams(metrics, this.#sockets.all, counts);
  }
}
