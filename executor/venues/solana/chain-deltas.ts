import type { WalletMove } from "../../ports/venue.ts";
import { WSOL_MINT } from "./programs.ts";
import type { TokenBalance, TransactionAnswer } from "./rpc-answers.ts";

/** What one landed transaction did to a wallet, in whole lamports and base units. */
export interface ChainDeltas {
  /** Change of the wallet's holding of the mint, over all its accounts; fees withheld included. */
  quantity: bigint;
  /** Change of spendable SOL, wrapped SOL included, before fee and rent are taken apart. */
  lamports: bigint;
  /** The network's fee, and the tips that the transaction carried. */
  feeLamports: bigint;
  /** Lamports locked in own token accounts (positive) or released from them (negative). */
  rentLamports: bigint;
  /** Lamports paid for (negative) or received from (positive) the trade itself. */
  tradeLamports: bigint;
}

/**
 * Reads deltas from the balances before and after. The fee counts only when the wallet paid it,
 * which is account 0 of the message. A wrapped SOL account that was there before or stays after
 * counts with its amount as SOL and with the rest of its lamports as rent.
 */
export function deriveChainDeltas(
  transaction: TransactionAnswer,
  wallet: string,
  mint: string,
  tipLamports = 0n,
): ChainDeltas {
  const { meta } = transaction;
  const keys = accountKeysOf(transaction);
  const walletIndex = keys.indexOf(wallet);
  // Tips are part of what landing cost; a transaction that failed paid none.
  const tips = meta.err === null ? tipLamports : 0n;
  const feeLamports = walletIndex === 0 ? meta.fee + tips : 0n;
  const before = ownBalances(meta.preTokenBalances, wallet);
  const after = ownBalances(meta.postTokenBalances, wallet);
  let wrapped = 0n;
  let quantity = 0n;
  let rentLamports = 0n;
  for (const index of new Set([...before.keys(), ...after.keys()])) {
    const held = before.get(index) ?? after.get(index);
    const change = (after.get(index)?.quantity ?? 0n) - (before.get(index)?.quantity ?? 0n);
    if (held?.mint === mint) quantity += change;
    const isWrapped = held?.mint === WSOL_MINT;
    if (isWrapped) wrapped += change;
    rentLamports += lamportsChange(transaction, index) - (isWrapped ? change : 0n);
  }
  const lamports = lamportsChange(transaction, walletIndex) + wrapped;
  const tradeLamports = lamports + feeLamports + rentLamports;
  return { quantity, lamports, feeLamports, rentLamports, tradeLamports };
}

/** What a transaction moved of a wallet, over all its tokens. */
export function deriveWalletMove(transaction: TransactionAnswer, wallet: string): WalletMove {
  const { meta } = transaction;
  const tokens = new Map<string, bigint>();
  const add = (balances: readonly TokenBalance[] | null | undefined, sign: bigint): void => {
    for (const { mint, quantity } of ownBalances(balances, wallet).values()) {
      tokens.set(mint, (tokens.get(mint) ?? 0n) + sign * quantity);
    }
  };
  add(meta.preTokenBalances, -1n);
  add(meta.postTokenBalances, 1n);
  for (const [mint, change] of tokens) if (change === 0n) tokens.delete(mint);
  const identity = transaction.transaction.signatures[0] ?? "";
  return { identity, tokens, accounts: accountKeysOf(transaction) };
}

/** What a token account held before and after; undefined where the transaction does not name it. */
export function holdingAround(
  transaction: TransactionAnswer,
  account: string,
): { before: bigint; after: bigint } | undefined {
  const index = accountKeysOf(transaction).indexOf(account);
  if (index === -1) return undefined;
  const { preTokenBalances, postTokenBalances } = transaction.meta;
  // A node that leaves them out has not said that there were none.
  if (preTokenBalances === null || preTokenBalances === undefined) return undefined;
  if (postTokenBalances === null || postTokenBalances === undefined) return undefined;
  const heldIn = (balances: readonly TokenBalance[] | null | undefined): bigint =>
    balances?.find(({ accountIndex }) => accountIndex === index)?.uiTokenAmount.amount ?? 0n;
  return { before: heldIn(preTokenBalances), after: heldIn(postTokenBalances) };
}

function accountKeysOf({ transaction, meta }: TransactionAnswer): string[] {
  const loaded = meta.loadedAddresses;
  return [
    ...transaction.message.accountKeys,
    ...(loaded?.writable ?? []),
    ...(loaded?.readonly ?? []),
  ];
}

/** An index outside the lists (an account that is not there) changes nothing. */
function lamportsChange({ meta }: TransactionAnswer, index: number): bigint {
  return (meta.postBalances[index] ?? 0n) - (meta.preBalances[index] ?? 0n);
}

function ownBalances(
  balances: readonly TokenBalance[] | null | undefined,
  wallet: string,
): Map<number, { mint: string; quantity: bigint }> {
  const own = (balances ?? []).filter(({ owner }) => owner === wallet);
  return new Map(
    own.map(({ accountIndex, mint, uiTokenAmount }) => [
      accountIndex,
      { mint, quantity: uiTokenAmount.amount },
    ]),
  );
}
