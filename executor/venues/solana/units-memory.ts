import { unitLimitOf } from "./priority-fee.ts";

/** Kinds of pools and labels of routes that are remembered; the oldest makes room. */
const REMEMBERED_MAX = 256;

/**
 * Compute units by kind of pool and side. The first trade of a kind is simulated; the most that any
 * simulation of it took is then the measure for the next, which needs no simulation any more.
 */
export class UnitsMemory {
  readonly #units = new Map<string, number>();

  /** The limit for the next trade, with its margin; undefined before the first one. */
  unitLimit(kind: string, side: "buy" | "sell"): number | undefined {
    const units = this.#units.get(`${kind}:${side}`);
    return units === undefined ? undefined : unitLimitOf(units);
  }

  note(kind: string, side: "buy" | "sell", simulatedUnits: number): void {
    const key = `${kind}:${side}`;
    const most = Math.max(this.#units.get(key) ?? 0, simulatedUnits);
    this.#units.delete(key);
    this.#units.set(key, most);
    const [oldest] = this.#units.keys();
    if (this.#units.size > REMEMBERED_MAX && oldest !== undefined) this.#units.delete(oldest);
  }

  /** A trade of this kind ran out of units: the next one is simulated anew. */
  forget(kind: string, side: "buy" | "sell"): void {
    this.#units.delete(`${kind}:${side}`);
  }
}
