import type { OrderRow } from "@raptor/shared/domain/rows.ts";
import { mayJoin, undecidedGroupOf } from "./attempt-lifetime.ts";
import type { EngineContext } from "./context.ts";
import { slotOf } from "./ids.ts";

interface Watch {
  attemptId: string;
  sinceMs: number;
  isTimed: boolean;
}

/**
 * Notices exits that stand on a nonce and have not landed in time, so that a dearer copy follows.
 * Time is counted on the monotonic clock of this process: a wall clock that jumps must neither
 * hurry nor hold up an exit.
 */
export class StuckExits {
  readonly #context: EngineContext;
  readonly #signal: AbortSignal;
  readonly #wake: (orderId: string) => void;
  readonly #watches = new Map<string, Watch>();

  constructor(context: EngineContext, signal: AbortSignal, wake: (orderId: string) => void) {
    this.#context = context;
    this.#signal = signal;
    this.#wake = wake;
  }

  /** Whether a dearer copy of this order's newest attempt is due; asks again later when not. */
  isDue(order: OrderRow): boolean {
    if (order.side === "buy") return false;
    const { store, clock, settings } = this.#context;
    const group = undecidedGroupOf(store, slotOf(order));
    const newest = group?.at(-1);
    if (newest?.bound.kind !== "nonce") return false;
    const known = this.#watches.get(order.orderId);
    const isKnown = known?.attemptId === newest.attemptId;
    const watch = isKnown
      ? known
      : { attemptId: newest.attemptId, sinceMs: clock.monotonicMs(), isTimed: false };
    this.#watches.set(order.orderId, watch);
    const elapsedMs = clock.monotonicMs() - watch.sinceMs;
    if (elapsedMs >= settings.exitReplaceMs && mayJoin(store, order, group ?? [])) return true;
    const { exitReplaceMs } = settings;
    const leftMs = elapsedMs < exitReplaceMs ? exitReplaceMs - elapsedMs : exitReplaceMs;
    this.#time(order.orderId, watch, leftMs);
    return false;
  }

  forget(orderId: string): void {
    this.#watches.delete(orderId);
  }

  /** One timer per attempt; after it the order is looked at again, as often as it takes. */
  #time(orderId: string, watch: Watch, waitMs: number): void {
    if (watch.isTimed) return;
    watch.isTimed = true;
    const { clock, onFatal } = this.#context;
    clock.sleep(waitMs, this.#signal).then(() => {
      watch.isTimed = false;
      if (!this.#signal.aborted && this.#watches.get(orderId) === watch) this.#wake(orderId);
    }, onFatal);
  }
}
