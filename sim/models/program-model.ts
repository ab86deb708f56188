export interface ModelAccountMeta {
  pubkey: string;
  isSigner: boolean;
  isWritable: boolean;
}

/** A program that the virtual machine cannot run; its instruction means plain transfers. */
export interface ModelInstruction {
  programId: string;
  accounts: ModelAccountMeta[];
  data: Uint8Array;
}

/** What a model may read: the accounts as the earlier instructions of the transaction left them. */
export interface ModelView {
  slot: number;
  lamportsOf(pubkey: string): bigint;
  tokenAmountOf(tokenAccount: string): bigint | undefined;
  /** The program that owns the account. */
  ownerOf(pubkey: string): string | undefined;
  dataOf(pubkey: string): Uint8Array | undefined;
}

/**
 * `from` and `to` are token accounts for kind "token" (`authority` is the owner of the source
 * account) and system accounts for kind "sol". The user's consent is checked as a signature of the
 * transaction; a pool's consent comes from `ProgramModel.authorities`.
 */
export type ModelTransfer =
  | {
      kind: "token";
      mint: string;
      tokenProgram: string;
      from: string;
      to: string;
      authority: string;
      quantity: bigint;
      decimals: number;
    }
  | { kind: "sol"; from: string; to: string; lamports: bigint }
  /** The program pays out of an account that it owns, which takes no signature and no call. */
  | { kind: "payout"; from: string; to: string; lamports: bigint }
  /** Only thieves mean this: `delegate` may spend from `account`, whose owner is `authority`. */
  | {
      kind: "approve";
      tokenProgram: string;
      account: string;
      delegate: string;
      authority: string;
      quantity: bigint;
    };

/** The whole data of an account of the program, which is its owner from now on. */
export interface ModelWrite {
  pubkey: string;
  owner: string;
  data: Uint8Array;
}

/** An event in the encoding of Anchor: told in the log and by a call of the program to itself. */
export interface ModelEvent {
  programId: string;
  eventAuthority: string | undefined;
  data: Uint8Array;
}

export type ModelMeaning =
  | {
      kind: "transfers";
      transfers: ModelTransfer[];
      writes?: readonly ModelWrite[];
      events?: readonly ModelEvent[];
      logs: string[];
      /** Called once, and only if the whole transaction succeeded and really lands. */
      commit(): void;
    }
  /** A custom program error of the chain, for example 6001. */
  | { kind: "error"; code: number; logs: string[] };

export interface ProgramModel {
  programId: string;
  /** Called while executing or simulating, before this instruction changed anything. */
  interpret(
    instruction: ModelInstruction,
    view: ModelView,
    signers: readonly string[],
  ): ModelMeaning;
  /** The authorities that the model controls: owners of pool vaults, keys or derived addresses. */
  authorities(): { has(pubkey: string): boolean };
  /** Programs that it calls and whose accounts it therefore changes. */
  readonly calls?: readonly string[];
}
