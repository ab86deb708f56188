import type { Prng } from "@raptor/shared/seams/chance.ts";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import type { ChainAccount } from "./account-history.ts";
import { type LedgerChain, type LedgerRecord, LedgerRefusal } from "./ledger-chain.ts";
import { systemAccount, tokenQuantityOf, TOKEN_ACCOUNT_BYTES } from "./ledger-accounts.ts";
import { RpcView } from "./rpc-view.ts";
import type { Block, Commitment } from "./slots.ts";
import { NATIVE_MINT, TOKEN_PROGRAM } from "./token-accounts.ts";
import { WireError } from "./wire-transaction.ts";

const GENESIS_HASH = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d";

/** What nodes list at once. */
const HISTORY_MAX = 1_000;

export class RpcRefusal extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

type Config = Readonly<Record<string, unknown>>;
type Params = readonly unknown[];

interface Page {
  before?: string;
  limit?: number;
}

/** One RPC node over a ledger: behind by some slots, and blind for some signatures. */
export class LedgerNode {
  readonly #chain: LedgerChain;
  readonly #holes: (signature: string) => boolean;
  readonly #prng: Prng;
  #view: RpcView;
  /** Chance that this node answers "taken" and tells nobody. */
  forgetChance = 0;
  /** Chance that a wallet's token accounts come back as none. */
  emptyReadChance = 0;
  /** So far behind the node itself are its statuses, transactions and histories. */
  historyLagSlots = 0;
  readonly #methods: Readonly<Record<string, (params: Params) => unknown>>;

  constructor(chain: LedgerChain, prng: Prng, holes: (signature: string) => boolean) {
    this.#chain = chain;
    this.#prng = prng;
    this.#holes = holes;
    this.#view = new RpcView(chain.slots, 0);
    this.#methods = {
      getGenesisHash: () => GENESIS_HASH,
      getBlockHeight: ([config]) => this.#block(config).height,
      getSlot: ([config]) => this.#block(config).slot,
      getLatestBlockhash: ([config]) => this.#latestBlockhash(this.#block(config)),
      isBlockhashValid: ([hash, config]) => {
        const block = this.#block(config);
        const isValid = chain.slots.isBlockhashUsable(String(hash), block.height);
        return withContext(block, isValid);
      },
      getSignatureStatuses: ([signatures]) =>
        withContext(
          this.#historyView().block("processed"),
          (signatures as string[]).map((one) => this.#status(one)),
        ),
      getTransaction: ([signature, config]) => this.#transaction(String(signature), config),
      getSignaturesForAddress: ([address, config]) => this.#history(String(address), config),
      getAccountInfo: ([pubkey, config]) => {
        const block = this.#block(config);
        return withContext(block, this.#account(String(pubkey), block));
      },
      getMultipleAccounts: ([pubkeys, config]) => {
        const block = this.#block(config);
        return withContext(
          block,
          (pubkeys as string[]).map((pubkey) => this.#account(pubkey, block)),
        );
      },
      getBalance: ([pubkey, config]) => {
        const block = this.#block(config);
        return withContext(block, Number(this.#read(String(pubkey), block)?.lamports ?? 0n));
      },
      getTokenAccountsByOwner: ([owner, filter, config]) =>
        this.#ownedAccounts(String(owner), filter as Config, config),
      simulateTransaction: ([payload, config]) => this.#simulate(String(payload), config as Config),
      sendTransaction: ([payload]) => this.#send(String(payload)),
    };
  }

  /** The same node, further behind or caught up. */
  setLag(slots: number): void {
    this.#view = new RpcView(this.#chain.slots, slots);
  }

  lagSlots(): number {
    return this.#view.slotsBehindChain();
  }

  /** @throws RpcRefusal */
  call(method: string, params: Params): unknown {
    const found = this.#methods[method];
    if (found === undefined) throw new RpcRefusal(-32_601, "Method not found");
    return found(params);
  }

  /** Whether this node would tell a subscriber of a confirmed signature now. */
  hasConfirmed(signature: string): boolean {
    const record = this.#seen(signature);
    return record !== undefined && record.block.slot <= this.#view.block("confirmed").slot;
  }

  /** What a subscriber sees of an account; `version` stays the same object while nothing changes. */
  accountNews(
    pubkey: string,
    commitment: Commitment,
  ): { version: ChainAccount | undefined; result: unknown } {
    const block = this.#view.block(commitment);
    const version = this.#read(pubkey, block);
    return { version, result: withContext(block, encodeAccount(version ?? systemAccount(0n))) };
  }

  head(): Block {
    return this.#view.block("processed");
  }

  #block(config: unknown): Block {
    const { commitment = "finalized", minContextSlot } = (config ?? {}) as Config;
    const block = this.#view.block(commitment as Commitment);
    if (typeof minContextSlot === "number" && block.slot < minContextSlot) {
      throw new RpcRefusal(-32_016, "Minimum context slot has not been reached");
    }
    return block;
  }

  #seen(signature: string): LedgerRecord | undefined {
    const record = this.#chain.record(signature);
    if (record === undefined || this.#holes(signature)) return undefined;
    return record.block.slot <= this.#historyView().block("processed").slot ? record : undefined;
  }

  /** What nodes remember lies in a store of its own, which may follow late. */
  #historyView(): RpcView {
    return this.historyLagSlots === 0 ? this.#view : this.#view.behind(this.historyLagSlots);
  }

  #latestBlockhash(block: Block): unknown {
    return withContext(block, this.#chain.slots.lifetimeOf(block));
  }

  #status(signature: string): unknown {
    const record = this.#seen(signature);
    if (record === undefined) return null;
    const { slot } = record.block;
    const level = this.#historyView().commitmentOf(slot) ?? "processed";
    const { err } = record;
    const confirmations = level === "finalized" ? null : 3;
    return { slot, confirmations, err, confirmationStatus: level };
  }

  #transaction(signature: string, config: unknown): unknown {
    const record = this.#seen(signature);
    if (record === undefined || record.block.slot > this.#block(config).slot) return null;
    const { transaction, block, err, fee, before, after } = record;
    return {
      slot: block.slot,
      blockTime: Math.floor(block.timeMs / 1_000),
      version: 0,
      transaction: {
        signatures: [signature],
        message: {
          accountKeys: transaction.staticKeys,
          recentBlockhash: transaction.recentBlockhash,
        },
      },
      meta: {
        err,
        fee: Number(fee),
        preBalances: before.map(lamportsOf),
        postBalances: after.map(lamportsOf),
        preTokenBalances: before.flatMap(tokenBalanceOf),
        postTokenBalances: after.flatMap(tokenBalanceOf),
        loadedAddresses: { writable: [], readonly: [] },
      },
    };
  }

  #history(address: string, config: unknown): unknown {
    const newest = this.#block(config).slot - this.historyLagSlots;
    const found = [...this.#chain.records()]
      .filter(({ signature, transaction, block }) => {
        const isNamed = transaction.staticKeys.includes(address);
        return isNamed && block.slot <= newest && !this.#holes(signature);
      })
      .toSorted((a, b) => b.block.slot - a.block.slot);
    const { before, limit = HISTORY_MAX } = (config ?? {}) as Page;
    const start = found.findIndex(({ signature }) => signature === before) + 1;
    return found.slice(start, start + limit).map(({ signature, block, err }) => {
      const blockTime = Math.floor(block.timeMs / 1_000);
      return { signature, slot: block.slot, err, blockTime, memo: null };
    });
  }

  #ownedAccounts(owner: string, { programId }: Config, config: unknown): unknown {
    const block = this.#block(config);
    if (programId !== TOKEN_PROGRAM) return withContext(block, []);
    if (this.emptyReadChance > 0 && this.#prng.nextFloat() < this.emptyReadChance) {
      return withContext(block, []);
    }
    const found = this.#chain.tokenAccountsOf(owner).flatMap((pubkey) => {
      const account = this.#account(pubkey, block);
      return account === null ? [] : [{ pubkey, account }];
    });
    return withContext(block, found);
  }

  #simulate(payload: string, config: Config): unknown {
    const block = this.#view.block("confirmed");
    const replaces = config["replaceRecentBlockhash"] === true;
    const { err, writes } = this.#chain.simulate(payload, block, replaces);
    const { addresses } = (config["accounts"] ?? { addresses: [] }) as { addresses: string[] };
    const read = (pubkey: string): ChainAccount | undefined =>
      writes.has(pubkey) ? writes.get(pubkey) : this.#read(pubkey, block);
    const accounts = err === null ? addresses.map((one) => encodeAccount(read(one))) : null;
    return withContext(block, { err, logs: [], unitsConsumed: 60_000, accounts });
  }

  #send(payload: string): string {
    try {
      if (this.#prng.nextFloat() < this.forgetChance) {
        return encodeBase58(this.#chain.parse(payload).signatures[0] as Uint8Array);
      }
      return this.#chain.submit(payload);
    } catch (error) {
      if (error instanceof LedgerRefusal) {
        throw new RpcRefusal(-32_003, "Transaction signature verification failure");
      }
      if (error instanceof WireError) throw new RpcRefusal(-32_602, "failed to deserialize");
      throw error;
    }
  }

  #read(pubkey: string, block: Block): ChainAccount | undefined {
    return this.#chain.accounts.at(pubkey, block.slot);
  }

  #account(pubkey: string, block: Block): unknown {
    return encodeAccount(this.#read(pubkey, block));
  }
}

function withContext(block: Block, value: unknown): unknown {
  return { context: { slot: block.slot, apiVersion: "2.3.6" }, value };
}

function encodeAccount(account: ChainAccount | undefined): unknown {
  if (account === undefined) return null;
  const { lamports, owner, data } = account;
  const text = Buffer.from(data.buffer, data.byteOffset, data.length).toString("base64");
  return { lamports: Number(lamports), owner, data: [text, "base64"], executable: false };
}

function lamportsOf(account: ChainAccount | undefined): number {
  return Number(account?.lamports ?? 0n);
}

function tokenBalanceOf(account: ChainAccount | undefined, accountIndex: number): unknown[] {
  if (account?.data.length !== TOKEN_ACCOUNT_BYTES) return [];
  const mint = encodeBase58(account.data.subarray(0, 32));
  const owner = encodeBase58(account.data.subarray(32, 64));
  const amount = String(tokenQuantityOf(account));
  if (mint === NATIVE_MINT && amount === "0") return [];
  return [{ accountIndex, mint, owner, uiTokenAmount: { amount } }];
}
