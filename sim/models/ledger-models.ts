import type { ChainAccount } from "./account-history.ts";
import { accessOfShelf, withTokens } from "./ledger-pool-chain.ts";
import { checkPrivileges } from "./model-step.ts";
import type { ModelTransfer, ModelWrite, ProgramModel } from "./program-model.ts";
import type { ResolvedKey } from "./resolved-keys.ts";
import type { WireTransaction } from "./wire-transaction.ts";

/** Accounts that a running transaction sees and changes. */
export interface ModelWork {
  get(pubkey: string): ChainAccount | undefined;
  put(pubkey: string, account: ChainAccount | undefined): void;
  addLamports(pubkey: string, change: bigint): void;
}

/** Why an instruction of a model fails, as the chain says it. */
export type ModelFailure = string | { Custom: number };

const INSUFFICIENT_FUNDS = { Custom: 1 };

/** The programs of pools over a ledger's accounts: the same models as over the virtual machine. */
export function runModel(
  model: ProgramModel,
  call: { transaction: WireTransaction; at: number; slot: number },
  work: ModelWork,
): ModelFailure | undefined {
  const { transaction, at, slot } = call;
  const keys = keysOf(transaction);
  const wire = transaction.instructions[at];
  if (wire === undefined) throw new Error(`expected an instruction at ${at}`);
  const accounts = wire.accountIndexes.map((index) => keys[index] as ResolvedKey);
  const view = { ...accessOfShelf(work), slot };
  const signers = transaction.staticKeys.slice(0, transaction.header.signerCount);
  const instruction = { programId: model.programId, accounts, data: wire.data };
  const meaning = model.interpret(instruction, view, signers);
  if (meaning.kind === "error") return { Custom: meaning.code };
  for (const transfer of meaning.transfers) {
    const refusal = checkPrivileges(transfer, keys, model, view.ownerOf);
    if (refusal !== undefined) return refusal;
  }
  return carryOut(meaning.transfers, meaning.writes ?? [], work);
}

/** What a program moves and writes; a rest of it is of no use to anybody who failed. */
export function carryOut(
  transfers: readonly ModelTransfer[],
  writes: readonly ModelWrite[],
  work: ModelWork,
): ModelFailure | undefined {
  for (const transfer of transfers) {
    const failure = transfer.kind === "token" ? moveTokens(transfer, work) : pay(transfer, work);
    if (failure !== undefined) return failure;
  }
  for (const { pubkey, owner, data } of writes) {
    const { lamports } = work.get(pubkey) ?? { lamports: 0n };
    work.put(pubkey, { lamports, owner, data, executable: false });
  }
  return undefined;
}

function moveTokens(
  { from, to, quantity }: Extract<ModelTransfer, { kind: "token" }>,
  work: ModelWork,
): ModelFailure | undefined {
  for (const [pubkey, change] of [
    [from, -quantity],
    [to, quantity],
  ] as const) {
    const account = work.get(pubkey);
    if (account === undefined) return "InvalidAccountData";
    const held = accessOfShelf(work).tokenAmountOf(pubkey) ?? 0n;
    if (held + change < 0n) return INSUFFICIENT_FUNDS;
    work.put(pubkey, withTokens(account, held + change));
  }
  return undefined;
}

function pay(
  transfer: Exclude<ModelTransfer, { kind: "token" }>,
  work: ModelWork,
): ModelFailure | undefined {
  // Nobody here lends a token account to anybody.
  if (transfer.kind === "approve") return "InvalidInstructionData";
  const { from, to, lamports } = transfer;
  if ((work.get(from)?.lamports ?? 0n) < lamports) return INSUFFICIENT_FUNDS;
  work.addLamports(from, -lamports);
  work.addLamports(to, lamports);
  return undefined;
}

/** No transaction of a ledger uses lookup tables. */
function keysOf({ staticKeys, header }: WireTransaction): ResolvedKey[] {
  const { signerCount, readonlySignerCount, readonlyOtherCount } = header;
  const writableSigners = signerCount - readonlySignerCount;
  const writableOthers = staticKeys.length - readonlyOtherCount;
  return staticKeys.map((pubkey, at) => ({
    pubkey,
    isSigner: at < signerCount,
    isWritable: at < signerCount ? at < writableSigners : at < writableOthers,
    source: "transaction",
  }));
}
