import type { AttemptRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import type { EngineContext } from "./context.ts";
import { openSiblingsOf, rivalFillOf } from "./group-end.ts";

/** Most sells are decided within seconds; one that is not for so long is shouted about. */
const ALERTS_MS: readonly number[] = [30_000, 120_000];

/**
 * Tells the person and the operators, once per step, of a sell that has left and stays undecided:
 * nodes that contradict each other, or none that knows it. `ExitAlarm` tells of those that fail.
 */
export class UndecidedExits {
  readonly #context: EngineContext;
  /** When this process first looked at an undecided attempt of each order; over all of them. */
  readonly #sinceMs = new Map<string, number>();

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /**
   * With every look at an attempt that has not come to its end. `heldBy`: why the venue has not let
   * it out, of one that certainly has not left; another copy of the same sell may have.
   */
  async look(attempt: AttemptRow, order: OrderRow, heldBy: string | undefined): Promise<void> {
    const { store, clock, notices, metrics, log } = this.#context;
    // Where another copy is booked, this one only waits for that to be final.
    if (order.side === "buy" || rivalFillOf(store, attempt) !== undefined) return;
    const { attemptId, state, cause } = attempt;
    const hasOthers = openSiblingsOf(store, attempt).length > 0;
    const held = hasOthers ? undefined : heldBy;
    const { orderId, symbol, userId } = order;
    const nowMs = clock.monotonicMs();
    const sinceMs = this.#sinceMs.get(orderId) ?? nowMs;
    this.#sinceMs.set(orderId, sinceMs);
    const elapsedMs = nowMs - sinceMs;
    const passedMs = ALERTS_MS.filter((limitMs) => elapsedMs >= limitMs).at(-1);
    if (passedMs === undefined) return;
    const kind = held === undefined ? "undecided" : "held";
    const key = `${kind}:${orderId}:${passedMs}`;
    if (store.outbox(key) !== undefined) return;
    const seconds = Math.round(elapsedMs / 1_000);
    const lines =
      held === undefined
        ? undecidedLines(symbol, seconds, attempt)
        : [
            `Selling ${symbol} is held back since ${seconds} s: nothing has left.`,
            `Cause: ${held}.`,
            "You still hold the tokens. The same signed transaction is offered again every few " +
              "seconds and goes out as soon as a way takes it.",
          ];
    await store.transact((tx) => notices.alert(tx, userId, key, lines));
    const why = held ?? cause;
    log.error({ orderId, attemptId, elapsedMs, state, cause: why }, `an exit stays ${kind}`);
    metrics.count("alerts_total", { kind: `${kind}-exit` });
    const word = held === undefined ? "is not decided after" : "has not left after";
    this.#context.shout(`Exit ${orderId} of ${symbol} ${word} ${seconds} s`);
  }

  /** Once an order is final; until then its attempts follow one another. */
  forget(orderId: string): void {
    this.#sinceMs.delete(orderId);
  }
}

function undecidedLines(
  symbol: string,
  seconds: number,
  { state, cause }: Pick<AttemptRow, "state" | "cause">,
): string[] {
  const seen =
    state === "accepted"
      ? "a node has seen it, and the nodes do not agree on how it ended."
      : `no node says how it ended${cause === null ? "" : `: ${cause}`}.`;
  return [
    `Selling ${symbol} is not decided after ${seconds} s.`,
    `Cause: ${seen}`,
    "The tokens may be sold or still be yours. It is asked about until that is known, and " +
      "nothing is sent before that could sell them twice.",
  ];
}
