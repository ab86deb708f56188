export interface ChainAccount {
  lamports: bigint;
  data: Uint8Array;
  owner: string;
  executable: boolean;
}

export interface AccountVersion {
  slot: number;
  /** Absent once the account was closed. */
  account: ChainAccount | undefined;
}

/** A view may be a few hundred slots stale; older versions than that answer no question. */
const SLOTS_KEPT = 600;

/** Every account as it was at every recent slot, so that each commitment reads its own state. */
export class AccountHistory {
  readonly #versions = new Map<string, AccountVersion[]>();
  readonly #byProgram = new Map<string, Set<string>>();

  write(pubkey: string, slot: number, account: ChainAccount | undefined): void {
    const versions = this.#versions.get(pubkey) ?? [];
    if (versions.at(-1)?.slot === slot) versions.pop();
    versions.push({ slot, account });
    while ((versions[1]?.slot ?? slot) < slot - SLOTS_KEPT) versions.shift();
    this.#versions.set(pubkey, versions);
    if (account !== undefined) this.#indexProgram(account.owner, pubkey);
  }

  /** Forgets everything written in `slot` and later: those blocks were taken back. */
  rollBack(slot: number): void {
    for (const versions of this.#versions.values()) {
      while ((versions.at(-1)?.slot ?? -1) >= slot) versions.pop();
    }
  }

  /** The same for one account. */
  rollBackOne(pubkey: string, slot: number): void {
    const versions = this.#versions.get(pubkey) ?? [];
    while ((versions.at(-1)?.slot ?? -1) >= slot) versions.pop();
  }

  /** Accounts that never changed are unknown here; `known` tells the two kinds of absence apart. */
  at(pubkey: string, slot: number): ChainAccount | undefined {
    return this.#versions.get(pubkey)?.findLast((version) => version.slot <= slot)?.account;
  }

  known(pubkey: string): boolean {
    return this.#versions.has(pubkey);
  }

  /** Versions written in the slots (after, until], oldest first. */
  changes(pubkey: string, after: number, until: number): readonly AccountVersion[] {
    const versions = this.#versions.get(pubkey) ?? [];
    return versions.filter((version) => version.slot > after && version.slot <= until);
  }

  /** Accounts that the program owned at `slot`, in the order in which they first appeared. */
  ownedBy(programId: string, slot: number): [string, ChainAccount][] {
    const found: [string, ChainAccount][] = [];
    for (const pubkey of this.#byProgram.get(programId) ?? []) {
      const account = this.at(pubkey, slot);
      if (account?.owner === programId) found.push([pubkey, account]);
    }
    return found;
  }

  #indexProgram(programId: string, pubkey: string): void {
    const pubkeys = this.#byProgram.get(programId) ?? new Set();
    pubkeys.add(pubkey);
    this.#byProgram.set(programId, pubkeys);
  }
}
