/** What a token cost from a slot on, until the next one of its list. */
export interface PastPrice {
  slot: number;
  /** Lamports per base unit, before any fee. */
  price: number;
  /** Base units in its pool; endless where no pool of a program holds any. */
  quantity: number;
}

/** Older ones than these no node and no stream tells. */
const KEPT = 600;

/** Everything that tokens really cost, for whoever judges what was made of it. */
export class PriceHistory {
  readonly #byMint = new Map<string, PastPrice[]>();
  slotNow: () => number = () => 0;

  note(mint: string, price: number, quantity: number): void {
    const known = this.#byMint.get(mint) ?? [];
    this.#byMint.set(mint, known);
    const last = known.at(-1);
    if (last?.price === price && last.quantity === quantity) return;
    known.push({ slot: this.slotNow(), price, quantity });
    if (known.length > KEPT) known.shift();
  }

  /** From a slot on, the one that held when it began included. */
  since(mint: string, slot: number): readonly PastPrice[] {
    const known = this.#byMint.get(mint) ?? [];
    const first = known.findIndex((one) => one.slot >= slot);
    if (first === -1) return known.slice(-1);
    return known.slice(Math.max(0, first - 1));
  }
}
