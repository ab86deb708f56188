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

  /**
   * With every look at an attempt that has not come to its end. `held`: why the venue has not let it
   * out, of one that certainly has not left.
   */
  async look(attempt: AttemptRow, order: OrderRow, held: string | undefined): Promise<void> {
    if (order.side === "buy") return;
    const { store, clock, notices, metrics, log } = this.#context;
    const { attemptId, state, cause } = attempt;
    const { orderId, symbol, userId } = order;
    const nowMs = clock.monotonicMs();
    const sinceMs = this.#sinceMs.get(attemptId) ?? nowMs;
    this.#sinceMs.set(attemptId, sinceMs);
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

  forget(attemptId: string): void {
    this.#sinceMs.delete(attemptId);
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
