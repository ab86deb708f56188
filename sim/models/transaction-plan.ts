import type { ChainAccount } from "./account-history.ts";
import { type ChainError, instructionError } from "./chain-error.ts";
import { authorityOf, checkPrivileges, encodeTransfer } from "./model-step.ts";
import type { PlainInstruction } from "./plain-message.ts";
import type { ModelMeaning, ModelView, ProgramModel } from "./program-model.ts";
import type { ResolvedKey } from "./resolved-keys.ts";
import type { WireTransaction } from "./wire-transaction.ts";

/** One instruction as the machine runs it, with the instruction that it came from. */
export interface Step {
  originalIndex: number;
  instruction: PlainInstruction;
}

export interface ModelRun {
  originalIndex: number;
  programId: string;
  meaning: ModelMeaning;
}

/** What the machine answered for the steps that were planned so far. */
export interface Rehearsal {
  err: ChainError | null;
  logs: string[];
  unitsConsumed: number;
  accounts: ReadonlyMap<string, ChainAccount>;
}

export interface Plan {
  steps: Step[];
  models: ModelRun[];
  /** The transaction fails with this, whatever the machine would say to the steps. */
  err: ChainError | null;
  /** The last rehearsal of a prefix; its log belongs to a plan that failed. */
  prefix: Rehearsal | undefined;
}

export interface PlanInput {
  transaction: WireTransaction;
  keys: readonly ResolvedKey[];
  slot: number;
  models: ReadonlyMap<string, ProgramModel>;
  accountOf(pubkey: string): ChainAccount | undefined;
  rehearse(steps: readonly Step[]): Rehearsal;
}

/**
 * Replaces model instructions by the transfers that they mean. A model sees the accounts as the
 * earlier instructions leave them, so those are rehearsed first, and an error of theirs wins.
 */
export function planTransaction(input: PlanInput): Plan {
  const plan: Plan = { steps: [], models: [], err: null, prefix: undefined };
  for (const [originalIndex, wire] of input.transaction.instructions.entries()) {
    const instruction: PlainInstruction = {
      programId: (input.keys[wire.programIndex] as ResolvedKey).pubkey,
      accounts: wire.accountIndexes.map((index) => ({ ...(input.keys[index] as ResolvedKey) })),
      data: wire.data,
    };
    const model = input.models.get(instruction.programId);
    if (model === undefined) plan.steps.push({ originalIndex, instruction });
    else planModel(plan, input, { originalIndex, instruction, model });
    if (plan.err !== null) return plan;
  }
  const misused = findMisuse(plan, input.keys);
  if (misused !== undefined) plan.err = instructionError(misused, "MissingRequiredSignature");
  return plan;
}

function planModel(
  plan: Plan,
  input: PlanInput,
  { originalIndex, instruction, model }: Step & { model: ProgramModel },
): void {
  plan.prefix = plan.steps.length === 0 ? undefined : input.rehearse(plan.steps);
  plan.err = plan.prefix?.err ?? null;
  if (plan.err !== null) return;
  const signers = input.keys.filter(({ isSigner }) => isSigner).map(({ pubkey }) => pubkey);
  const meaning = model.interpret(instruction, createView(input, plan.prefix), signers);
  plan.models.push({ originalIndex, programId: model.programId, meaning });
  if (meaning.kind === "error") {
    plan.err = instructionError(originalIndex, { Custom: meaning.code });
    return;
  }
  for (const transfer of meaning.transfers) {
    const reason = checkPrivileges(transfer, input.keys, model);
    if (reason !== undefined) {
      plan.err = instructionError(originalIndex, reason);
      return;
    }
    plan.steps.push({ originalIndex, instruction: encodeTransfer(transfer) });
  }
}

/**
 * A pool's forged signature counts for the whole rewritten message, so an ordinary instruction
 * that names the pool's authority could use it; nothing honest does that.
 */
function findMisuse(plan: Plan, keys: readonly ResolvedKey[]): number | undefined {
  const signed = new Set(keys.filter(({ isSigner }) => isSigner).map(({ pubkey }) => pubkey));
  const forged = new Set<string>();
  for (const { meaning } of plan.models) {
    if (meaning.kind === "error") continue;
    for (const authority of meaning.transfers.map(authorityOf)) {
      if (!signed.has(authority)) forged.add(authority);
    }
  }
  const modelIndexes = new Set(plan.models.map(({ originalIndex }) => originalIndex));
  return plan.steps.find(
    ({ originalIndex, instruction }) =>
      !modelIndexes.has(originalIndex) &&
      instruction.accounts.some(({ pubkey }) => forged.has(pubkey)),
  )?.originalIndex;
}

function createView(input: PlanInput, prefix: Rehearsal | undefined): ModelView {
  function account(pubkey: string): ChainAccount | undefined {
    const rehearsed = prefix?.accounts.get(pubkey);
    if (rehearsed === undefined) return input.accountOf(pubkey);
    return rehearsed.lamports > 0n ? rehearsed : undefined;
  }
  return {
    slot: input.slot,
    lamportsOf: (pubkey) => account(pubkey)?.lamports ?? 0n,
    tokenAmountOf: (pubkey) => tokenQuantity(account(pubkey)),
    ownerOf: (pubkey) => account(pubkey)?.owner,
    dataOf: (pubkey) => account(pubkey)?.data,
  };
}

function tokenQuantity(account: ChainAccount | undefined): bigint | undefined {
  if (account === undefined || account.data.length < 165) return undefined;
  return Buffer.from(account.data).readBigUInt64LE(64);
}
