import type { PriceFeed, PriceUpdate } from "../ports/market.ts";
import type { EngineContext } from "./context.ts";
import type { PriceBook } from "./price-book.ts";
import { isWild, NEXT_SLOT_MS_MAX } from "./tick-filter.ts";

type Timed = Pick<EngineContext, "clock" | "settings">;
type Feed = Pick<PriceFeed, "latest" | "hasPassed">;

/** How often it is asked whether a block after a wild price is whole. */
const LOOK_MS = 50;
/** So many times as long as it was to be; a busy machine takes a little longer as a rule. */
const STOOD_STILL = 2;

/** The feed's price where it is of now: the feed knows whether silence means no change. */
export function freshPrice(
  { clock, settings }: Timed,
  feed: Pick<PriceFeed, "latest">,
  instrument: string,
): PriceUpdate | undefined {
  const known = feed.latest(instrument);
  if (known === undefined || known.isStale === true) return undefined;
  const ageMs = clock.monotonicMs() - known.atMonotonicMs;
  return ageMs > settings.priceStaleMs ? undefined : known;
}

/**
 * Without a word against it for a while, what one slot has said counts as two: a pool in which
 * nobody trades any more tells no second price. Time has confirmed nothing where this process stood
 * still, or nobody tells of the price any more.
 */
export async function confirmByTime(
  context: Timed,
  feed: Feed,
  book: PriceBook,
  signal: AbortSignal,
): Promise<void> {
  const seen = book.latest;
  book.isConfirming = true;
  await waitForWords(context, feed, book, seen, signal);
  book.isConfirming = false;
  if (seen === undefined || book.latest !== seen) return;
  if (freshPrice(context, feed, book.instrument) !== undefined) book.previousE9 = seen.priceE9;
}

/** A wild price waits until a block after its slot is whole: that one may take it back. */
async function waitForWords(
  { clock, settings }: Timed,
  feed: Feed,
  book: PriceBook,
  seen: PriceUpdate | undefined,
  signal: AbortSignal,
): Promise<void> {
  const sinceMs = clock.monotonicMs();
  await clock.sleep(settings.tickConfirmMs, signal);
  // This process stood still: the word against it may wait in a connection, and timers come first.
  const hasStood = clock.monotonicMs() - sinceMs >= STOOD_STILL * settings.tickConfirmMs;
  if (hasStood) await clock.sleep(settings.tickConfirmMs, signal);
  if (seen === undefined || !isWild(seen.priceE9, book.previousE9, settings.tickWildBps)) return;
  for (let ms = 0; ms < NEXT_SLOT_MS_MAX && book.latest === seen; ms += LOOK_MS) {
    if (signal.aborted) return;
    if (seen.slot !== undefined && feed.hasPassed(seen.instrument, seen.slot)) return;
    await clock.sleep(LOOK_MS, signal);
  }
}
