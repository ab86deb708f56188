import type { ModelInstruction, ModelView } from "../program-model.ts";
import { parseTokenHolding, TOKEN_PROGRAMS, type TokenHolding } from "../token-accounts.ts";

/** Codes of the framework that the programs are written in; their own start at 6000. */
export const ANCHOR_ERRORS = {
  instructionFallbackNotFound: 101,
  instructionDidNotDeserialize: 102,
  constraintMut: 2000,
  constraintHasOne: 2001,
  constraintRaw: 2003,
  constraintOwner: 2004,
  constraintSeeds: 2006,
  constraintAssociated: 2009,
  constraintAddress: 2012,
  constraintTokenMint: 2014,
  constraintTokenOwner: 2015,
  requireGt: 2505,
  accountDiscriminatorMismatch: 3002,
  accountNotEnoughKeys: 3005,
  accountOwnedByWrongProgram: 3007,
  invalidProgramId: 3008,
  accountNotSigner: 3010,
  accountNotInitialized: 3012,
} as const;

/** A program stops with this code and the transaction is taken back. */
export class ProgramFailure extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** What one place of an account list must hold. */
export interface AccountRule {
  name: string;
  /** The only address that may stand here; absent for whatever the caller chooses. */
  address?: string;
  /** Code for another address. */
  code?: number;
  isWritable?: boolean;
  isSigner?: boolean;
}

/** Checks a list in its order, as the framework does, and gives the addresses by name. */
export function checkAccounts(
  instruction: ModelInstruction,
  rules: readonly AccountRule[],
  signers: readonly string[],
): Map<string, string> {
  const found = new Map<string, string>();
  for (const [index, rule] of rules.entries()) {
    const account = instruction.accounts[index];
    if (account === undefined) {
      throw new ProgramFailure(
        ANCHOR_ERRORS.accountNotEnoughKeys,
        "Not enough account keys given to the instruction",
      );
    }
    const { pubkey } = account;
    if (rule.isSigner === true && !(account.isSigner && signers.includes(pubkey))) {
      throw new ProgramFailure(ANCHOR_ERRORS.accountNotSigner, `${rule.name} did not sign`);
    }
    if (rule.address !== undefined && rule.address !== pubkey) {
      const code = rule.code ?? ANCHOR_ERRORS.constraintSeeds;
      throw new ProgramFailure(code, `a constraint of ${rule.name} was violated`);
    }
    if (rule.isWritable === true && !account.isWritable) {
      throw new ProgramFailure(ANCHOR_ERRORS.constraintMut, `${rule.name} is not writable`);
    }
    found.set(rule.name, pubkey);
  }
  return found;
}

/** An account of this program and kind. */
export function readState(
  view: ModelView,
  pubkey: string,
  programId: string,
  tag: Uint8Array,
): Uint8Array {
  const data = view.dataOf(pubkey);
  if (data === undefined || data.length < 8) {
    throw new ProgramFailure(ANCHOR_ERRORS.accountNotInitialized, `${pubkey} is not initialized`);
  }
  if (view.ownerOf(pubkey) !== programId) {
    const message = `${pubkey} is owned by another program than expected`;
    throw new ProgramFailure(ANCHOR_ERRORS.accountOwnedByWrongProgram, message);
  }
  if (Buffer.compare(Buffer.from(data.subarray(0, 8)), Buffer.from(tag)) !== 0) {
    const message = `${pubkey} is of another kind than expected`;
    throw new ProgramFailure(ANCHOR_ERRORS.accountDiscriminatorMismatch, message);
  }
  return data;
}

/** A token account that exists and holds this mint. */
export function readTokens(
  view: ModelView,
  pubkey: string,
  expected: { mint: string; tokenProgram: string; owner?: string },
): TokenHolding {
  const owner = view.ownerOf(pubkey);
  const data = view.dataOf(pubkey);
  const account = { lamports: 1n, data: data ?? new Uint8Array(), owner: owner ?? "" };
  const holding = parseTokenHolding({ ...account, executable: false });
  if (holding === undefined) {
    throw new ProgramFailure(ANCHOR_ERRORS.accountNotInitialized, `${pubkey} is not initialized`);
  }
  if (!TOKEN_PROGRAMS.includes(expected.tokenProgram) || owner !== expected.tokenProgram) {
    throw new ProgramFailure(
      ANCHOR_ERRORS.constraintOwner,
      `${pubkey} is of another token program`,
    );
  }
  if (holding.mint !== expected.mint) {
    throw new ProgramFailure(ANCHOR_ERRORS.constraintTokenMint, `${pubkey} holds another mint`);
  }
  if (expected.owner !== undefined && holding.owner !== expected.owner) {
    throw new ProgramFailure(ANCHOR_ERRORS.constraintTokenOwner, `${pubkey} has another owner`);
  }
  return holding;
}

/** @throws ProgramFailure when there is no such account. */
export function addressOf(accounts: ReadonlyMap<string, string>, name: string): string {
  const pubkey = accounts.get(name);
  if (pubkey === undefined) throw new Error(`expected an account named ${name}`);
  return pubkey;
}

export function failureLogs(failure: ProgramFailure): string[] {
  const head = `Program log: AnchorError occurred. Error Number: ${failure.code}.`;
  return [`${head} Error Message: ${failure.message}.`];
}
