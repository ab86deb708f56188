import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Metrics } from "../../ports/metrics.ts";
import { AccountSnapshots, type Snapshot, SNAPSHOT_ACCOUNTS_MAX } from "./account-snapshots.ts";
import { SYSTEM_PROGRAM } from "./programs.ts";
import type { RpcSocket } from "./rpc-socket.ts";
import type { Rpc } from "./rpc.ts";
import { type AccountFrame, decodeBase64, isSlotAhead, parseAccountNews } from "./stream-frame.ts";
import { pickSocket } from "./pick-socket.ts";
import { reportStreams } from "./stream-metrics.ts";
import { isNews, isWholeSince, type Watched } from "./watched-account.ts";

/** An account as it stands at `slot`, processed: it may still be rolled back. */
export interface AccountUpdate {
  address: string;
  /** Empty when there is no such account. */
  bytes: Uint8Array;
  lamports: bigint;
  owner: string;
  slot: number;
  /** Our monotonic clock at arrival. */
  atMonotonicMs: number;
  /** Read by poll instead of told by a stream; what one poll reads is all of one slot. */
  isSnapshot: boolean;
}

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
  /** Reads these, at most 100, in one call of their own as soon as possible. */
  refresh(addresses: readonly string[]): void;
  health(): { name: string; ok: boolean; detail: string };
  start(): void;
  stop(): void;
}

export interface StreamSettings {
  /** A connection that told of no new slot for this long carries stale accounts. */
  staleMs: number;
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
/** Longer than ten thousand subscriptions take, as they are asked for at a pace. */
const MOVE_AGAIN_MS = 10_000;
/** All accounts are read by poll within this many rounds of verification. */
const VERIFY_ROUNDS = 12;
/** An account that has just been watched, or has just moved, is not yet something to report. */
const STALE_HEALTHY_MS = 5_000;
/** While streams are down the polls carry the prices: what free plans take beside other calls. */
const STALE_CALLS_MAX = 3;

export function createAccountStreams(deps: AccountStreamsDeps): AccountStreams {
  return new SocketAccountStreams(deps);
}

class SocketAccountStreams implements AccountStreams {
  readonly #deps: AccountStreamsDeps;
  /** In the order of their last poll, the oldest first. */
  readonly #watched = new Map<string, Watched>();
  readonly #snapshots: AccountSnapshots;
  #stop: AbortController | undefined;
  #verifiedMs = 0;
  #silences = 0;
  #unbelieved = 0;

  constructor(deps: AccountStreamsDeps) {
    this.#deps = deps;
    const { rpc, clock, log } = deps;
    const onRead = (snapshot: Snapshot): void => this.#onRead(snapshot);
    this.#snapshots = new AccountSnapshots({ rpc, clock, log, onRead });
    for (const socket of deps.sockets.flat()) socket.onTurn(() => this.#placeAll());
  }

  watch(address: string, onUpdate: (update: AccountUpdate) => void): () => void {
    const found = this.#watched.get(address);
    const watched = found ?? this.#add(address);
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

  refresh(addresses: readonly string[]): void {
    this.#snapshots.wantTogether(addresses);
  }

  health(): { name: string; ok: boolean; detail: string } {
    const stale = this.#countStale();
    const longest = Math.round(this.#longestStaleMs());
    const lost = this.#silences === 0 ? "" : `; ${this.#silences} silent ones replaced so far`;
    const since = stale === 0 ? "" : `, the longest for ${longest} ms`;
    const detail = `${this.#watched.size} accounts, ${stale} stale${since}${lost}`;
    return { name: "account streams", ok: longest < STALE_HEALTHY_MS, detail };
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
    return socket?.isFresh(this.#deps.settings.staleMs) === true;
  }

  #countStale(): number {
    let count = 0;
    for (const watched of this.#watched.values()) if (!this.#isFresh(watched)) count += 1;
    return count;
  }

  #longestStaleMs(): number {
    const nowMs = this.#deps.clock.monotonicMs();
    let longest = 0;
    for (const watched of this.#watched.values()) {
      if (this.#isFresh(watched)) watched.lastFreshMs = nowMs;
      longest = Math.max(longest, nowMs - watched.lastFreshMs);
    }
    return longest;
  }

  /** Gives every account that has no living connection another one, as far as there is one. */
  #placeAll(): void {
    for (const watched of this.#watched.values()) this.#place(watched);
  }

  #place(watched: Watched): void {
    const { socket, active } = watched;
    const lives = socket?.isFresh(this.#deps.settings.staleMs) === true;
    if (lives && (active !== undefined || !socket.isRefusing())) return;
    if (!lives && this.#hasJustMoved(watched)) return;
    const next = pickSocket(this.#deps.sockets, this.#deps.settings.staleMs, socket);
    if (next !== undefined) this.#subscribe(watched, next);
  }

  /**
   * Where all nodes stumble, thousands of accounts that each follow the one that stumbled last
   * would never arrive. Polls carry them meanwhile; a connection that is closed is always left.
   */
  #hasJustMoved({ socket, movedAtMs }: Watched): boolean {
    if (movedAtMs === undefined || socket?.isFresh(Number.POSITIVE_INFINITY) !== true) return false;
    return this.#deps.clock.monotonicMs() - movedAtMs < MOVE_AGAIN_MS;
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
    // Older than what a poll has shown, and something else: the stream is late, which is no life.
    const { update } = watched;
    const isLate = update !== undefined && frame.slot < update.slot;
    if (!isLate || Buffer.compare(bytes, update.bytes) === 0) {
      watched.missedAtMs = undefined;
      watched.isWhole = true;
    }
    this.#apply(watched, frame, bytes, false);
  }

  #onRead({ accounts, slot, askedAtMs }: Snapshot): void {
    for (const { address, account } of accounts) {
      const watched = this.#watched.get(address);
      if (watched === undefined) continue;
      // To the end of the line: the next poll takes those that have waited longest.
      this.#watched.delete(address);
      this.#watched.set(address, watched);
      const data = account?.data[0] ?? "";
      const owner = account?.owner ?? SYSTEM_PROGRAM;
      const frame = { slot, lamports: account?.lamports ?? 0n, owner, data };
      const bytes = new Uint8Array(Buffer.from(data, "base64"));
      // A poll that shows something new, and no stream that told it: its data may be dead.
      if (isNews(watched, frame, bytes)) watched.missedAtMs ??= this.#deps.clock.monotonicMs();
      watched.isWhole ||= isWholeSince(watched, slot, askedAtMs);
      this.#apply(watched, frame, bytes, true);
    }
  }

  /** States arrive late, twice and from several connections; only a newer slot moves an account. */
  #apply(watched: Watched, frame: AccountFrame, bytes: Uint8Array, isSnapshot: boolean): void {
    const { slot, lamports, owner } = frame;
    if (this.#isAhead(watched, slot)) {
      this.#unbelieved += 1;
      return;
    }
    const { update: last } = watched;
    if (last !== undefined && slot < last.slot && !this.#isAhead(watched, last.slot)) return;
    const { address } = watched;
    const atMonotonicMs = this.#deps.clock.monotonicMs();
    const update = { address, bytes, lamports, owner, slot, atMonotonicMs, isSnapshot };
    watched.update = update;
    for (const listener of watched.listeners) listener(update);
  }

  /**
   * Beyond what the account's own connection tells of slots: believed, it would outrank everything
   * that is told from then on, and the account would stand still.
   */
  #isAhead({ socket }: Watched, slot: number): boolean {
    const isFresh = socket?.isFresh(this.#deps.settings.staleMs) === true;
    return isFresh && isSlotAhead(slot, socket.slot());
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#deps.clock.sleep(TICK_MS, signal);
      if (signal.aborted) return;
      this.#replaceSilent();
      this.#placeAll();
      this.#poll();
      this.#snapshots.tick();
      this.#longestStaleMs();
      this.#report();
    }
  }

  #replaceSilent(): void {
    const { clock, log, sockets, settings } = this.#deps;
    const nowMs = clock.monotonicMs();
    for (const watched of this.#watched.values()) {
      const { missedAtMs, socket, address } = watched;
      if (missedAtMs === undefined || nowMs - missedAtMs < MISSED_MS_MAX) continue;
      this.#silences += 1;
      const stream = socket?.name ?? "";
      log.warn({ stream, address }, "a stream is silent about an account that moved");
      const next = pickSocket(sockets, settings.staleMs, socket) ?? socket;
      if (next !== undefined) this.#subscribe(watched, next);
    }
  }

  /** The stale ones every second, all others in turn. */
  #poll(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const isDue = nowMs - this.#verifiedMs >= this.#deps.settings.verifyMs;
    if (isDue) this.#verifiedMs = nowMs;
    let stale = STALE_CALLS_MAX * SNAPSHOT_ACCOUNTS_MAX;
    const perCall = Math.ceil(this.#watched.size / SNAPSHOT_ACCOUNTS_MAX / VERIFY_ROUNDS);
    let fresh = isDue ? perCall * SNAPSHOT_ACCOUNTS_MAX : 0;
    for (const watched of this.#watched.values()) {
      if (stale === 0 && fresh === 0) return;
      if (stale > 0 && !this.#isFresh(watched)) stale -= 1;
      else if (fresh > 0) fresh -= 1;
      else continue;
      this.#snapshots.want(watched.address);
    }
  }

  #report(): void {
    const counts = {
      accounts: this.#watched.size,
      stale: this.#countStale(),
      replaced: this.#silences,
      unbelieved: this.#unbelieved,
    };
    const { metrics, sockets } = this.#deps;
    if (metrics !== undefined) reportStreams(metrics, sockets.flat(), counts);
  }
}
