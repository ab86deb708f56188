/** Fills that are not settled yet are few; this bounds what a long outage may collect. */
const FLOORS_MAX = 10_000;

/**
 * From which slot on a node's finalized chain can tell whether a booked fill stayed: none that ends
 * earlier has come to it. The fill was seen before settlement is first asked for, so the highest
 * slot that all nodes know of at that moment lies behind it.
 */
export class SettlementFloors {
  readonly #slots = new Map<string, number>();

  /** The floor of this fill; the first call sets it. */
  note(signature: string, newestSlot: number): number {
    const known = this.#slots.get(signature);
    if (known !== undefined) return known;
    if (this.#slots.size >= FLOORS_MAX) this.#slots.clear();
    this.#slots.set(signature, newestSlot);
    return newestSlot;
  }

  /** Decided: if it is ever booked again, that is another matter. */
  forget(signature: string): void {
    this.#slots.delete(signature);
  }
}
