import type { PriceUpdate } from "../ports/market.ts";
import type { ArmedTrigger, TrailTrigger } from "./armed-trigger.ts";
import { BinaryHeap } from "./binary-heap.ts";
import { TrailMarks } from "./trail-marks.ts";

/** Who is asked names no slot: two answers that are nearer than this may be of the same one. */
const SLOT_MS = 400;
/** Dead triggers are swept out when there are more of them than of living ones, and this many. */
const SWEEP_MIN = 16;

/** What is armed on one instrument, and its last two prices. */
export class PriceBook {
  readonly instrument: string;
  readonly trails = new TrailMarks();
  /** Fire when the price rises to them. */
  readonly #above = new BinaryHeap<ArmedTrigger>((a, b) => a.priceE9 < b.priceE9);
  /** Fire when the price falls to them. */
  readonly #below = new BinaryHeap<ArmedTrigger>((a, b) => a.priceE9 > b.priceE9);
  #living = 0;
  #dead = 0;
  /** The first price of the newest slot. */
  #first: PriceUpdate | undefined;
  /** The newest price, and the last one of another slot before it. */
  latest: PriceUpdate | undefined;
  previousE9: bigint | undefined;
  /** Positions with a plan; one of time limits alone has nothing in the heaps. */
  planCount = 0;
  /** Set while a price waits to be confirmed by time. */
  isConfirming = false;
  /** Set while it waits to be looked at again. */
  isAwaited = false;

  constructor(instrument: string) {
    this.instrument = instrument;
  }

  addAbove(trigger: ArmedTrigger): void {
    this.#living += 1;
    this.#above.push(trigger);
  }

  addBelow(trigger: ArmedTrigger): void {
    this.#living += 1;
    this.#below.push(trigger);
  }

  /** Call after `isDead` was set on a trigger of `addAbove` or `addBelow`. */
  noteDead(): void {
    this.#living -= 1;
    this.#dead += 1;
    if (this.#dead < SWEEP_MIN || this.#dead < this.#living) return;
    this.#dead = 0;
    this.#above.keep((trigger) => !trigger.isDead);
    this.#below.keep((trigger) => !trigger.isDead);
  }

  /** Takes a price in; two prices of one slot count as one. */
  note(update: PriceUpdate): void {
    const { latest } = this;
    const first = this.#first;
    if (latest === undefined || first === undefined || isOtherSlot(update, latest, first)) {
      // Of a slot that is told by the time, its end may be the next one's beginning.
      this.previousE9 = (latest?.slot === undefined ? first : latest)?.priceE9;
      this.#first = update;
    } else if (update.priceE9 === latest.priceE9) {
      // Of the same slot it says nothing new, and what waits for the next one waits on.
      return;
    }
    this.latest = update;
  }

  /** Nothing would fire and no mark would move at this price: comparisons only, nothing is made. */
  isQuiet(priceE9: bigint): boolean {
    const above = topOf(this.#above);
    if (above !== undefined && priceE9 >= above.priceE9) return false;
    const below = topOf(this.#below);
    if (below !== undefined && priceE9 <= below.priceE9) return false;
    return this.trails.isQuiet(priceE9);
  }

  /**
   * What fires when rises count as `upE9` and falls as `downE9`: first what sells everything, then
   * the nearest rise. All of it stays armed until the position says otherwise.
   */
  crossed(upE9: bigint | undefined, downE9: bigint | undefined): ArmedTrigger[] {
    const found: ArmedTrigger[] = [];
    if (downE9 !== undefined) {
      collect(this.#below, (trigger) => downE9 <= trigger.priceE9, found);
      const trails: TrailTrigger[] = [];
      this.trails.collect(downE9, trails);
      found.push(...trails);
    }
    if (upE9 === undefined) return found;
    const rises: ArmedTrigger[] = [];
    collect(this.#above, (trigger) => upE9 >= trigger.priceE9, rises);
    rises.sort((a, b) => (a.priceE9 < b.priceE9 ? -1 : a.priceE9 > b.priceE9 ? 1 : 0));
    found.push(...rises);
    return found;
  }
}

function isOtherSlot(update: PriceUpdate, latest: PriceUpdate, first: PriceUpdate): boolean {
  if (update.slot !== undefined && latest.slot !== undefined) return update.slot !== latest.slot;
  return update.atMonotonicMs - first.atMonotonicMs >= SLOT_MS;
}

function topOf(heap: BinaryHeap<ArmedTrigger>): ArmedTrigger | undefined {
  let top = heap.peek();
  while (top?.isDead === true) {
    heap.pop();
    top = heap.peek();
  }
  return top;
}

function collect(
  heap: BinaryHeap<ArmedTrigger>,
  isCrossed: (trigger: ArmedTrigger) => boolean,
  into: ArmedTrigger[],
): void {
  heap.walk((trigger) => {
    if (!isCrossed(trigger)) return false;
    if (!trigger.isDead) into.push(trigger);
    return true;
  });
}
