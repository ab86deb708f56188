import type { ChainAccount } from "./account-history.ts";
import { AccountOverlay } from "./account-overlay.ts";
import { type ChainError, instructionError } from "./chain-error.ts";
import { authorityOf, checkPrivileges, encodeTransfer, isOwn } from "./model-step.ts";
import type { PlainInstruction } from "./plain-message.ts";
import type { ModelMeaning, ModelView, ProgramModel } from "./program-model.ts";
import type { ResolvedKey } from "./resolved-keys.ts";
import type { WireTransaction } from "./wire-transaction.ts";

/** One instruction as the machine runs it, with the instruction that it came from. */
export interface Step {
  originalIndex: number;
  instruction: PlainInstruction;
  /** Bookkeeping of the machine that no node would show. */
  isQuiet?: boolean;
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
  overlay: AccountOverlay;
  /** The transaction fails with this, whatever the machine would say to the steps. */
  err: ChainError | null;
  /** The last rehearsal of a prefix; its log belongs to a plan that failed. */
  prefix: Rehearsal | undefined;
}

export interface PlanInput {
  transaction: WireTransaction;
  keys: readonly ResolvedKey[];
  slot: number;
  /** Pays inside the machine for what programs pay out of their own accounts. */
  paymaster: string;
  models: ReadonlyMap<string, ProgramModel>;
  accountOf(pubkey: string): ChainAccount | undefined;
  rehearse(steps: readonly Step[]): Rehearsal;
}

/**
 * Replaces model instructions by the transfers that they mean. A model sees the accounts as the
 * earlier instructions leave them, so those are rehearsed first, and an error of theirs wins.
 */
export function planTransaction(input: PlanInput): Plan {
  const plan: Plan = {
    steps: [],
    models: [],
    overlay: new AccountOverlay(),
    err: null,
    prefix: undefined,
  };
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
  const view = createView(input, plan);
  const meaning = model.interpret(instruction, view, signers);
  plan.models.push({ originalIndex, programId: model.programId, meaning });
  if (meaning.kind === "error") {
    plan.err = instructionError(originalIndex, { Custom: meaning.code });
    return;
  }
  for (const transfer of meaning.transfers) {
    const reason = checkPrivileges(transfer, input.keys, model, view.ownerOf);
    if (reason !== undefined) {
      plan.err = instructionError(originalIndex, reason);
      return;
    }
    const isQuiet = transfer.kind === "payout";
    if (transfer.kind === "payout") plan.overlay.pay(transfer.from, transfer.lamports);
    const step = encodeTransfer(transfer, input.paymaster);
    plan.steps.push({ originalIndex, instruction: step, ...(isQuiet ? { isQuiet } : {}) });
  }
  for (const write of meaning.writes ?? []) {
    const isWritable = input.keys.some((key) => key.pubkey === write.pubkey && key.isWritable);
    if (!isWritable || !isOwn(model, write.owner)) {
      plan.err = instructionError(originalIndex, "ReadonlyDataModified");
      return;
    }
    plan.overlay.write(write);
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
      if (authority !== undefined && !signed.has(authority)) forged.add(authority);
    }
  }
  const modelIndexes = new Set(plan.models.map(({ originalIndex }) => originalIndex));
  return plan.steps.find(
    ({ originalIndex, instruction }) =>
      !modelIndexes.has(originalIndex) &&
      instruction.accounts.some(({ pubkey }) => forged.has(pubkey)),
  )?.originalIndex;
}

function createView(input: PlanInput, { prefix, overlay }: Plan): ModelView {
  function account(pubkey: string): ChainAccount | undefined {
    const seen = prefix?.accounts.get(pubkey) ?? input.accountOf(pubkey);
    const changed = overlay.over(pubkey, seen);
    return changed !== undefined && changed.lamports > 0n ? changed : undefined;
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
