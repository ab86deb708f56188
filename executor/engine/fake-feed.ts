import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { PriceFeed, PriceUpdate } from "../ports/market.ts";

/** Prices that a test emits; counts watchers as the real feed does. */
export class FakeFeed implements PriceFeed {
  /** What each instrument's first price is to be compared with. */
  readonly references = new Map<string, bigint | undefined>();
  /** Of which slot a test lets streams tell that it is whole. */
  wholeSlot = 0;
  readonly watching = new Map<string, number>();
  readonly #listeners: ((update: PriceUpdate) => void)[] = [];
  readonly #latest = new Map<string, PriceUpdate>();
  readonly #clock: Pick<Clock, "monotonicMs">;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  watch(instrument: string, referencePriceE9?: bigint): void {
    this.references.set(instrument, referencePriceE9);
    this.watching.set(instrument, (this.watching.get(instrument) ?? 0) + 1);
  }
  unwatch(instrument: string): void {
    this.watching.set(instrument, (this.watching.get(instrument) ?? 0) - 1);
  }
  latest(instrument: string): PriceUpdate | undefined {
    return this.#latest.get(instrument);
  }
  hasPassed(_instrument: string, slot: number): boolean {
    return this.wholeSlot > slot;
  }
  onUpdate(listener: (update: PriceUpdate) => void): void {
    this.#listeners.push(listener);
  }
  emit(
    priceE9: bigint,
    instrument: string,
    more: Pick<PriceUpdate, "slot" | "isStale" | "source"> = {},
  ): void {
    const update = { instrument, priceE9, atMonotonicMs: this.#clock.monotonicMs(), ...more };
    this.#latest.set(instrument, update);
    for (const listener of this.#listeners) listener(update);
  }
  health(): { name: string; ok: boolean; detail: string } {
    return { name: "prices", ok: true, detail: "" };
  }
  start(): void {}
  stop(): void {}
}
