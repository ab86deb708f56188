import { isPubkey, type Pubkey } from "@raptor/shared/values/pubkey.ts";

/**
 * What tokens are quoted in. A swap link names the pair, so these count only when a text holds no
 * other address.
 */
const QUOTE_MINTS: ReadonlySet<string> = new Set([
  "So11111111111111111111111111111111111111112",
  "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGkZwyTDt1v",
  "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB",
]);

/** Longest text that is searched: Telegram's message limit plus a hundred hidden links. */
const TEXT_CHARS_MAX = 16_384;

/**
 * The first Solana address in a text: bare, or inside a link to any explorer or trading page.
 * Links are only read, never opened; where one names a pool instead of a token (DexScreener,
 * Photon) the executor finds out and says so.
 */
export function findMint(text: string): Pubkey | undefined {
  let quote: Pubkey | undefined;
  for (const [word] of text.slice(0, TEXT_CHARS_MAX).matchAll(/[0-9A-Za-z]{32,}/g)) {
    if (!isPubkey(word)) continue;
    if (!QUOTE_MINTS.has(word)) return word;
    quote ??= word;
  }
  return quote;
}
