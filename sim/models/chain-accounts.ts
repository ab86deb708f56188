import { createHash } from "node:crypto";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { AccountHistory, type AccountVersion, type ChainAccount } from "./account-history.ts";
import { SYSTEM_PROGRAM } from "./durable-nonce.ts";
import { encodePlainMessage, pubkeyBytes } from "./plain-message.ts";
import { encodeLookupTable, LOOKUP_TABLE_PROGRAM } from "./resolved-keys.ts";
import {
  addQuantity,
  addSupply,
  deriveTokenAccount,
  encodeMint,
  encodeTokenAccountCreation,
  NATIVE_MINT,
  type NewMint,
  parseTokenHolding,
  tokenProgramId,
  withFrozen,
} from "./token-accounts.ts";
import type { Vm } from "./vm.ts";

/** Pays rent for accounts that the world creates; nobody holds its key. */
const WORLD_PAYER = encodeBase58(createHash("sha256").update("stand-in world payer").digest());
const WORLD_LAMPORTS = 10n ** 17n;
/** Of a token account: after its mint. */
const TOKEN_OWNER_OFFSET = 32;
const PLAIN_MINT_BYTES = 82;
/** Without lamports there is no account. */
const NO_ACCOUNT: ChainAccount = {
  lamports: 0n,
  data: new Uint8Array(),
  owner: SYSTEM_PROGRAM,
  executable: false,
};

/**
 * The accounts of the chain: as they are now in the virtual machine and as they were at each recent
 * slot. Also the place where the world changes accounts without a transaction.
 */
export class ChainAccounts {
  readonly #vm: Vm;
  readonly #history = new AccountHistory();
  readonly #freshAccounts = new Map<string, ChainAccount>();
  #tableCount = 0;
  /** Slot that a change outside of transactions belongs to; 0 while the world is laid out. */
  #worldSlot = 0;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  enterSlot(slot: number): void {
    this.#worldSlot = slot + 1;
  }

  current(pubkey: string): ChainAccount | undefined {
    return this.#vm.account(pubkey);
  }

  at(pubkey: string, slot: number): ChainAccount | undefined {
    return this.#history.known(pubkey) ? this.#history.at(pubkey, slot) : this.#vm.account(pubkey);
  }

  changes(pubkey: string, after: number, until: number): readonly AccountVersion[] {
    return this.#history.changes(pubkey, after, until);
  }

  ownedBy(programId: string, slot: number): [string, ChainAccount][] {
    return this.#history.ownedBy(programId, slot);
  }

  /** Must be called before a change, so that older views keep what was there before. */
  keepBefore(pubkeys: readonly string[]): void {
    for (const pubkey of pubkeys) {
      if (this.#history.known(pubkey)) continue;
      const account = this.#vm.account(pubkey);
      if (account !== undefined) this.#history.write(pubkey, 0, account);
    }
  }

  /** Takes over what the virtual machine did in `slot`. */
  keepAfter(pubkeys: readonly string[], slot: number): void {
    for (const pubkey of pubkeys) {
      const account = this.#vm.account(pubkey);
      const before = this.#history.at(pubkey, slot);
      // Programs never change, and the machine does not hold those that are only shown.
      if (before?.executable === true) continue;
      if (!isSame(before, account)) this.#history.write(pubkey, slot, account);
    }
  }

  /** Takes back what happened to these accounts in `slot` and later. */
  rollBack(pubkeys: Iterable<string>, slot: number): void {
    for (const pubkey of pubkeys) {
      if (!this.#history.known(pubkey)) continue;
      this.#history.rollBackOne(pubkey, slot);
      const account = this.#history.at(pubkey, slot);
      // The machine never loads a program that is only shown.
      if (account?.executable !== true) this.#vm.setAccount(pubkey, account ?? NO_ACCOUNT);
    }
  }

  setAccount(
    pubkey: string,
    account: { owner: string; data: Uint8Array; lamports?: bigint },
  ): void {
    this.keepBefore([pubkey]);
    const { owner, data } = account;
    const lamports = account.lamports ?? this.#vm.rentExemptLamports(data.length);
    this.#vm.setAccount(pubkey, { lamports, data, owner, executable: false });
    this.#history.write(pubkey, this.#worldSlot, this.#vm.account(pubkey));
  }

  /** Nodes show the program's account; the machine has no such program and must not load one. */
  showProgram(programId: string): void {
    this.#history.write(programId, 0, {
      lamports: this.#vm.rentExemptLamports(36),
      data: Uint8Array.of(2, ...new Uint8Array(35)),
      owner: "BPFLoaderUpgradeab1e11111111111111111111111",
      executable: true,
    });
  }

  setLamports(pubkey: string, lamports: bigint): void {
    const account = this.current(pubkey) ?? { owner: SYSTEM_PROGRAM, data: new Uint8Array() };
    this.setAccount(pubkey, { ...account, lamports });
  }

  createMint(options: NewMint): string {
    if (options.mint === undefined) throw new Error("expected the mint's key");
    const mint = options.mint.publicKey.toBase58();
    const owner = tokenProgramId(options.tokenProgram);
    this.setAccount(mint, { owner, data: encodeMint(options) });
    if (options.supply > 0n) this.mintTo(mint, options.holder, options.supply);
    return mint;
  }

  /**
   * The owner's associated token account. When it is missing the real program makes the first one
   * of a mint; the next ones are that one with another owner, which is much quicker.
   */
  createTokenAccount(owner: string, mint: string): string {
    const tokenProgram = this.#tokenProgramOf(mint);
    const address = deriveTokenAccount(owner, mint, tokenProgram);
    if (this.current(address) !== undefined) return address;
    const form = this.#formOf(mint);
    const first = this.#freshAccounts.get(form);
    if (first !== undefined) {
      const data = Uint8Array.from(first.data);
      data.set(pubkeyBytes(owner), TOKEN_OWNER_OFFSET);
      this.setAccount(address, { ...first, data });
      return address;
    }
    this.setLamports(WORLD_PAYER, WORLD_LAMPORTS);
    const creation = encodeTokenAccountCreation(WORLD_PAYER, owner, mint, tokenProgram);
    const message = encodePlainMessage(WORLD_PAYER, this.#vm.blockhash(), [creation]);
    const { err, logs } = this.#vm.execute(message);
    if (err !== null) throw new Error(`token account was not created: ${logs.join("; ")}`);
    this.keepAfter([address], this.#worldSlot);
    const made = this.current(address);
    if (made !== undefined) this.#freshAccounts.set(form, made);
    return address;
  }

  /** What decides how an account of a mint begins: the mint, and the extensions that it has now. */
  #formOf(mint: string): string {
    const extensions = this.current(mint)?.data.subarray(PLAIN_MINT_BYTES) ?? new Uint8Array();
    return `${mint}/${Buffer.from(extensions).toString("base64")}`;
  }

  mintTo(mint: string, owner: string, quantity: bigint): void {
    const address = this.createTokenAccount(owner, mint);
    this.#replace(mint, (account) => addSupply(account, quantity));
    this.setTokenQuantity(address, (this.tokenQuantityOf(address) ?? 0n) + quantity);
  }

  /** Leaves the mint's supply alone; wrapped SOL keeps its lamports in step. */
  setTokenQuantity(tokenAccount: string, quantity: bigint): void {
    this.#replace(tokenAccount, (account) => {
      const holding = parseTokenHolding(account);
      if (holding === undefined) throw new Error(`expected a token account, was ${tokenAccount}`);
      const delta = quantity - holding.quantity;
      const lamports = account.lamports + (holding.mint === NATIVE_MINT ? delta : 0n);
      return { ...addQuantity(account, delta), lamports };
    });
  }

  /** What the freeze authority does. */
  setFrozen(tokenAccount: string, isFrozen: boolean): void {
    this.#replace(tokenAccount, (account) => withFrozen(account, isFrozen));
  }

  tokenQuantityOf(tokenAccount: string): bigint | undefined {
    return parseTokenHolding(this.current(tokenAccount))?.quantity;
  }

  createLookupTable(addresses: readonly string[], slot: number): string {
    const label = `stand-in lookup table ${this.#tableCount++}`;
    const table = encodeBase58(createHash("sha256").update(label).digest());
    const data = encodeLookupTable(addresses.map(pubkeyBytes), slot);
    this.setAccount(table, { owner: LOOKUP_TABLE_PROGRAM, data });
    return table;
  }

  #tokenProgramOf(mint: string): string {
    const account = this.current(mint);
    if (account === undefined) throw new Error(`expected a mint, was ${mint}`);
    return account.owner;
  }

  #replace(pubkey: string, change: (account: ChainAccount) => ChainAccount): void {
    const account = this.current(pubkey);
    if (account === undefined) throw new Error(`expected an account, was ${pubkey}`);
    this.setAccount(pubkey, change(account));
  }
}

function isSame(a: ChainAccount | undefined, b: ChainAccount | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.lamports === b.lamports && a.owner === b.owner && Buffer.compare(a.data, b.data) === 0;
}
