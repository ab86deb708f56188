import { decodeBase58 } from "./base58.ts";

/** A Solana address: 32 bytes in base58, 32 to 44 characters. */
export type Pubkey = string & { readonly __brand: "Pubkey" };

export function isPubkey(text: string): text is Pubkey {
  return text.length >= 32 && text.length <= 44 && decodeBase58(text)?.length === 32;
}
