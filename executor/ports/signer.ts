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
  /** Most lamports of all tips to landing services together; "0": the message tips nobody. */
  tipLamportsMax: string;
  /** Contents of every lookup table that the message names, read from our own RPC nodes. */
  lookupTables: { address: string; addresses: string[] }[];
  /**
   * Every token account of the wallet that exists, under both token programs, as our own RPC nodes
   * see it, at most `WALLET_TOKEN_ACCOUNTS_MAX`. Of these the swap may name only the two that take
   * part. May stay empty when the route hands no signature on: nobody could debit them then.
   */
  walletTokenAccounts: string[];
  /**
   * Least base units that the wallet's account of `mint` must hold after the swap. Only looked at
   * when the route hands the wallet's signature on; the message must then guard it.
   */
  tokenQuantityMin: string;
  /**
   * Set when the message lives by a durable nonce: it must then begin by advancing the wallet's own
   * nonce account of this index and stand on exactly this value. Null: it must not touch a nonce.
   */
  nonce: { index: number; value: string } | null;
};

/** Sets up nonce accounts of the wallet: its own addresses, its own authority, the exact rent. */
export type CreateNoncesIntent = {
  kind: "solanaCreateNonces";
  wallet: string;
  /**
   * Each index once, at most `NONCES_PER_MESSAGE_MAX`. `heldLamports` is what somebody sent to the
   * address before: such a place cannot be created any more, only topped up and allocated.
   */
  accounts: { index: number; heldLamports: string }[];
  feeLamportsMax: string;
};

/** Closes one nonce account of the wallet; all it holds goes to that wallet. */
export type ReclaimNonceIntent = {
  kind: "solanaReclaimNonce";
  wallet: string;
  index: number;
  /** What the account holds; exact, since less would leave a remainder that closes nothing. */
  lamports: string;
  feeLamportsMax: string;
};

/**
 * Uses one value of one nonce account of the wallet up and does nothing else, so that whatever
 * stands on that value can never happen.
 */
export type VoidNonceIntent = {
  kind: "solanaVoidNonce";
  wallet: string;
  index: number;
  value: string;
  feeLamportsMax: string;
};

export type SignIntent = SwapIntent | CreateNoncesIntent | ReclaimNonceIntent | VoidNonceIntent;

/** So many creations fit into one packet. */
export const NONCES_PER_MESSAGE_MAX = 4;

/** So many addresses still fit into one request; a wallet with more gets no handed-on signature. */
export const WALLET_TOKEN_ACCOUNTS_MAX = 2_000;

export type SignRequest = {
  alg: "ed25519";
  walletId: string;
  userId: number;
  /** Envelope-encrypted secret as stored in the vault. */
  wrapped: string;
  intent: SignIntent;
  /** The unsigned transaction message, base64. */
  message: string;
  /** Absent where no lease limits the executor. */
  turn?: SigningTurn;
};

/** For how long, and as which epoch, the executor may ask for this signature. */
export type SigningTurn = {
  epoch: number;
  /** Wall time of this machine; null where a nonce limits the effect instead. */
  notAfterMs: number | null;
};

export type SignAnswer =
  /** 64 bytes in base58. */
  | { outcome: "signed"; signature: string }
  /** `isTurnOver`: nothing is wrong with the bytes, but their turn has ended; ask again later. */
  | { outcome: "refused"; reasons: string[]; isTurnOver?: true };

export type CreatedWallet = { address: string; wrapped: string; vaultSha256: string };

/** A wallet as the journal and the vault hold it. */
export type KnownWallet = { walletId: string; userId: number; address: string; wrapped: string };

export type WalletCheck = {
  /** Its key opens under the master keys, and is the one of its address. */
  opens: boolean;
  /** It was wrapped by the key that wraps new wallets. */
  isCurrent: boolean;
};

/** The only way to a signature; keys never enter this process. */
export interface Signer {
  /**
   * @throws RAPTOR_SIGNER__GONE when the signer process ended: the launcher restarts all.
   * @throws RAPTOR_LEASE__IN_DOUBT and __FENCED when it is not our turn: nothing was looked at.
   */
  sign(request: SignRequest): Promise<SignAnswer>;
  createWallet(walletId: string, userId: number): Promise<CreatedWallet>;
  checkWallet(wallet: KnownWallet): Promise<WalletCheck>;
}
