import type { Clock } from "@raptor/shared/seams/clock.ts";
import { decodePool, type DirectPool, type PoolRef } from "../../pools/direct-pool.ts";
import { isUnusable, type PoolUnusable } from "../../pools/unusable.ts";
import type { AccountStreams, AccountUpdate } from "./account-streams.ts";
import type { PoolState } from "./direct-route.ts";
import type { MovedState } from "./pool-doubt.ts";
import { isConsistent, reserveAddresses, type ReserveMoment } from "./pool-consistency.ts";

export interface TrackedPoolDeps {
  streams: AccountStreams;
  clock: Clock;
  /** Synchronously, for every state that may be believed. */
  onState(state: PoolState): void;
  onUnusable(found: PoolUnusable): void;
}

/** Both reserves of a pool come in one burst; what is not whole after this long is asked for. */
const SETTLE_MS = 50;
const SETTLE_AGAIN_MS = 1_000;

/** One pool, decoded anew with every change of an account that it consists of. */
export class TrackedPool {
  readonly ref: PoolRef;
  readonly #deps: TrackedPoolDeps;
  readonly #bytes = new Map<string, Uint8Array>();
  readonly #reserves: readonly string[];
  readonly #moments = new Map<string, ReserveMoment>();
  readonly #unwatches: (() => void)[] = [];
  readonly #stop = new AbortController();
  #state: PoolState | undefined;
  /** The last state of another slot with other reserves, and since when it is the last one. */
  #before: PoolState | undefined;
  #movedAtMs = 0;
  /** Since when the accounts at hand do not belong together. */
  #heldAtMs: number | undefined;

  constructor(deps: TrackedPoolDeps, ref: PoolRef) {
    this.#deps = deps;
    this.ref = ref;
    this.#reserves = reserveAddresses(ref);
  }

  start(): void {
    for (const address of new Set(this.ref.watch)) {
      this.#unwatches.push(this.#deps.streams.watch(address, (update) => this.#onUpdate(update)));
      if (this.#stop.signal.aborted) this.#unwatch();
    }
  }

  stop(): void {
    this.#stop.abort();
    this.#unwatch();
  }

  /** The last state that was whole; undefined while there is none or it cannot be traded. */
  state(): MovedState | undefined {
    if (this.#state === undefined) return undefined;
    return { ...this.#state, before: this.#before, movedAtMs: this.#movedAtMs };
  }

  /** For how long its accounts have not belonged together; 0 when they do. */
  heldMs(): number {
    const { clock } = this.#deps;
    return this.#heldAtMs === undefined ? 0 : clock.monotonicMs() - this.#heldAtMs;
  }

  isFresh(): boolean {
    const { streams } = this.#deps;
    if (this.#state === undefined || this.heldMs() >= SETTLE_MS) return false;
    return this.ref.watch.every((address) => streams.isFresh(address));
  }

  /** Whether all of its streams would have told by now what the block after this slot changed. */
  hasPassed(slot: number): boolean {
    const { streams } = this.#deps;
    return this.ref.watch.every((address) => streams.hasPassed(address, slot));
  }

  #unwatch(): void {
    for (const unwatch of this.#unwatches.splice(0)) unwatch();
  }

  #onUpdate({ address, bytes, slot, isSnapshot }: AccountUpdate): void {
    if (this.#stop.signal.aborted) return;
    const known = this.#bytes.get(address);
    const isSame = known !== undefined && Buffer.compare(known, bytes) === 0;
    if (this.#reserves.includes(address)) this.#moments.set(address, { slot, isSnapshot });
    // The same again says that nothing changed; but it may be the half that was waited for.
    if (isSame && this.#heldAtMs === undefined) return;
    if (bytes.length === 0) this.#bytes.delete(address);
    else this.#bytes.set(address, bytes);
    this.#judge();
  }

  #judge(): void {
    const pool = decodePool(this.ref, this.#bytes);
    if (isUnusable(pool)) {
      this.#state = undefined;
      this.#before = undefined;
      this.#heldAtMs = undefined;
      this.#deps.onUnusable(pool);
    } else if (isConsistent([...this.#moments.values()], this.#state?.pool, pool)) {
      this.#accept(pool);
    } else {
      this.#hold();
    }
  }

  /** The price is of the slot that its reserves are of: fees that come first confirm nothing. */
  #accept(pool: DirectPool): void {
    this.#heldAtMs = undefined;
    const slot = Math.max(...[...this.#moments.values()].map((moment) => moment.slot));
    const atMonotonicMs = this.#deps.clock.monotonicMs();
    const last = this.#state;
    if (last === undefined || hasMoved(last.pool, pool)) {
      if (last !== undefined && last.slot !== slot) this.#before = last;
      this.#movedAtMs = atMonotonicMs;
    }
    this.#state = { pool, slot, atMonotonicMs };
    this.#deps.onState(this.#state);
  }

  /** The old state stays for as long as the other half takes; then one poll reads all of it. */
  #hold(): void {
    if (this.#heldAtMs !== undefined) return;
    this.#heldAtMs = this.#deps.clock.monotonicMs();
    void this.#settle(this.#heldAtMs);
  }

  async #settle(heldAtMs: number): Promise<void> {
    const { clock, streams } = this.#deps;
    const { signal } = this.#stop;
    await clock.sleep(SETTLE_MS, signal);
    while (!signal.aborted && this.#heldAtMs === heldAtMs) {
      streams.refresh(this.ref.watch);
      await clock.sleep(SETTLE_AGAIN_MS, signal);
    }
  }
}

/** Some accounts of a pool change without any trade, which confirms no price. */
function hasMoved(last: DirectPool, next: DirectPool): boolean {
  return last.baseReserve !== next.baseReserve || last.quoteReserve !== next.quoteReserve;
}
