import { isPubkey } from "@raptor/shared/values/pubkey.ts";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { SwapIntent } from "../ports/signer.ts";
import { parseAccountKey, type AccountKey } from "./account-key.ts";
import { deriveTokenAccount } from "./derive-address.ts";
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM, WSOL_MINT } from "./programs.ts";

const U64_MAX = 0xffff_ffff_ffff_ffffn;

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
  /** The wallet's two token accounts that may take part. */
  wsolAccount: AccountKey;
  mintAccount: AccountKey;
  /** What `mintAccount` must hold at the end when the wallet's signature is handed on. */
  tokenQuantityMin: bigint;
  /** All token accounts of the wallet that exist, under both token programs. */
  walletTokenAccounts: ReadonlySet<AccountKey>;
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
    wsolAccount: deriveTokenAccount(wallet, WSOL_MINT, TOKEN_PROGRAM),
    mintAccount: deriveTokenAccount(wallet, mint, tokenProgram),
    tokenQuantityMin: parseU64("tokenQuantityMin", intent.tokenQuantityMin, 0n),
    walletTokenAccounts: new Set(
      intent.walletTokenAccounts.map((text) => parseKey("walletTokenAccounts", text)),
    ),
  };
}

function parseKey(name: string, text: string): AccountKey {
  const key = isPubkey(text) ? parseAccountKey(text) : undefined;
  if (key === undefined) throw unusable(`${name} to be an address`);
  return key;
}

function parseU64(name: string, text: string, least: bigint): bigint {
  const value = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n;
  if (value < least || value > U64_MAX) throw unusable(`${name} to be an integer from ${least}`);
  return value;
}

function unusable(expected: string): RaptorError {
  return new RaptorError("RAPTOR_WIRE__INVALID", { problem: `the intent: expected ${expected}` });
}
