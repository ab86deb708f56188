import type { ChainAccount } from "./account-history.ts";
import type { ChainError } from "./chain-error.ts";
import type { ResolvedKey } from "./resolved-keys.ts";
import type { Block } from "./slots.ts";
import { parseMintDecimals, parseTokenHolding } from "./token-accounts.ts";
import type { InnerInstruction, RunOutcome } from "./transaction-runner.ts";
import type { WireTransaction } from "./wire-transaction.ts";

export interface TokenBalance {
  accountIndex: number;
  mint: string;
  owner: string;
  tokenProgram: string;
  quantity: bigint;
  decimals: number;
}

/** A transaction that is in a block, with what it did. */
export interface TransactionRecord {
  signature: string;
  wire: Uint8Array;
  transaction: WireTransaction;
  keys: readonly ResolvedKey[];
  block: Block;
  err: ChainError | null;
  fee: bigint;
  unitsConsumed: number;
  logs: string[];
  inner: ReadonlyMap<number, InnerInstruction[]>;
  returnData: RunOutcome["returnData"];
  preLamports: bigint[];
  postLamports: bigint[];
  preTokenBalances: TokenBalance[];
  postTokenBalances: TokenBalance[];
}

/** Bounds the memory of a world that runs for days. */
const RECORDS_MAX = 50_000;

/** Subscriptions look back over a few hundred slots at most. */
const RECENT_MAX = 5_000;

/** Landed transactions by signature and by account. */
export class TransactionHistory {
  readonly #bySignature = new Map<string, TransactionRecord>();
  readonly #byAccount = new Map<string, string[]>();
  readonly #recent: TransactionRecord[] = [];

  add(record: TransactionRecord): void {
    this.#recent.push(record);
    if (this.#recent.length > RECENT_MAX) this.#recent.shift();
    this.#bySignature.set(record.signature, record);
    for (const { pubkey } of record.keys) {
      const signatures = this.#byAccount.get(pubkey) ?? [];
      signatures.push(record.signature);
      this.#byAccount.set(pubkey, signatures);
    }
    if (this.#bySignature.size > RECORDS_MAX) this.#forgetOldest();
  }

  /** Takes out what landed in `slot` and later. */
  rollBack(slot: number): TransactionRecord[] {
    const lost = [...this.#bySignature.values()].filter(({ block }) => block.slot >= slot);
    for (const { signature, keys } of lost) {
      this.#bySignature.delete(signature);
      for (const { pubkey } of keys) {
        const left = (this.#byAccount.get(pubkey) ?? []).filter((one) => one !== signature);
        this.#byAccount.set(pubkey, left);
      }
    }
    this.#recent.splice(
      0,
      this.#recent.length,
      ...this.#recent.filter((one) => !lost.includes(one)),
    );
    return lost;
  }

  get(signature: string): TransactionRecord | undefined {
    return this.#bySignature.get(signature);
  }

  /** Newest first. */
  of(pubkey: string): TransactionRecord[] {
    const signatures = this.#byAccount.get(pubkey) ?? [];
    return signatures
      .map((signature) => this.#bySignature.get(signature))
      .filter((record) => record !== undefined)
      .toReversed();
  }

  /** Landed in the slots (after, until], oldest first. */
  between(after: number, until: number): TransactionRecord[] {
    return this.#recent.filter(({ block }) => block.slot > after && block.slot <= until);
  }

  #forgetOldest(): void {
    const [oldest] = this.#bySignature.values();
    if (oldest === undefined) return;
    this.#bySignature.delete(oldest.signature);
    for (const { pubkey } of oldest.keys) {
      const rest = this.#byAccount.get(pubkey)?.filter((entry) => entry !== oldest.signature);
      if (rest === undefined || rest.length === 0) this.#byAccount.delete(pubkey);
      else this.#byAccount.set(pubkey, rest);
    }
  }
}

export function collectTokenBalances(
  keys: readonly ResolvedKey[],
  accountOf: (pubkey: string) => ChainAccount | undefined,
): TokenBalance[] {
  const balances: TokenBalance[] = [];
  for (const [accountIndex, { pubkey }] of keys.entries()) {
    const account = accountOf(pubkey);
    const holding = parseTokenHolding(account);
    if (account === undefined || holding === undefined) continue;
    const decimals = parseMintDecimals(accountOf(holding.mint)) ?? 0;
    balances.push({ accountIndex, ...holding, tokenProgram: account.owner, decimals });
  }
  return balances;
}
