import type { Prng } from "@raptor/shared/seams/chance.ts";

/** Shares of the first price: through stops, through take-profits, and back. */
const LEVELS: readonly number[] = [0.4, 0.6, 1, 1.1, 2.6];
/** Below all of them, so that a stop armed at any of them is met. */
const LOWEST = 0.2;
/** Decimal places of a factor that the market reads. */
const FACTOR_DIGITS = 9;

/**
 * Keeps the prices of a storm near where they began. Factor upon factor they would wander off in a
 * few hundred kills, to where no order is accepted any more and nothing is proven.
 */
export class PriceLevels {
  readonly #set: (mint: string, factor: number) => Promise<void>;
  readonly #levels = new Map<string, number>();

  constructor(set: (mint: string, factor: number) => Promise<void>) {
    this.#set = set;
  }

  /** All of them to one level. */
  async move(mints: readonly string[], prng: Prng): Promise<void> {
    const level = LEVELS[prng.nextInt(LEVELS.length)] ?? 1;
    await this.#moveAll(mints, level);
  }

  /** Through every stop that was armed anywhere above. */
  async fall(mints: readonly string[]): Promise<void> {
    await this.#moveAll(mints, LOWEST);
  }

  /** Away from where it is while `then` runs, and back. */
  async during(mint: string, factor: number, then: () => Promise<void>): Promise<void> {
    const level = this.#levels.get(mint) ?? 1;
    await this.#moveTo(mint, level * factor);
    await then();
    await this.#moveTo(mint, level);
  }

  async #moveAll(mints: readonly string[], level: number): Promise<void> {
    await Promise.all(mints.map((mint) => this.#moveTo(mint, level)));
  }

  async #moveTo(mint: string, level: number): Promise<void> {
    const factor = level / (this.#levels.get(mint) ?? 1);
    this.#levels.set(mint, level);
    await this.#set(mint, Number(factor.toFixed(FACTOR_DIGITS)));
  }
}
