import type { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { PoolPrice, PoolPrices, PriceUpdate } from "../ports/market.ts";
import { createPriceFeed } from "./price-feed.ts";

export const SOL = "So11111111111111111111111111111111111111112";
export const MINT = "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN";
export const INSTRUMENT = `${MINT}.SOLANA`;
export const E30 = 10n ** 30n;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Every sleep ends only by `step`, which is one round of the feed. */
class StepClock implements Clock {
  ms = 1_000;
  #wakes: { ms: number; wake: () => void }[] = [];

  nowMs(): number {
    return this.ms;
  }

  monotonicMs(): number {
    return this.ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      this.#wakes.push({ ms, wake: resolve });
      signal?.addEventListener("abort", () => resolve());
    });
  }

  defer(task: () => void): void {
    queueMicrotask(task);
  }

  async step(): Promise<void> {
    const wakes = this.#wakes.splice(0);
    this.ms += Math.max(0, ...wakes.map(({ ms }) => ms));
    for (const { wake } of wakes) wake();
    await settle();
  }
}

export async function settle(): Promise<void> {
  for (let n = 0; n < 50; n++) await Promise.resolve();
}

/** Pools of which a test says what they show and whether they can be trusted. */
class FakePools implements PoolPrices {
  readonly tracked: string[] = [];
  isLive = false;
  /** Of which slot its streams tell that it is whole. */
  wholeSlot = 0;
  last: PoolPrice | undefined;
  #listener: (price: PoolPrice) => void = () => undefined;

  track(mint: string): void {
    this.tracked.push(mint);
  }
  untrack(mint: string): void {
    this.tracked.splice(this.tracked.indexOf(mint), 1);
  }
  isFresh(): boolean {
    return this.isLive;
  }
  hasPassed(mint: string, slot: number): boolean {
    return mint === MINT && this.wholeSlot > slot;
  }
  priceOf(): PoolPrice | undefined {
    return this.last;
  }
  onPrice(listener: (price: PoolPrice) => void): void {
    this.#listener = listener;
  }
  tell(priceE9: bigint, slot: number): void {
    this.last = { instrument: INSTRUMENT, priceE9, slot, atMonotonicMs: 1_000 };
    this.#listener(this.last);
  }
}

/** A feed over a source and pools that do what a test says. */
export function createWorld() {
  const pools = new FakePools();
  const clock = new StepClock();
  const asked: string[][] = [];
  const lines: string[] = [];
  const state = {
    prices: new Map([
      [SOL, 150n * E30],
      [MINT, 3n * E30],
    ]),
    error: undefined as RaptorError | undefined,
    waitMs: 0,
    tookMs: 0,
    /** Answers of the next questions, before `prices` again. */
    script: [] as bigint[],
  };
  const feed = createPriceFeed({
    source: {
      batchMax: 50,
      async fetchUsdPricesE30(mints) {
        asked.push([...mints]);
        clock.ms += state.tookMs;
        if (state.error !== undefined) throw state.error;
        const next = state.script.shift();
        return next === undefined ? state.prices : new Map(state.prices).set(MINT, next);
      },
      waitMs: () => state.waitMs,
    },
    pools,
    clock,
    log: { ...silent, error: (_, line) => lines.push(line) },
    settings: { pollMs: 1_000, staleMs: 5_000, jumpBpsMax: 5_000 },
  });
  const seen: PriceUpdate[] = [];
  feed.onUpdate((update) => seen.push(update));
  return { lines, clock, asked, state, feed, seen, pools };
}
