import { createHash } from "node:crypto";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import type { ChainAccount } from "./account-history.ts";
import { type ChainError, failedInstructionOf, instructionError } from "./chain-error.ts";
import { SYSTEM_PROGRAM } from "./durable-nonce.ts";
import { composeLogs, MODEL_UNITS } from "./instruction-logs.ts";
import { encodePlainMessage, type PlainMessage } from "./plain-message.ts";
import type { ModelEvent, ProgramModel } from "./program-model.ts";
import type { ResolvedKey } from "./resolved-keys.ts";
import { parseComputeBudget, transactionFee } from "./transaction-fee.ts";
import { planTransaction, type Plan, type Step } from "./transaction-plan.ts";
import type { Vm, VmResult } from "./vm.ts";
import type { WireTransaction } from "./wire-transaction.ts";

export interface InnerInstruction {
  programId: string;
  accounts: string[];
  data: Uint8Array;
  stackHeight: number;
}

export interface RunOutcome {
  /** False when the fee could not be taken, so that no block holds the transaction. */
  landed: boolean;
  err: ChainError | null;
  fee: bigint;
  logs: string[];
  unitsConsumed: number;
  /** By instruction of the original message. */
  inner: Map<number, InnerInstruction[]>;
  returnData: VmResult["returnData"];
  /** Every account that the run could have changed. */
  touched: string[];
  /** Accounts after a simulation that succeeded; empty otherwise. */
  accounts: ReadonlyMap<string, ChainAccount>;
}

export interface RunInput {
  transaction: WireTransaction;
  keys: readonly ResolvedKey[];
  slot: number;
  mode: "land" | "simulate";
}

interface StepsResult {
  err: ChainError | null;
  vm: VmResult | undefined;
  message: PlainMessage | undefined;
}

/** Pays the machine's own fee, so that forged helper signatures cost the real payer nothing. */
const HELPER_PAYER = encodeBase58(createHash("sha256").update("stand-in fee payer").digest());
const HELPER_LAMPORTS = 10n ** 17n;
const EVENT_TAG = Buffer.from("e445a52e51cb9a1d", "hex");

/** Runs transactions on the virtual machine, with model instructions replaced by transfers. */
export class TransactionRunner {
  readonly #vm: Vm;
  readonly #models = new Map<string, ProgramModel>();

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  registerModel(model: ProgramModel): void {
    this.#models.set(model.programId, model);
  }

  run(input: RunInput): RunOutcome {
    const fee = transactionFee(input.transaction);
    const payerKey = (input.keys[0] as ResolvedKey).pubkey;
    const payer = this.#vm.account(payerKey);
    const refusal = payer === undefined ? "AccountNotFound" : this.#checkPayer(payer, fee);
    if (payer === undefined || refusal !== undefined) return refused(refusal ?? null);
    const paid = { ...payer, lamports: payer.lamports - fee };
    this.#vm.setAccount(payerKey, paid);
    try {
      const outcome = this.#runPaid(input, fee);
      if (input.mode === "land" || outcome.err !== null) return outcome;
      const accounts = new Map([[payerKey, paid], ...outcome.accounts]);
      return { ...outcome, accounts };
    } finally {
      if (input.mode === "simulate") this.#vm.setAccount(payerKey, payer);
    }
  }

  #checkPayer(payer: ChainAccount, fee: bigint): ChainError | undefined {
    if (payer.owner !== SYSTEM_PROGRAM) return "InvalidAccountForFee";
    if (payer.lamports < fee) return "InsufficientFundsForFee";
    const rest = payer.lamports - fee;
    const rentMinimum = this.#vm.rentExemptLamports(payer.data.length);
    if (rest > 0n && rest < rentMinimum && payer.lamports >= rentMinimum) {
      return { InsufficientFundsForRent: { account_index: 0 } };
    }
    return undefined;
  }

  #runPaid(input: RunInput, fee: bigint): RunOutcome {
    const { transaction, keys, slot } = input;
    const plan = planTransaction({
      transaction,
      keys,
      slot,
      paymaster: HELPER_PAYER,
      models: this.#models,
      accountOf: (pubkey) => this.#vm.account(pubkey),
      rehearse: (steps) => this.#rehearse(steps, keys),
    });
    const ran = plan.err === null ? this.#runSteps(plan, input) : undefined;
    const err = plan.err ?? ran?.err ?? null;
    if (err === null && input.mode === "land") {
      this.#applyOverlay(plan);
      for (const { meaning } of plan.models) if (meaning.kind === "transfers") meaning.commit();
    }
    const vmUnits = ran?.vm?.unitsConsumed ?? plan.prefix?.unitsConsumed ?? 0;
    return {
      landed: true,
      err,
      fee,
      logs: composeLogs(plan.steps, plan.models, ran?.vm?.logs ?? plan.prefix?.logs ?? [], err),
      unitsConsumed: vmUnits + plan.models.length * MODEL_UNITS,
      inner: err === null ? collectInner(plan, ran) : new Map(),
      returnData: ran?.vm?.returnData,
      touched: [...new Set([...touchedKeys(plan.steps, keys), ...plan.overlay.pubkeys])],
      accounts: err === null ? this.#shownAccounts(plan, ran?.vm) : new Map(),
    };
  }

  #applyOverlay({ overlay }: Plan): void {
    for (const pubkey of overlay.pubkeys) {
      const account = overlay.over(pubkey, this.#vm.account(pubkey));
      if (account !== undefined) this.#vm.setAccount(pubkey, account);
    }
  }

  /** After a simulation, with what the models wrote. */
  #shownAccounts({ overlay }: Plan, vm: VmResult | undefined): ReadonlyMap<string, ChainAccount> {
    const shown = new Map(vm?.accounts);
    for (const pubkey of overlay.pubkeys) {
      const account = overlay.over(pubkey, shown.get(pubkey) ?? this.#vm.account(pubkey));
      if (account !== undefined) shown.set(pubkey, account);
    }
    return shown;
  }

  #rehearse(steps: readonly Step[], keys: readonly ResolvedKey[]): VmResult {
    const message = this.#message(steps);
    const result = this.#vm.simulate(message);
    return { ...result, err: translateError(result.err, steps, keys, message) };
  }

  #runSteps(plan: Plan, { keys, mode, transaction }: RunInput): StepsResult {
    const message = this.#message(plan.steps);
    if (mode === "simulate" || plan.models.length > 0) {
      const vm = this.#vm.simulate(message);
      const err = translateError(vm.err, plan.steps, keys, message);
      const failed = err ?? checkUnits(plan, vm, transaction);
      if (mode === "simulate" || failed !== null) return { err: failed, vm, message };
    }
    const vm = this.#vm.execute(message);
    return { err: translateError(vm.err, plan.steps, keys, message), vm, message };
  }

  #message(steps: readonly Step[]): PlainMessage {
    this.#vm.setAccount(HELPER_PAYER, {
      lamports: HELPER_LAMPORTS,
      data: new Uint8Array(),
      owner: SYSTEM_PROGRAM,
      executable: false,
    });
    const instructions = steps.map(({ instruction }) => instruction);
    return encodePlainMessage(HELPER_PAYER, this.#vm.blockhash(), instructions);
  }
}

/** The outcome of a transaction that no block can hold. */
export function refused(err: ChainError | null): RunOutcome {
  return {
    landed: false,
    err,
    fee: 0n,
    logs: [],
    unitsConsumed: 0,
    inner: new Map(),
    returnData: undefined,
    touched: [],
    accounts: new Map(),
  };
}

/** A model's program would run out of units long before the plain transfers do. */
function checkUnits(plan: Plan, vm: VmResult, transaction: WireTransaction): ChainError | null {
  const last = plan.models.at(-1);
  if (last === undefined) return null;
  const units = vm.unitsConsumed + plan.models.length * MODEL_UNITS;
  if (units <= parseComputeBudget(transaction).unitLimit) return null;
  return instructionError(last.originalIndex, "ComputationalBudgetExceeded");
}

/** The machine's indexes belong to the rewritten message; the outside knows only the original. */
function translateError(
  err: ChainError | null,
  steps: readonly Step[],
  keys: readonly ResolvedKey[],
  message: PlainMessage,
): ChainError | null {
  if (err === null || typeof err === "string") return err;
  const stepIndex = failedInstructionOf(err);
  if (stepIndex !== undefined) {
    const [, reason] = err["InstructionError"] as [number, string | { Custom: number }];
    return instructionError(steps[stepIndex]?.originalIndex ?? stepIndex, reason);
  }
  const [kind, detail] = Object.entries(err)[0] as [string, { account_index?: number }];
  if (detail.account_index === undefined) return err;
  const pubkey = message.keys[detail.account_index];
  const index = keys.findIndex((key) => key.pubkey === pubkey);
  return { [kind]: { account_index: Math.max(index, 0) } };
}

function collectInner(plan: Plan, ran: StepsResult | undefined): Map<number, InnerInstruction[]> {
  const collected = new Map<number, InnerInstruction[]>();
  const modelIndexes = new Set(plan.models.map(({ originalIndex }) => originalIndex));
  for (const [stepIndex, { originalIndex, instruction }] of plan.steps.entries()) {
    if (plan.steps[stepIndex]?.isQuiet === true) continue;
    const depth = modelIndexes.has(originalIndex) ? 1 : 0;
    const list = collected.get(originalIndex) ?? [];
    if (depth === 1) {
      const accounts = instruction.accounts.map(({ pubkey }) => pubkey);
      list.push({ ...instruction, accounts, stackHeight: 2 });
    }
    for (const entry of ran?.vm?.inner[stepIndex] ?? []) {
      const keyAt = (index: number) => ran?.message?.keys[index] as string;
      list.push({
        programId: keyAt(entry.programIndex),
        accounts: entry.accountIndexes.map(keyAt),
        data: entry.data,
        stackHeight: entry.stackHeight + depth,
      });
    }
    if (list.length > 0) collected.set(originalIndex, list);
  }
  for (const { originalIndex, meaning } of plan.models) {
    if (meaning.kind !== "transfers") continue;
    const told = (meaning.events ?? []).flatMap(selfCallOf);
    if (told.length === 0) continue;
    collected.set(originalIndex, [...(collected.get(originalIndex) ?? []), ...told]);
  }
  return collected;
}

/** Anchor's way to tell an event where logs are cut off: a call to itself that does nothing. */
function selfCallOf({ programId, eventAuthority, data }: ModelEvent): InnerInstruction[] {
  if (eventAuthority === undefined) return [];
  const accounts = [eventAuthority];
  return [{ programId, accounts, data: Buffer.concat([EVENT_TAG, data]), stackHeight: 2 }];
}

function touchedKeys(steps: readonly Step[], keys: readonly ResolvedKey[]): string[] {
  const touched = new Set(keys.filter(({ isWritable }) => isWritable).map(({ pubkey }) => pubkey));
  for (const { instruction } of steps) {
    for (const { pubkey, isWritable } of instruction.accounts) if (isWritable) touched.add(pubkey);
  }
  return [...touched];
}
