import type { Prng } from "@raptor/shared/seams/chance.ts";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { AccountHistory, type ChainAccount } from "./account-history.ts";
import type { ChainError } from "./chain-error.ts";
import { advanceNonce, isNonceUsable, nonceAccountOf } from "./durable-nonce.ts";
import type { LedgerMarket } from "./ledger-market.ts";
import { encodeTokenAccount, systemAccount, tokenQuantityOf } from "./ledger-accounts.ts";
import { type LedgerRun, runLedgerTransaction } from "./ledger-program.ts";
import { createPrng } from "./prng.ts";
import { type Block, SlotClock } from "./slots.ts";
import { TOKEN_PROGRAM } from "./token-accounts.ts";
import { transactionFee } from "./transaction-fee.ts";
import {
  hasValidSignatures,
  parseWireTransaction,
  signatureOf,
  type WireTransaction,
} from "./wire-transaction.ts";

export interface LedgerRecord {
  signature: string;
  transaction: WireTransaction;
  block: Block;
  err: ChainError | null;
  fee: bigint;
  before: (ChainAccount | undefined)[];
  after: (ChainAccount | undefined)[];
}

interface Pending {
  signature: string;
  transaction: WireTransaction;
  dueSlot: number;
  lastHeight: number;
}

export interface LedgerTempers {
  /** Chance that the network forgets a transaction that a node took. */
  lossChance: number;
  /** Chance that a transaction lies around until the end of its blockhash. */
  lateChance: number;
}

/** Bytes that no honest chain will ever execute. */
export class LedgerRefusal extends Error {}

const PARSED_MAX = 2_000;
/** Pays the fees of what people do with other apps. */
const SOMEBODY = "GrAkKfEpTKQuVHG2Y97Y2FF4i7y7Q5AHLK94JBy7Y5yv";
const HAND_FEE_LAMPORTS = 5_000n;

/**
 * One chain as a ledger: blocks, balances, transactions executed as transfers, and forks that take
 * the newest blocks back. The blocks' own names stay; what was in them is gone.
 */
export class LedgerChain {
  readonly slots: SlotClock;
  readonly accounts = new AccountHistory();
  readonly market: LedgerMarket;
  readonly tempers: LedgerTempers = { lossChance: 0, lateChance: 0 };
  readonly #prng: Prng;
  readonly #pending = new Map<string, Pending>();
  /** Signatures and accounts of what no block takes yet, with the height of the first that does. */
  readonly #heldBack = new Map<string, number>();
  readonly #records = new Map<string, LedgerRecord>();
  readonly #parsed = new Map<string, WireTransaction>();
  /** Mint and owner of every token account that ever existed. */
  readonly #tokenAccounts = new Map<string, { mint: string; owner: string }>();
  /** What people did themselves is never taken back: the simulator is about our transactions. */
  #forkFloor = 0;
  rolledBack = 0;

  readonly #onLanded: (record: LedgerRecord) => void;

  constructor(options: {
    prng: Prng;
    nowMs: number;
    market: LedgerMarket;
    skipChance?: number;
    /** Told of every execution, reverted ones included, and again after a rollback. */
    onLanded?(record: LedgerRecord): void;
  }) {
    this.#onLanded = options.onLanded ?? (() => undefined);
    this.slots = new SlotClock({
      prng: createPrng(options.prng.nextInt(2 ** 32)),
      nowMs: options.nowMs,
      startSlot: 3_000,
      startHeight: 1_000,
      skipChance: options.skipChance ?? 0.05,
    });
    this.#prng = createPrng(options.prng.nextInt(2 ** 32));
    this.market = options.market;
    this.market.history.slotNow = () => this.slots.slot;
  }

  /** One slot: its block, if any, executes what is due. */
  tick(nowMs: number): Block | undefined {
    const block = this.slots.advance(nowMs);
    if (block === undefined) return undefined;
    for (const pending of this.#pending.values()) {
      const isLast = block.height >= pending.lastHeight;
      if (!isLast && (pending.dueSlot > block.slot || this.#isHeldBack(pending, block))) continue;
      this.#pending.delete(pending.signature);
      this.#land(pending, block);
    }
    return block;
  }

  /**
   * Others pay more for their place: before this height only the last block of its life takes the
   * transaction of this signature, or one that names this account.
   */
  holdBack(name: string, height: number): void {
    this.#heldBack.set(name, height);
  }

  releaseAll(): void {
    this.#heldBack.clear();
  }

  #isHeldBack({ signature, transaction }: Pending, { height }: Block): boolean {
    for (const [name, firstHeight] of this.#heldBack) {
      if (height >= firstHeight) this.#heldBack.delete(name);
      else if (name === signature || transaction.staticKeys.includes(name)) return true;
    }
    return false;
  }

  parse(payload: string): WireTransaction {
    const known = this.#parsed.get(payload);
    if (known !== undefined) return known;
    const transaction = parseWireTransaction(Buffer.from(payload, "base64"));
    if (this.#parsed.size > PARSED_MAX) this.#parsed.clear();
    this.#parsed.set(payload, transaction);
    return transaction;
  }

  /** Takes signed bytes into the network. @throws LedgerRefusal | WireError */
  submit(payload: string): string {
    const transaction = this.parse(payload);
    const signature = signatureOf(transaction);
    if (this.#pending.has(signature) || this.#records.has(signature)) return signature;
    if (!hasValidSignatures(transaction)) throw new LedgerRefusal("SignatureFailure");
    if (this.#prng.nextFloat() < this.tempers.lossChance) return signature;
    const lastHeight = this.#lastHeightOf(transaction);
    if (lastHeight === undefined) return signature;
    const isLate = this.#prng.nextFloat() < this.tempers.lateChance;
    const wait = isLate ? 20 + this.#prng.nextInt(200) : 1 + this.#prng.nextInt(3);
    const dueSlot = this.slots.slot + wait;
    this.#pending.set(signature, { signature, transaction, dueSlot, lastHeight });
    return signature;
  }

  /** As a node does that stands at `block`; `replaces` runs it with a blockhash of its own. */
  simulate(payload: string, block: Block, replaces: boolean): LedgerRun {
    return this.simulateParsed(this.parse(payload), block, replaces);
  }

  simulateParsed(transaction: WireTransaction, block: Block, replaces: boolean): LedgerRun {
    const { slot } = block;
    const read = (pubkey: string): ChainAccount | undefined => this.accounts.at(pubkey, slot);
    if (!replaces && this.#lifetimeAt(transaction, block) === undefined) {
      return { err: "BlockhashNotFound", writes: new Map() };
    }
    const run = runLedgerTransaction(transaction, read, this.market, block);
    if (run.err !== null) return run;
    const payer = transaction.staticKeys[0] as string;
    const account = run.writes.get(payer) ?? read(payer) ?? systemAccount(0n);
    run.writes.set(payer, { ...account, lamports: account.lamports - transactionFee(transaction) });
    return run;
  }

  /** The newest blocks lose their transactions; some of these wait to be taken again. */
  rollBack(slot: number): number {
    const fromSlot = Math.max(slot, this.#forkFloor);
    const lost = [...this.#records.values()].filter(({ block }) => block.slot >= fromSlot);
    this.market.pools?.noteAll();
    this.accounts.rollBack(fromSlot);
    this.market.pools?.noteAll();
    for (const { signature, transaction } of lost) {
      this.#records.delete(signature);
      this.rolledBack += 1;
      const lastHeight = this.#lastHeightOf(transaction);
      if (lastHeight === undefined || this.#prng.nextFloat() < 0.4) continue;
      const dueSlot = this.slots.slot + 1 + this.#prng.nextInt(20);
      this.#pending.set(signature, { signature, transaction, dueSlot, lastHeight });
    }
    return lost.length;
  }

  record(signature: string): LedgerRecord | undefined {
    return this.#records.get(signature);
  }

  records(): Iterable<LedgerRecord> {
    return this.#records.values();
  }

  /** The truth that no node may know: may these bytes still be executed one day? */
  mayStillLand(blockhash: string): boolean {
    return this.slots.isBlockhashUsable(blockhash, this.slots.head.height + 1);
  }

  tokenAccountsOf(owner: string): string[] {
    return [...this.#tokenAccounts]
      .filter(([, account]) => account.owner === owner)
      .map(([pubkey]) => pubkey);
  }

  tokenAccount(pubkey: string): { mint: string; owner: string } | undefined {
    return this.#tokenAccounts.get(pubkey);
  }

  lamportsOf(pubkey: string): bigint {
    return this.accounts.at(pubkey, this.slots.slot)?.lamports ?? 0n;
  }

  quantityOf(owner: string, mint: string): bigint {
    let sum = 0n;
    for (const [pubkey, account] of this.#tokenAccounts) {
      if (account.owner !== owner || account.mint !== mint) continue;
      sum += tokenQuantityOf(this.accounts.at(pubkey, this.slots.slot));
    }
    return sum;
  }

  /** Lamports from nowhere. */
  fund(pubkey: string, lamports: bigint): void {
    const { slot } = this.slots;
    const held = this.accounts.at(pubkey, slot) ?? systemAccount(0n);
    this.#forkFloor = slot + 1;
    this.accounts.write(pubkey, slot, { ...held, lamports: held.lamports + lamports });
  }

  /** The owner sends tokens away with another wallet app; somebody else pays the fee. */
  moveAway(owner: string, mint: string, quantity: bigint): boolean {
    const block = this.slots.head;
    for (const [pubkey, account] of this.#tokenAccounts) {
      if (account.owner !== owner || account.mint !== mint) continue;
      const held = this.accounts.at(pubkey, block.slot);
      if (held === undefined || tokenQuantityOf(held) < quantity) continue;
      const data = encodeTokenAccount(mint, owner, tokenQuantityOf(held) - quantity);
      const left = { ...held, data };
      this.accounts.write(pubkey, block.slot, left);
      this.#forkFloor = this.slots.slot + 1;
      this.#recordByHand([pubkey, owner], block, [held, undefined], [left, undefined]);
      return true;
    }
    return false;
  }

  /** What another app did is in everybody's history, as every transaction is. */
  #recordByHand(
    keys: readonly string[],
    block: Block,
    before: (ChainAccount | undefined)[],
    after: (ChainAccount | undefined)[],
  ): void {
    const bytes = Uint8Array.from({ length: 64 }, () => this.#prng.nextInt(256));
    const signature = encodeBase58(bytes);
    const transaction: WireTransaction = {
      version: 0,
      signatures: [bytes],
      messageBytes: new Uint8Array(),
      header: { signerCount: 1, readonlySignerCount: 0, readonlyOtherCount: 0 },
      staticKeys: [SOMEBODY, ...keys],
      staticKeyBytes: [],
      recentBlockhash: block.blockhash,
      instructions: [],
      lookups: [],
    };
    const balances = { before: [undefined, ...before], after: [undefined, ...after] };
    this.#records.set(signature, {
      signature,
      transaction,
      block,
      err: null,
      fee: HAND_FEE_LAMPORTS,
      ...balances,
    });
  }

  /** What lay there before the first slot. */
  layLamports(pubkey: string, lamports: bigint): void {
    this.accounts.write(pubkey, 0, systemAccount(lamports));
  }

  putAccount(pubkey: string, account: ChainAccount): void {
    this.accounts.write(pubkey, this.slots.slot, account);
  }

  /** Until when the network keeps it; undefined when no block will ever take it. */
  #lastHeightOf(transaction: WireTransaction): number | undefined {
    const origin = this.slots.blockByHash(transaction.recentBlockhash);
    if (origin !== undefined) return this.slots.lifetimeOf(origin).lastValidBlockHeight;
    // A nonce has no end, but the network forgets what it could not place for so long.
    const isNonce = nonceAccountOf(transaction) !== undefined;
    return isNonce ? this.slots.lifetimeOf(this.slots.head).lastValidBlockHeight : undefined;
  }

  /** What lets the transaction into this block: a recent blockhash, or the nonce that it names. */
  #lifetimeAt(
    transaction: WireTransaction,
    { slot, height, blockhash }: Block,
  ): { nonce: string | undefined } | undefined {
    if (this.slots.isBlockhashUsable(transaction.recentBlockhash, height)) {
      return { nonce: undefined };
    }
    const nonce = nonceAccountOf(transaction);
    const account = nonce === undefined ? undefined : this.accounts.at(nonce, slot);
    return isNonceUsable(transaction, account, blockhash) ? { nonce } : undefined;
  }

  #land(pending: Pending, block: Block): void {
    const { transaction, signature } = pending;
    const lifetime = this.#lifetimeAt(transaction, block);
    if (lifetime === undefined) return;
    const read = (pubkey: string): ChainAccount | undefined => this.accounts.at(pubkey, block.slot);
    const keys = transaction.staticKeys;
    const payer = keys[0] as string;
    const fee = transactionFee(transaction);
    const before = keys.map(read);
    const wallet = before[0];
    if (wallet === undefined || wallet.lamports < fee) return;
    this.accounts.write(payer, block.slot, { ...wallet, lamports: wallet.lamports - fee });
    const run = runLedgerTransaction(transaction, read, this.market, block);
    if (run.err !== null && lifetime.nonce !== undefined) this.#useUp(lifetime.nonce, block);
    for (const [pubkey, account] of run.writes) this.#write(pubkey, block.slot, account);
    const after = keys.map(read);
    const { err } = run;
    const record = { signature, transaction, block, err, fee, before, after };
    this.#records.set(signature, record);
    this.market.pools?.noteAll();
    this.#onLanded(record);
  }

  /** A failed transaction has had its nonce's turn too. */
  #useUp(nonce: string, { slot, blockhash }: Block): void {
    const account = this.accounts.at(nonce, slot);
    if (account !== undefined) this.accounts.write(nonce, slot, advanceNonce(account, blockhash));
  }

  #write(pubkey: string, slot: number, account: ChainAccount | undefined): void {
    this.accounts.write(pubkey, slot, account);
    if (account?.owner !== TOKEN_PROGRAM || this.#tokenAccounts.has(pubkey)) return;
    this.#tokenAccounts.set(pubkey, {
      mint: encodeBase58(account.data.subarray(0, 32)),
      owner: encodeBase58(account.data.subarray(32, 64)),
    });
  }
}
