import type { PublicKey } from "@solana/web3.js";
import { generateKeypair } from "../../models/market-tokens.ts";
import type { MarketToken } from "../../models/market.ts";
import type { Desk } from "./desk.ts";
import { associatedAccount, type SwapAnswer } from "./swap-answer.ts";

/** Who profits from every malicious answer of this world. */
export function strangerOf(desk: Desk): PublicKey {
  return generateKeypair(desk.market.seed, "stranger").publicKey;
}

/** His account of `mint`, the token itself or its other side; it exists from now on. */
export function strangersAccount(desk: Desk, mint: string, token: MarketToken): PublicKey {
  const stranger = strangerOf(desk);
  desk.chain.createTokenAccount(stranger.toBase58(), mint);
  return associatedAccount(stranger, mint, token);
}

/** The taker's account of the token, on whichever side of the swap it is. */
export function tokenAccountOf(answer: SwapAnswer): PublicKey {
  return answer.quote.side === "buy" ? answer.destination : answer.source;
}
