import type { AccountStreams, AccountUpdate } from "./account-streams.ts";
import { parseNonceBytes } from "./nonce-account.ts";
import { deriveTokenAccount } from "./programs.ts";
import { parseTokenAccount } from "./token-account.ts";

/** A value as the streams last told it; `isFresh` false: do not build on it, ask a node. */
export interface WarmValue<T> {
  value: T;
  slot: number;
  atMonotonicMs: number;
  isFresh: boolean;
}

/** What the fast path needs to know of wallets, answered without asking anybody. */
export interface WarmAccounts {
  /** Counted; every keep has a drop. */
  keepWallet(wallet: string): void;
  dropWallet(wallet: string): void;
  keepToken(wallet: string, mint: string, tokenProgram: string): void;
  dropToken(wallet: string, mint: string): void;
  keepNonce(wallet: string, account: string): void;
  dropNonce(wallet: string, account: string): void;
  lamportsOf(wallet: string): WarmValue<bigint> | undefined;
  /** Of the wallet's associated account; 0 when there is none, undefined when nothing is known. */
  tokenBalanceOf(wallet: string, mint: string): WarmValue<bigint> | undefined;
  /** Null when the account is no nonce that this wallet alone may advance. */
  nonceValueOf(wallet: string, account: string): WarmValue<string | null> | undefined;
}

interface Kept<T> {
  address: string;
  holders: number;
  update: AccountUpdate | undefined;
  value: T | undefined;
  unwatch: () => void;
}

export function createWarmAccounts(streams: AccountStreams): WarmAccounts {
  const wallets = new WarmShelf<bigint>(streams);
  const tokens = new WarmShelf<bigint>(streams);
  const nonces = new WarmShelf<string | null>(streams);
  return {
    keepWallet: (wallet) => wallets.keep(wallet, wallet, ({ lamports }) => lamports),
    dropWallet: (wallet) => wallets.drop(wallet),
    keepToken(wallet, mint, tokenProgram) {
      const address = deriveTokenAccount(wallet, mint, tokenProgram);
      tokens.keep(`${wallet}/${mint}`, address, (update) => balanceOf(update, wallet, mint));
    },
    dropToken: (wallet, mint) => tokens.drop(`${wallet}/${mint}`),
    keepNonce: (wallet, account) =>
      nonces.keep(`${wallet}/${account}`, account, (update) => nonceOf(update, wallet)),
    dropNonce: (wallet, account) => nonces.drop(`${wallet}/${account}`),
    lamportsOf: (wallet) => wallets.read(wallet),
    tokenBalanceOf: (wallet, mint) => tokens.read(`${wallet}/${mint}`),
    nonceValueOf: (wallet, account) => nonces.read(`${wallet}/${account}`),
  };
}

/** Decoded values by name, each following one account. */
class WarmShelf<T> {
  readonly #streams: AccountStreams;
  readonly #kept = new Map<string, Kept<T>>();

  constructor(streams: AccountStreams) {
    this.#streams = streams;
  }

  keep(name: string, address: string, decode: (update: AccountUpdate) => T | undefined): void {
    const found = this.#kept.get(name);
    if (found !== undefined) {
      found.holders += 1;
      return;
    }
    const kept: Kept<T> = {
      address,
      holders: 1,
      update: undefined,
      value: undefined,
      unwatch: () => undefined,
    };
    this.#kept.set(name, kept);
    kept.unwatch = this.#streams.watch(address, (update) => {
      kept.update = update;
      kept.value = decode(update);
    });
  }

  drop(name: string): void {
    const kept = this.#kept.get(name);
    if (kept === undefined) return;
    kept.holders -= 1;
    if (kept.holders > 0) return;
    kept.unwatch();
    this.#kept.delete(name);
  }

  read(name: string): WarmValue<T> | undefined {
    const kept = this.#kept.get(name);
    if (kept?.update === undefined || kept.value === undefined) return undefined;
    const { slot, atMonotonicMs } = kept.update;
    const isFresh = this.#streams.isFresh(kept.address);
    return { value: kept.value, slot, atMonotonicMs, isFresh };
  }
}

/**
 * Undefined when the bytes are of something else: that is no balance of nothing. And of what is
 * frozen, because a sell from memory would cost its fee and revert.
 */
function balanceOf({ bytes }: AccountUpdate, wallet: string, mint: string): bigint | undefined {
  if (bytes.length === 0) return 0n;
  const account = parseTokenAccount(bytes);
  if (account === undefined || account.mint !== mint || account.owner !== wallet) return undefined;
  return account.isFrozen ? undefined : account.quantity;
}

function nonceOf({ bytes, owner }: AccountUpdate, wallet: string): string | null {
  const nonce = parseNonceBytes(bytes, owner);
  return nonce?.authority === wallet ? nonce.value : null;
}
