import {
  ComputeBudgetProgram,
  Keypair,
  PublicKey,
  SystemProgram,
  Transaction,
} from "@solana/web3.js";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { ChainAccounts } from "./chain-accounts.ts";
import type { ChainError } from "./chain-error.ts";
import { encodePlainMessage } from "./plain-message.ts";
import { createPrng } from "./prng.ts";
import type { ProgramModel } from "./program-model.ts";
import { type Block, SlotClock } from "./slots.ts";
import {
  deriveTokenAccount,
  encodeTokenMove,
  type NewMint,
  parseMintDecimals,
} from "./token-accounts.ts";
import { type SimulationOptions, TransactionPool } from "./transaction-pool.ts";
import type { TransactionHistory } from "./transaction-record.ts";
import type { RunOutcome } from "./transaction-runner.ts";
import { Vm } from "./vm.ts";
import { parseWireTransaction, type WireTransaction } from "./wire-transaction.ts";

export interface ChainOptions {
  clock: Clock;
  prng: Prng;
  slotMs?: number;
  /** Chance that a slot's leader makes no block. */
  skipChance?: number;
}

export interface SlotEvent {
  slot: number;
  /** Absent when the slot's leader made no block. */
  block: Block | undefined;
}

/** A clock that jumped further than this is followed only this far at once. */
const CATCH_UP_SLOTS_MAX = 1_000;
const FAUCET_LAMPORTS = 10n ** 17n;

/** One Solana chain on a virtual machine: blocks, transactions executed once, and their history. */
export class Chain {
  readonly slots: SlotClock;
  readonly accounts: ChainAccounts;
  readonly slotMs: number;
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #vm = new Vm();
  readonly #pool: TransactionPool;
  readonly #listeners = new Set<(event: SlotEvent) => void>();
  readonly #faucet: Keypair;
  #airdropCount = 0;
  #stop: AbortController | undefined;

  constructor(options: ChainOptions) {
    this.#clock = options.clock;
    this.slotMs = options.slotMs ?? 400;
    // Separate streams: the number of transactions must not change which slots are skipped.
    this.slots = new SlotClock({
      prng: createPrng(options.prng.nextInt(2 ** 32)),
      nowMs: options.clock.nowMs(),
      slotMs: this.slotMs,
      ...(options.skipChance === undefined ? {} : { skipChance: options.skipChance }),
    });
    this.#prng = createPrng(options.prng.nextInt(2 ** 32));
    this.accounts = new ChainAccounts(this.#vm);
    const landing = createPrng(options.prng.nextInt(2 ** 32));
    this.#pool = new TransactionPool(this.#vm, this.accounts, this.slots, landing);
    this.#faucet = Keypair.fromSeed(this.#randomBytes(32));
    this.accounts.setLamports(this.#faucet.publicKey.toBase58(), FAUCET_LAMPORTS);
    this.#enterBlock(this.slots.head);
  }

  get history(): TransactionHistory {
    return this.#pool.history;
  }

  registerModel(model: ProgramModel): void {
    this.#pool.registerModel(model);
    this.accounts.showProgram(model.programId);
  }

  /** Ticks on the clock until `stop`. */
  start(): void {
    if (this.#stop !== undefined) return;
    this.#stop = new AbortController();
    void this.#run(this.#stop.signal);
  }

  stop(): void {
    this.#stop?.abort();
    this.#stop = undefined;
  }

  /** Calls `listener` after each slot; the result ends that. */
  onSlot(listener: (event: SlotEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One slot: its block, if any, executes what is due. */
  tick(): SlotEvent {
    const block = this.slots.advance(this.#clock.nowMs());
    if (block !== undefined) {
      this.#enterBlock(block);
      this.#pool.executeDue(block);
    }
    this.accounts.enterSlot(this.slots.slot);
    const event = { slot: this.slots.slot, block };
    for (const listener of this.#listeners) listener(event);
    return event;
  }

  /**
   * Queues a signed transaction; the same bytes again change nothing.
   * @throws WireError | ChainRefusal
   */
  submit(wire: Uint8Array): string {
    return this.#pool.submit(wire);
  }

  /**
   * A fork: the newest blocks, confirmed ones among them, lose what they held. What is final stays.
   * @returns how many transactions are gone.
   */
  fork(slotCount: number): number {
    const floor = this.slots.head.finalizedSlot + 1;
    return this.#pool.rollBack(Math.max(this.slots.slot - slotCount + 1, floor));
  }

  isPending(signature: string): boolean {
    return this.#pool.isPending(signature);
  }

  /** Why a queued transaction never reached a block, as far as the chain remembers. */
  dropReasonOf(signature: string): ChainError | undefined {
    return this.#pool.dropReasonOf(signature);
  }

  /** Runs against the newest state, whichever node asks: the machine keeps no older one. */
  simulate(transaction: WireTransaction, options: SimulationOptions): RunOutcome {
    return this.#pool.simulate(transaction, options);
  }

  landingOf(signature: string): { slot: number; err: ChainError | null } | undefined {
    const record = this.history.get(signature);
    return record && { slot: record.block.slot, err: record.err };
  }

  /** Sends real lamports from the faucet; they arrive when the transaction lands. */
  airdrop(pubkey: string, lamports: bigint): string {
    const transfer = new Transaction({
      feePayer: this.#faucet.publicKey,
      ...this.latestBlockhash(),
    });
    // Two airdrops alike in one block need different bytes, or the second would be a duplicate.
    const units = 10_000 + (this.#airdropCount++ % 100_000);
    transfer.add(ComputeBudgetProgram.setComputeUnitLimit({ units }));
    const toPubkey = new PublicKey(pubkey);
    const fromPubkey = this.#faucet.publicKey;
    transfer.add(SystemProgram.transfer({ fromPubkey, toPubkey, lamports }));
    transfer.sign(this.#faucet);
    return this.submit(transfer.serialize());
  }

  /**
   * The owner moves tokens to a stranger as if with another wallet app: a transaction with a
   * forged signature, because the world does not hold the owner's key.
   */
  moveTokens(owner: string, mint: string, quantity: bigint): string {
    const account = this.accounts.current(mint);
    const decimals = parseMintDecimals(account);
    if (account === undefined || decimals === undefined) {
      throw new Error(`expected a mint, was ${mint}`);
    }
    const stranger = encodeBase58(this.#randomBytes(32));
    const move = encodeTokenMove({
      from: deriveTokenAccount(owner, mint, account.owner),
      to: this.accounts.createTokenAccount(stranger, mint),
      tokenProgram: account.owner,
      decimals,
      owner,
      mint,
      quantity,
    });
    const message = encodePlainMessage(owner, this.slots.head.blockhash, [move]);
    const wire = Buffer.concat([Uint8Array.of(1), this.#randomBytes(64), message.bytes]);
    return this.#pool.submitTrusted(wire, parseWireTransaction(wire));
  }

  createMint(options: NewMint): string {
    const mint = options.mint ?? Keypair.fromSeed(this.#randomBytes(32));
    return this.accounts.createMint({ ...options, mint });
  }

  createTokenAccount(owner: string, mint: string): string {
    return this.accounts.createTokenAccount(owner, mint);
  }

  mintTo(mint: string, owner: string, quantity: bigint): void {
    this.accounts.mintTo(mint, owner, quantity);
  }

  setTokenQuantity(tokenAccount: string, quantity: bigint): void {
    this.accounts.setTokenQuantity(tokenAccount, quantity);
  }

  setLamports(pubkey: string, lamports: bigint): void {
    this.accounts.setLamports(pubkey, lamports);
  }

  setAccount(pubkey: string, account: { owner: string; data: Uint8Array }): void {
    this.accounts.setAccount(pubkey, account);
  }

  createLookupTable(addresses: readonly string[]): string {
    return this.accounts.createLookupTable(addresses, this.slots.head.parentSlot);
  }

  slot(): number {
    return this.slots.slot;
  }

  blockHeight(): number {
    return this.slots.head.height;
  }

  latestBlockhash(): { blockhash: string; lastValidBlockHeight: number } {
    return this.slots.lifetimeOf(this.slots.head);
  }

  lamportsOf(pubkey: string): bigint {
    return this.accounts.current(pubkey)?.lamports ?? 0n;
  }

  tokenQuantityOf(tokenAccount: string): bigint | undefined {
    return this.accounts.tokenQuantityOf(tokenAccount);
  }

  rentExemptLamports(space: number): bigint {
    return this.#vm.rentExemptLamports(space);
  }

  async #run(signal: AbortSignal): Promise<void> {
    let dueMs = this.#clock.monotonicMs() + this.slotMs;
    while (!signal.aborted) {
      await this.#clock.sleep(Math.max(dueMs - this.#clock.monotonicMs(), 0), signal);
      const nowMs = this.#clock.monotonicMs();
      for (let count = 0; dueMs <= nowMs && count < CATCH_UP_SLOTS_MAX; count++) {
        if (signal.aborted) return;
        this.tick();
        dueMs += this.slotMs;
      }
      if (dueMs <= nowMs) dueMs = nowMs + this.slotMs;
    }
  }

  #enterBlock(block: Block): void {
    this.#vm.enterBlock(block.slot, Math.floor(block.timeMs / 1_000));
  }

  #randomBytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.#prng.nextInt(256));
  }
}
