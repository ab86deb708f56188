import type { SwapIntent } from "../ports/signer.ts";
import type { AccountKey } from "./account-key.ts";
import { deriveTokenAccount } from "./derive-address.ts";
import { parseKey, parseU64, unusable } from "./intent-fields.ts";
import { parseNonceIndex, nonceAccountOf } from "./nonce-account.ts";
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM, WSOL_MINT } from "./programs.ts";

/** Whatever is asked for: a validator that takes part in the theft would receive part of a tip. */
const TIP_LAMPORTS_CEILING = 100_000_000n;

/** An intent in the form that bytes are compared with. */
export interface SwapTerms {
  side: "buy" | "sell";
  wallet: AccountKey;
  /** The token bought or sold; the other leg is always wrapped SOL. */
  mint: AccountKey;
  tokenProgram: AccountKey;
  quantityIn: bigint;
  quantityOutMin: bigint;
  slippageBpsMax: number;
  feeLamportsMax: bigint;
  tipLamportsMax: bigint;
  /** The wallet's two token accounts that may take part. */
  wsolAccount: AccountKey;
  mintAccount: AccountKey;
  /** What `mintAccount` must hold at the end when the wallet's signature is handed on. */
  tokenQuantityMin: bigint;
  /** All token accounts of the wallet that exist, under both token programs. */
  walletTokenAccounts: ReadonlySet<AccountKey>;
  /** The wallet's nonce account that the message begins with, and the value it stands on. */
  nonce: { account: AccountKey; value: AccountKey } | undefined;
}

/** @throws RAPTOR_WIRE__INVALID when the intent itself makes no sense. */
export function parseSwapTerms(intent: SwapIntent): SwapTerms {
  const wallet = parseKey("wallet", intent.wallet);
  const mint = parseKey("mint", intent.mint);
  const tokenProgram = parseKey("tokenProgram", intent.tokenProgram);
  if (mint === WSOL_MINT) throw unusable("a mint other than wrapped SOL");
  if (tokenProgram !== TOKEN_PROGRAM && tokenProgram !== TOKEN_2022_PROGRAM) {
    throw unusable("tokenProgram to be one of the two token programs");
  }
  const slippageBpsMax = intent.slippageBpsMax;
  if (!Number.isInteger(slippageBpsMax) || slippageBpsMax < 0 || slippageBpsMax > 9_999) {
    throw unusable("slippageBpsMax from 0 to 9999");
  }
  return {
    side: intent.side,
    wallet,
    mint,
    tokenProgram,
    quantityIn: parseU64("quantityIn", intent.quantityIn, 1n),
    // A minimum of zero would let any price pass.
    quantityOutMin: parseU64("quantityOutMin", intent.quantityOutMin, 1n),
    slippageBpsMax,
    feeLamportsMax: parseU64("feeLamportsMax", intent.feeLamportsMax, 0n),
    tipLamportsMax: parseTip(intent.tipLamportsMax),
    wsolAccount: deriveTokenAccount(wallet, WSOL_MINT, TOKEN_PROGRAM),
    mintAccount: deriveTokenAccount(wallet, mint, tokenProgram),
    tokenQuantityMin: parseU64("tokenQuantityMin", intent.tokenQuantityMin, 0n),
    walletTokenAccounts: new Set(
      intent.walletTokenAccounts.map((text) => parseKey("walletTokenAccounts", text)),
    ),
    nonce: parseNonceUse(wallet, intent.nonce),
  };
}

function parseTip(text: string): bigint {
  const lamports = parseU64("tipLamportsMax", text, 0n);
  if (lamports > TIP_LAMPORTS_CEILING) throw unusable(`tips of at most ${TIP_LAMPORTS_CEILING}`);
  return lamports;
}

function parseNonceUse(wallet: AccountKey, nonce: SwapIntent["nonce"]): SwapTerms["nonce"] {
  if (nonce === null) return undefined;
  const account = nonceAccountOf(wallet, parseNonceIndex(nonce.index));
  return { account, value: parseKey("nonce value", nonce.value) };
}
