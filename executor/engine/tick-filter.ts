import { BPS_ONE } from "@raptor/shared/values/money.ts";
import type { PriceUpdate } from "../ports/market.ts";

/** The prices that rules may believe; undefined: nothing of this kind fires yet. */
export interface BelievedPrices {
  /** For take profits and for highest prices. */
  upE9: bigint | undefined;
  /** For stops. */
  downE9: bigint | undefined;
}

/**
 * The next slot may be late: a leader that misses its four slots, and half a second on the way.
 * Without a word of a later block a wild price waits so much longer than any other.
 */
export const NEXT_SLOT_MS_MAX = 2_000;

/**
 * One wild tick fires nothing. Stops believe the higher of the last two slots' prices. Rises believe
 * the newest price at once, unless it is more than `wildBps` above the one before: then the lower
 * of the two. What only one slot has said is believed once `confirmMs` have passed without a word
 * against it; zero believes everything at once. What is wild by then wants more than time
 * (`isWild`): a block after its slot, which would have told the correction.
 */
export function believedPrices(
  latest: PriceUpdate,
  previousE9: bigint | undefined,
  settings: { wildBps: number; confirmMs: number },
): BelievedPrices {
  const { priceE9 } = latest;
  if (settings.confirmMs === 0) return { upE9: priceE9, downE9: priceE9 };
  if (previousE9 === undefined) return { upE9: undefined, downE9: undefined };
  if (priceE9 <= previousE9) return { upE9: priceE9, downE9: previousE9 };
  const isWildRise = isWild(priceE9, previousE9, settings.wildBps);
  return { upE9: isWildRise ? previousE9 : priceE9, downE9: priceE9 };
}

/** Whether a value is further from the one before, up or down, than a slot moves it as a rule. */
export function isWild(value: bigint, previous: bigint | undefined, wildBps: number): boolean {
  if (previous === undefined) return false;
  const moved = value > previous ? value - previous : previous - value;
  return moved * BPS_ONE > previous * BigInt(wildBps);
}
