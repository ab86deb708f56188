/**
 * What the signer is asked to sign, in terms that it checks against the bytes. Requests are tagged
 * with their algorithm so that other venues' keys (secp256k1, RSA-PSS, HMAC) can join. The wallet,
 * its two token accounts, both mints and every program must be static keys of the message.
 */
export type SwapIntent = {
  kind: "solanaSwap";
  side: "buy" | "sell";
  wallet: string;
  mint: string;
  tokenProgram: string;
  /** Base units of the input: lamports for a buy, token units for a sell. Exact. */
  quantityIn: string;
  /** Least base units of the output that the instruction may accept; at least 1. */
  quantityOutMin: string;
  /** 0 to 9999. */
  slippageBpsMax: number;
  /** Most lamports of network fee (signatures and priority fee). */
  feeLamportsMax: string;
  /** Contents of every lookup table that the message names, read from our own RPC nodes. */
  lookupTables: { address: string; addresses: string[] }[];
};

export type SignRequest = {
  alg: "ed25519";
  walletId: string;
  userId: number;
  /** Envelope-encrypted secret as stored in the vault. */
  wrapped: string;
  intent: SwapIntent;
  /** The unsigned transaction message, base64. */
  message: string;
};

export type SignAnswer =
  /** 64 bytes in base58. */
  { outcome: "signed"; signature: string } | { outcome: "refused"; reasons: string[] };

export type CreatedWallet = { address: string; wrapped: string; vaultSha256: string };

/** The only way to a signature; keys never enter this process. */
export interface Signer {
  /** @throws RAPTOR_SIGNER__GONE when the signer process ended: the launcher restarts all. */
  sign(request: SignRequest): Promise<SignAnswer>;
  createWallet(walletId: string, userId: number): Promise<CreatedWallet>;
}
