import { AccountLayout, ACCOUNT_SIZE, AccountState } from "@solana/spl-token";
import { PublicKey } from "@solana/web3.js";
import { NATIVE_MINT, TOKEN_PROGRAM } from "../token-accounts.ts";
import type { PoolChain } from "./venue-book.ts";
import { rentLamports } from "./volume-account.ts";

/** An empty token account at an address of the pool's choice, where no associated one will do. */
export function createVault(
  chain: PoolChain,
  address: string,
  kind: { mint: string; tokenProgram: string; owner: string },
): void {
  const isNative = kind.mint === NATIVE_MINT;
  const rent = rentLamports(ACCOUNT_SIZE);
  const data = Buffer.alloc(ACCOUNT_SIZE);
  AccountLayout.encode(
    {
      mint: new PublicKey(kind.mint),
      owner: new PublicKey(kind.owner),
      amount: 0n,
      delegateOption: 0,
      delegate: PublicKey.default,
      delegatedAmount: 0n,
      state: AccountState.Initialized,
      isNativeOption: isNative ? 1 : 0,
      isNative: isNative ? rent : 0n,
      closeAuthorityOption: 0,
      closeAuthority: PublicKey.default,
    },
    data,
  );
  const owner = isNative ? TOKEN_PROGRAM : kind.tokenProgram;
  chain.accounts.setAccount(address, { owner, data, lamports: rent });
}
