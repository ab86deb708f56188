import type { ChainAccount } from "./account-history.ts";
import type { LedgerToken } from "./ledger-market.ts";
import { encodeMint, TOKEN_PROGRAM } from "./token-accounts.ts";

/** Three tokens that every seed trades; fixed, so that addresses derived from them repeat. */
export const LEDGER_TOKENS: readonly LedgerToken[] = [
  token("JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN", "JUP", 6, 2_000_000_000n),
  token("DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263", "BONK", 5, 5_000_000n),
  token("EKpQGSJtjMFqKZ9KQanSqYXRcF8fBopzLHYxdM65zcjm", "WIF", 6, 9_000_000_000n),
];

const MINT_LAMPORTS = 1_461_600n;

export function createMintAccount(decimals: number): ChainAccount {
  const data = encodeMint({
    decimals,
    tokenProgram: "token",
    supply: 0n,
    holder: TOKEN_PROGRAM,
    mintAuthority: null,
    freezeAuthority: null,
  });
  return { lamports: MINT_LAMPORTS, owner: TOKEN_PROGRAM, executable: false, data };
}

function token(mint: string, symbol: string, decimals: number, priceE9: bigint): LedgerToken {
  return { mint, symbol, decimals, priceE9, isDry: false };
}
