import type { ChainAccount } from "./account-history.ts";
import {
  encodeTokenAccount,
  systemAccount,
  TOKEN_RENT_LAMPORTS,
  tokenQuantityOf,
} from "./ledger-accounts.ts";
import type { PoolAccess, PoolChain } from "./pools/venue-book.ts";
import { rentLamports } from "./pools/volume-account.ts";
import { deriveTokenAccount, NATIVE_MINT, TOKEN_PROGRAM } from "./token-accounts.ts";

/** Where accounts lie: a ledger's newest slot, or what is only being laid out. */
export interface AccountShelf {
  get(pubkey: string): ChainAccount | undefined;
  put(pubkey: string, account: ChainAccount): void;
}

/** Pools lay themselves out over plain accounts as they do over the virtual machine's. */
export function poolChainOf(shelf: AccountShelf): PoolChain {
  function setAccount(
    pubkey: string,
    account: { owner: string; data: Uint8Array; lamports?: bigint },
  ): void {
    const { owner, data } = account;
    const lamports = account.lamports ?? rentLamports(data.length);
    shelf.put(pubkey, { owner, data, lamports, executable: false });
  }
  return {
    accounts: {
      current: (pubkey) => shelf.get(pubkey),
      setAccount,
      tokenQuantityOf: (pubkey) => accessOfShelf(shelf).tokenAmountOf(pubkey),
    },
    setAccount,
    setLamports(pubkey, lamports) {
      shelf.put(pubkey, { ...(shelf.get(pubkey) ?? systemAccount(0n)), lamports });
    },
    createTokenAccount(owner, mint) {
      const pubkey = deriveTokenAccount(owner, mint, TOKEN_PROGRAM);
      if (shelf.get(pubkey) !== undefined) return pubkey;
      const data = encodeTokenAccount(mint, owner, 0n);
      setAccount(pubkey, { owner: TOKEN_PROGRAM, data, lamports: TOKEN_RENT_LAMPORTS });
      return pubkey;
    },
    setTokenQuantity(pubkey, quantity) {
      const account = shelf.get(pubkey);
      if (account === undefined) throw new Error(`expected a token account, was ${pubkey}`);
      shelf.put(pubkey, withTokens(account, quantity));
    },
  };
}

export function accessOfShelf(shelf: Pick<AccountShelf, "get">): PoolAccess {
  return {
    lamportsOf: (pubkey) => shelf.get(pubkey)?.lamports ?? 0n,
    ownerOf: (pubkey) => shelf.get(pubkey)?.owner,
    dataOf: (pubkey) => shelf.get(pubkey)?.data,
    tokenAmountOf(pubkey) {
      const account = shelf.get(pubkey);
      return account === undefined ? undefined : tokenQuantityOf(account);
    },
  };
}

/** Wrapped SOL keeps its lamports in step with what the account says that it holds. */
export function withTokens(account: ChainAccount, quantity: bigint): ChainAccount {
  const before = tokenQuantityOf(account);
  const data = Buffer.from(account.data);
  data.writeBigUInt64LE(quantity, 64);
  const isNative = NATIVE_BYTES.equals(data.subarray(0, 32));
  const lamports = isNative ? account.lamports + quantity - before : account.lamports;
  return { ...account, data, lamports };
}

const NATIVE_BYTES = Buffer.from(
  encodeTokenAccount(NATIVE_MINT, TOKEN_PROGRAM, 0n).subarray(0, 32),
);
