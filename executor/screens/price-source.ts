/** A price whose stream lives is as old as the look at it; what is older, no stream vouches for. */
const LIVE_MS_MAX = 1_000;

export interface PriceOrigin {
  source: "pool" | "poll" | null;
  ageMs: number;
  isStale: boolean;
}

/** Whether its pool's stream vouches for a price right now. */
export function isLivePrice({ source, ageMs, isStale }: PriceOrigin): boolean {
  return source === "pool" && !isStale && ageMs < LIVE_MS_MAX;
}
