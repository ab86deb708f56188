import type { AttemptRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import type { EngineContext } from "./context.ts";

/** Most sells are decided within seconds; one that is not for so long is shouted about. */
const ALERTS_MS: readonly number[] = [30_000, 120_000];

/**
 * Tells the person and the operators, once per step, of a sell that has left and stays undecided:
 * nodes that contradict each other, or none that knows it. `ExitAlarm` tells of those that fail.
 */
export class UndecidedExits {
  readonly #context: EngineContext;
  /** When this process first looked at each attempt. */
  readonly #sinceMs = new Map<string, number>();

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** With every look at an attempt that has not come to its end. */
  async look({ attemptId, state, cause }: AttemptRow, order: OrderRow): Promise<void> {
    if (order.side === "buy") return;
    const { store, clock, notices, metrics, log } = this.#context;
    const { orderId, symbol, userId } = order;
    const nowMs = clock.monotonicMs();
    const sinceMs = this.#sinceMs.get(attemptId) ?? nowMs;
    this.#sinceMs.set(attemptId, sinceMs);
    const elapsedMs = nowMs - sinceMs;
    const passedMs = ALERTS_MS.filter((limitMs) => elapsedMs >= limitMs).at(-1);
    if (passedMs === undefined) return;
    const key = `undecided:${orderId}:${passedMs}`;
    if (store.outbox(key) !== undefined) return;
    const seconds = Math.round(elapsedMs / 1_000);
    const seen =
      state === "accepted"
        ? "a node has seen it, and the nodes do not agree on how it ended."
        : `no node says how it ended${cause === null ? "" : `: ${cause}`}.`;
    await store.transact((tx) =>
      notices.alert(tx, userId, key, [
        `Selling ${symbol} is not decided after ${seconds} s.`,
        `Cause: ${seen}`,
        "The tokens may be sold or still be yours. It is asked about until that is known, and " +
          "nothing is sent before that could sell them twice.",
      ]),
    );
    log.error({ orderId, attemptId, elapsedMs, state, cause }, "an exit stays undecided");
    metrics.count("alerts_total", { kind: "undecided-exit" });
    this.#context.shout(`Exit ${orderId} of ${symbol} is not decided after ${seconds} s`);
  }

  forget(attemptId: string): void {
    this.#sinceMs.delete(attemptId);
  }
}
