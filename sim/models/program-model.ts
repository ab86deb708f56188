import type { Keypair } from "@solana/web3.js";

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
 * transaction; a pool's consent comes from the keypairs in `ProgramModel.authorities`.
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
  /** Only thieves mean this: `delegate` may spend from `account`, whose owner is `authority`. */
  | {
      kind: "approve";
      tokenProgram: string;
      account: string;
      delegate: string;
      authority: string;
      quantity: bigint;
    };

export type ModelMeaning =
  | {
      kind: "transfers";
      transfers: ModelTransfer[];
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
  /** Keys of the authorities that the model controls (owners of pool vaults), by pubkey. */
  authorities(): ReadonlyMap<string, Keypair>;
}
