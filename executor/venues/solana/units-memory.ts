import { unitLimitOf } from "./priority-fee.ts";

/** Kinds of pools and labels of routes that are remembered; the oldest makes room. */
const REMEMBERED_MAX = 256;
/** Six times the usual: more than that is not a question of units any more. */
const HALVES_MAX = 10;

/**
 * Compute units by kind of pool and side. The first trade of a kind is simulated; the most that any
 * simulation of it took is then the measure for the next, which needs no simulation any more.
 */
export class UnitsMemory {
  readonly #units = new Map<string, number>();

  /**
   * The limit for try number `n` of a trade, with its margin; undefined before the first trade of a
   * kind. A pool may need more than the others of its kind, and nothing else would tell: so each
   * further try gets half as much again.
   */
  unitLimit(kind: string, side: "buy" | "sell", n = 1): number | undefined {
    const units = this.#units.get(`${kind}:${side}`);
    if (units === undefined) return undefined;
    const halves = Math.min(Math.max(n - 1, 0), HALVES_MAX);
    return unitLimitOf(Math.ceil((units * (2 + halves)) / 2));
  }

  note(kind: string, side: "buy" | "sell", simulatedUnits: number): void {
    const key = `${kind}:${side}`;
    const most = Math.max(this.#units.get(key) ?? 0, simulatedUnits);
    this.#units.delete(key);
    this.#units.set(key, most);
    const [oldest] = this.#units.keys();
    if (this.#units.size > REMEMBERED_MAX && oldest !== undefined) this.#units.delete(oldest);
  }
}
