import type { OrderRow } from "@raptor/shared/domain/rows.ts";
import { formatDecimal } from "@raptor/shared/values/decimal.ts";
import { SOL_DECIMALS } from "@raptor/shared/values/money.ts";
import type { Tx } from "../ports/store.ts";
import type { EngineContext } from "./context.ts";
import type { FeeOverrun } from "./exit-fees.ts";
import { heldKeyOf } from "./small-sells.ts";
import { slotOf } from "./ids.ts";
import { isJournalTrouble, reportJournalTrouble } from "./journal-trouble.ts";

/** An exit that fails for this long is shouted about; it goes on regardless. */
const STUCK_ALERTS_MS: readonly number[] = [5_000, 30_000, 120_000];

/** Tells the person and the operators, once per step, that an exit does not get through. */
export class ExitAlarm {
  readonly #context: EngineContext;
  /** When each order first failed; it lasts until the order ends, over all of its attempts. */
  readonly #failingSinceMs = new Map<string, number>();

  constructor(context: EngineContext) {
    this.#context = context;
  }

  async check(order: OrderRow, cause: string): Promise<void> {
    const { store, notices, clock, metrics, log } = this.#context;
    const sinceMs = this.#failingSinceMs.get(order.orderId) ?? clock.monotonicMs();
    this.#failingSinceMs.set(order.orderId, sinceMs);
    const elapsedMs = clock.monotonicMs() - sinceMs;
    const passedMs = STUCK_ALERTS_MS.filter((limitMs) => elapsedMs >= limitMs).at(-1);
    if (passedMs === undefined) return;
    const key = `stuck:${order.orderId}:${passedMs}`;
    if (store.outbox(key) !== undefined) return;
    const seconds = Math.round(elapsedMs / 1000);
    const isRecorded = await this.#record((tx) =>
      notices.alert(tx, order.userId, key, [
        `Selling ${order.symbol} does not get through (${seconds} s).`,
        `Cause: ${cause}`,
        store.unresolvedInSlot(slotOf(order)) === undefined
          ? "You still hold the tokens. It goes on trying; nothing is sold twice."
          : "A transaction of it has left and is not decided: the tokens may be sold or still be " +
            "yours. It goes on; nothing is sold twice.",
      ]),
    );
    if (!isRecorded) return;
    log.error({ orderId: order.orderId, elapsedMs, cause }, "an exit is stuck");
    metrics.count("alerts_total", { kind: "stuck-exit" });
    this.#context.shout(`Exit ${order.orderId} is stuck for ${seconds} s. ${cause}`);
  }

  /** Once per order: its tries cost more than they may, and go on slowly. */
  async tellOverrun(order: OrderRow, overrun: FeeOverrun): Promise<void> {
    const { store, notices, metrics, log } = this.#context;
    const { orderId, symbol, userId } = order;
    const key = `fees:${orderId}`;
    if (store.outbox(key) !== undefined) return;
    const spent = formatDecimal(overrun.spentLamports, SOL_DECIMALS);
    const budget = formatDecimal(overrun.budgetLamports, SOL_DECIMALS);
    const isRecorded = await this.#record((tx) =>
      notices.alert(tx, userId, key, [
        `Selling ${symbol} reverts again and again.`,
        `It has cost ${spent} SOL in fees, more than its budget of ${budget} SOL.`,
        "You still hold the tokens. It goes on, now with one try every 10 minutes.",
      ]),
    );
    if (!isRecorded) return;
    log.error({ orderId, spent, budget }, "an exit has burnt its fee budget");
    metrics.count("alerts_total", { kind: "exit-fees" });
    this.#context.shout(`Exit ${orderId} of ${symbol} has burnt ${spent} SOL in reverted tries`);
  }

  /** Once per order: it brings less than it costs, so nothing is sent until it brings more. */
  async tellSmall({ orderId, symbol, userId }: OrderRow, cause: string): Promise<void> {
    const { store, notices, metrics, log } = this.#context;
    const key = heldKeyOf(orderId);
    if (store.outbox(key) !== undefined) return;
    const isRecorded = await this.#record((tx) =>
      notices.alert(tx, userId, key, [
        `Selling ${symbol} is held back: it is too small to sell.`,
        cause,
        "Nothing is sent and no fee is paid. You still hold the tokens: they are looked at every " +
          "10 minutes and sold as soon as they bring more. Panic and a larger sell go first.",
      ]),
    );
    if (!isRecorded) return;
    log.error({ orderId, cause }, "an exit is stuck: it brings less than it costs");
    metrics.count("alerts_total", { kind: "small-exit" });
    this.#context.shout(`Exit ${orderId} of ${symbol} is held back. ${cause}`);
  }

  /** An alert that cannot be recorded now must not end the drive of an exit. */
  async #record(write: (tx: Tx) => void): Promise<boolean> {
    try {
      await this.#context.store.transact(write);
      return true;
    } catch (error) {
      if (!isJournalTrouble(error)) throw error;
      reportJournalTrouble(this.#context, error);
      return false;
    }
  }

  forget(orderId: string): void {
    this.#failingSinceMs.delete(orderId);
  }
}
