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
 * One wild tick fires nothing. Stops believe the higher of the last two slots' prices. Rises believe
 * the newest price at once, unless it is more than `wildBps` above the one before: then the lower
 * of the two. What only one slot has said is believed once `confirmMs` have passed without a word
 * against it; zero believes everything at once.
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
  const isWild = (priceE9 - previousE9) * BPS_ONE > previousE9 * BigInt(settings.wildBps);
  return { upE9: isWild ? previousE9 : priceE9, downE9: priceE9 };
}
