import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { ChainAccounts } from "./chain-accounts.ts";
import type { ChainError } from "./chain-error.ts";
import { advanceNonce, isNonceUsable, nonceAccountOf } from "./durable-nonce.ts";
import type { ProgramModel } from "./program-model.ts";
import { type ResolvedKey, resolveKeys } from "./resolved-keys.ts";
import type { Block, SlotClock } from "./slots.ts";
import {
  collectTokenBalances,
  TransactionHistory,
  type TransactionRecord,
} from "./transaction-record.ts";
import { refused, type RunOutcome, TransactionRunner } from "./transaction-runner.ts";
import type { Vm } from "./vm.ts";
import {
  hasValidSignatures,
  parseWireTransaction,
  signatureOf,
  type WireTransaction,
} from "./wire-transaction.ts";

export interface SimulationOptions {
  sigVerify: boolean;
  replaceRecentBlockhash: boolean;
  /** Whether the asking node still takes the blockhash. */
  isBlockhashValid(blockhash: string): boolean;
}

/** The chain takes no part in this transaction; nothing of it reaches a block. */
export class ChainRefusal extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(`the chain refused the transaction: ${reason}`);
    this.name = "ChainRefusal";
    this.reason = reason;
  }
}

interface Pending {
  signature: string;
  wire: Uint8Array;
  transaction: WireTransaction;
  dueSlot: number;
}

interface Executed extends Pending {
  block: Block;
  keys: readonly ResolvedKey[];
}

const PENDING_MAX = 10_000;
const DROPPED_MAX = 1_000;
/** A sent transaction lands in one of the next slots. */
const LANDING_SLOTS_MAX = 2;

/** Transactions on their way into blocks, and what became of them. */
export class TransactionPool {
  readonly history = new TransactionHistory();
  readonly #vm: Vm;
  readonly #accounts: ChainAccounts;
  readonly #slots: SlotClock;
  readonly #prng: Prng;
  readonly #runner: TransactionRunner;
  readonly #pending = new Map<string, Pending>();
  readonly #dropped = new Map<string, ChainError>();

  constructor(vm: Vm, accounts: ChainAccounts, slots: SlotClock, prng: Prng) {
    this.#vm = vm;
    this.#accounts = accounts;
    this.#slots = slots;
    this.#prng = prng;
    this.#runner = new TransactionRunner(vm);
  }

  registerModel(model: ProgramModel): void {
    this.#runner.registerModel(model);
  }

  /** @throws WireError | ChainRefusal */
  submit(wire: Uint8Array): string {
    const transaction = parseWireTransaction(wire);
    const signature = signatureOf(transaction);
    if (this.#pending.has(signature) || this.history.get(signature) !== undefined) {
      return signature;
    }
    if (!hasValidSignatures(transaction)) throw new ChainRefusal("SignatureFailure");
    return this.submitTrusted(wire, transaction);
  }

  /** Takes the transaction without looking at its signatures. */
  submitTrusted(wire: Uint8Array, transaction: WireTransaction): string {
    if (this.#pending.size >= PENDING_MAX) throw new ChainRefusal("the chain is overloaded");
    const signature = signatureOf(transaction);
    const dueSlot = this.#slots.slot + 1 + this.#prng.nextInt(LANDING_SLOTS_MAX);
    this.#pending.set(signature, { signature, wire: Uint8Array.from(wire), transaction, dueSlot });
    return signature;
  }

  isPending(signature: string): boolean {
    return this.#pending.has(signature);
  }

  dropReasonOf(signature: string): ChainError | undefined {
    return this.#dropped.get(signature);
  }

  executeDue(block: Block): void {
    for (const pending of this.#pending.values()) {
      if (pending.dueSlot > block.slot) continue;
      this.#pending.delete(pending.signature);
      const err = this.#land(pending, block);
      if (err !== undefined) this.#drop(pending.signature, err);
    }
  }

  /** The blocks from `slot` on lose their transactions; nobody brings these again by himself. */
  rollBack(slot: number): number {
    const lost = this.history.rollBack(slot);
    const keys = new Set(lost.flatMap((record) => record.keys.map(({ pubkey }) => pubkey)));
    this.#accounts.rollBack(keys, slot);
    return lost.length;
  }

  simulate(transaction: WireTransaction, options: SimulationOptions): RunOutcome {
    if (options.sigVerify && !hasValidSignatures(transaction)) return refused("SignatureFailure");
    const skipsLifetime =
      options.replaceRecentBlockhash || options.isBlockhashValid(transaction.recentBlockhash);
    if (!skipsLifetime && !this.#isNonceUsable(transaction)) return refused("BlockhashNotFound");
    if (this.history.get(signatureOf(transaction)) !== undefined) {
      return refused("AlreadyProcessed");
    }
    const resolved = resolveKeys(transaction, (pubkey) => this.#accounts.current(pubkey));
    if (!resolved.ok) return refused(resolved.err);
    const { slot } = this.#slots.head;
    return this.#runner.run({ transaction, keys: resolved.keys, slot, mode: "simulate" });
  }

  #isNonceUsable(transaction: WireTransaction): boolean {
    const nonce = nonceAccountOf(transaction);
    if (nonce === undefined) return false;
    return isNonceUsable(transaction, this.#accounts.current(nonce), this.#vm.blockhash());
  }

  /** The reason when no block can hold the transaction. */
  #land(pending: Pending, block: Block): ChainError | undefined {
    const { transaction } = pending;
    const isRecent = this.#slots.isBlockhashUsable(transaction.recentBlockhash, block.height);
    if (!isRecent && !this.#isNonceUsable(transaction)) return "BlockhashNotFound";
    const resolved = resolveKeys(transaction, (pubkey) => this.#accounts.current(pubkey));
    if (!resolved.ok) return resolved.err;
    const nonceToAdvance = isRecent ? undefined : nonceAccountOf(transaction);
    return this.#execute({ ...pending, block, keys: resolved.keys }, nonceToAdvance);
  }

  #execute(executed: Executed, nonceAccount: string | undefined): ChainError | undefined {
    const { transaction, keys, block, signature, wire } = executed;
    this.#accounts.keepBefore(keys.map(({ pubkey }) => pubkey));
    const before = this.#snapshot(keys);
    const outcome = this.#runner.run({ transaction, keys, slot: block.slot, mode: "land" });
    if (!outcome.landed) return outcome.err ?? "AccountNotFound";
    if (outcome.err !== null && nonceAccount !== undefined) this.#useUpNonce(nonceAccount);
    this.#accounts.keepAfter(outcome.touched, block.slot);
    const after = this.#snapshot(keys);
    const record: TransactionRecord = {
      signature,
      wire,
      transaction,
      keys,
      block,
      ...outcome,
      preLamports: before.lamports,
      postLamports: after.lamports,
      preTokenBalances: before.tokenBalances,
      postTokenBalances: after.tokenBalances,
    };
    this.history.add(record);
    return undefined;
  }

  #useUpNonce(pubkey: string): void {
    const account = this.#accounts.current(pubkey);
    if (account === undefined) return;
    this.#vm.setAccount(pubkey, advanceNonce(account, this.#vm.blockhash()));
  }

  #snapshot(keys: readonly ResolvedKey[]) {
    return {
      lamports: keys.map(({ pubkey }) => this.#accounts.current(pubkey)?.lamports ?? 0n),
      tokenBalances: collectTokenBalances(keys, (pubkey) => this.#accounts.current(pubkey)),
    };
  }

  #drop(signature: string, err: ChainError): void {
    this.#dropped.set(signature, err);
    const [oldest] = this.#dropped.keys();
    if (this.#dropped.size > DROPPED_MAX && oldest !== undefined) this.#dropped.delete(oldest);
  }
}
