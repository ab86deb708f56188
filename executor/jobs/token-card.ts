import { isRaptorError, sentenceOf, type RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { EngineSettings } from "../engine/settings.ts";
import type { PriceUpdate } from "../ports/market.ts";
import type { Reader } from "../ports/store.ts";
import type { InstrumentReport, Venue } from "../ports/venue.ts";
import type { TokenModel } from "../screens/token.ts";

/** What 0.5 SOL would bring back, bought and sold again at once. */
const ROUND_TRIP_LAMPORTS = 500_000_000n;

/** An executable round trip, or null when a leg has no route: a screen never fails for it. */
export async function fetchRoundTrip(
  { venue, settings }: { venue: Pick<Venue, "fetchRoute">; settings: EngineSettings },
  wallet: string,
  mint: string,
): Promise<{ inLamports: bigint; outLamports: bigint } | null> {
  const slippageBps = settings.buySlippageBps;
  try {
    const inLamports = ROUND_TRIP_LAMPORTS;
    const asked = { wallet, mint, slippageBps };
    const bought = await venue.fetchRoute({ ...asked, side: "buy", quantityIn: inLamports });
    const quantityIn = bought.quantityOut;
    const sold = await venue.fetchRoute({ ...asked, side: "sell", quantityIn });
    return { inLamports, outLamports: sold.quantityOut };
  } catch (error) {
    if (!isRaptorError(error)) throw error;
    return null;
  }
}

/** Whether asking again can help decides about the next step. */
export function tokenProblem(error: RaptorError): string[] {
  const { reason } = error.context;
  if (error.code === "RAPTOR_VENUE__NO_ROUTE" && typeof reason === "string") {
    const cause = `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
    return [
      "This cannot be traded here",
      cause,
      "Nothing was bought. Paste the address of a token (its mint) or a link to it.",
    ];
  }
  return [
    "This token cannot be shown right now",
    `Cause: ${sentenceOf(error)}`,
    "Nothing was bought. Paste it again in a moment.",
  ];
}

/** Why a buy would be refused now whatever the token; null when buys are open. */
export function closedFor(
  store: Reader,
  userId: number,
): { reason: string; canResume: boolean } | null {
  const { tradingState } = store.control();
  if (tradingState !== "active") {
    const reason = `Trading is ${tradingState} by the kill switch: buys are off, sells work.`;
    return { reason, canResume: false };
  }
  const user = store.user(userId);
  if (user === undefined) return null;
  if (user.panicId !== null) {
    return { reason: "Panic is selling everything: buys wait until it is done.", canResume: false };
  }
  if (user.paused)
    return { reason: "Your buys are paused; sells and exits work.", canResume: true };
  if (user.heldReason !== "") return { reason: user.heldReason, canResume: true };
  return null;
}

/** The feed's price while it is current, else the one that was just asked for, else the old one. */
export function shownPriceOf(
  { priceE9 }: Pick<InstrumentReport, "priceE9">,
  update: PriceUpdate | undefined,
  nowMs: number,
): Pick<TokenModel, "priceE9" | "priceMark"> {
  if (update !== undefined && (update.isStale !== true || priceE9 === null)) {
    const { source = "poll", isStale = false } = update;
    const ageMs = Math.round(nowMs - update.atMonotonicMs);
    return { priceE9: update.priceE9, priceMark: { source, ageMs, isStale } };
  }
  if (priceE9 === null) return { priceE9, priceMark: null };
  return { priceE9, priceMark: { source: "poll", ageMs: 0, isStale: false } };
}
