import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import { FINAL_ORDER_STATUSES } from "@raptor/shared/domain/order.ts";
import type { Store } from "../ports/store.ts";

/** Which positions are being sold, so that a crossed rule need not search the open orders. */
export class SellsUnderWay {
  readonly #store: Store;
  readonly #orderOf = new Map<string, string>();
  readonly #sells = new Map<string, { positionId: string; instrument: string }>();

  constructor(store: Store) {
    this.#store = store;
  }

  load(): void {
    for (const { orderId, side, positionId, instrument } of this.#store.openOrders()) {
      if (side === "sell" && positionId !== null) this.#note(orderId, positionId, instrument);
    }
  }

  isUnderWay(positionId: string): boolean {
    const orderId = this.#orderOf.get(positionId);
    if (orderId === undefined) return false;
    // The tables have the last word: a position must never wait for an order that has ended.
    const status = this.#store.order(orderId)?.status;
    return status !== undefined && !FINAL_ORDER_STATUSES.includes(status);
  }

  /** @returns the instrument of a sell that has just ended, or of which nothing is undecided now */
  follow(event: JournalEvent): string | undefined {
    switch (event.kind) {
      case "OrderInitialized": {
        const { orderId, side, positionId, instrument } = event.payload;
        if (side === "sell" && positionId !== null) this.#note(orderId, positionId, instrument);
        return undefined;
      }
      case "FillRecorded":
      case "OrderClosed":
        return this.#end(event.payload.orderId);
      case "AttemptDead":
      case "AttemptFailed":
      case "AttemptRejected": {
        const { attemptId } = event.payload;
        return this.#sells.get(attemptId.slice(0, attemptId.lastIndexOf(":")))?.instrument;
      }
      case "FillReversed": {
        const { attemptId } = event.payload;
        const order = this.#store.order(attemptId.slice(0, attemptId.lastIndexOf(":")));
        if (order?.side === "sell" && order.positionId !== null) {
          this.#note(order.orderId, order.positionId, order.instrument);
        }
        return undefined;
      }
      default:
        return undefined;
    }
  }

  #note(orderId: string, positionId: string, instrument: string): void {
    this.#orderOf.set(positionId, orderId);
    this.#sells.set(orderId, { positionId, instrument });
  }

  #end(orderId: string): string | undefined {
    const sell = this.#sells.get(orderId);
    this.#sells.delete(orderId);
    if (sell === undefined) return undefined;
    if (this.#orderOf.get(sell.positionId) === orderId) this.#orderOf.delete(sell.positionId);
    return sell.instrument;
  }
}
