import type { WireTransaction } from "./wire-transaction.ts";

const COMPUTE_BUDGET_PROGRAM = "ComputeBudget111111111111111111111111111111";
const LAMPORTS_PER_SIGNATURE = 5_000n;
const UNITS_PER_TRANSACTION_MAX = 1_400_000;
const UNITS_PER_INSTRUCTION = 200_000;
const UNITS_PER_BUILTIN = 3_000;
const MICROLAMPORTS = 1_000_000n;

/** Programs inside the runtime reserve less of the default limit. */
const BUILTINS = new Set([
  "11111111111111111111111111111111",
  COMPUTE_BUDGET_PROGRAM,
  "Vote111111111111111111111111111111111111111",
  "BPFLoaderUpgradeab1e11111111111111111111111",
  "BPFLoader2111111111111111111111111111111111",
]);

export interface ComputeBudgetRequest {
  unitLimit: number;
  microLamportsPerUnit: bigint;
}

export function parseComputeBudget(transaction: WireTransaction): ComputeBudgetRequest {
  let unitLimit: number | undefined;
  let microLamportsPerUnit = 0n;
  let defaultUnits = 0;
  for (const { programIndex, data } of transaction.instructions) {
    const programId = transaction.staticKeys[programIndex] as string;
    defaultUnits += BUILTINS.has(programId) ? UNITS_PER_BUILTIN : UNITS_PER_INSTRUCTION;
    if (programId !== COMPUTE_BUDGET_PROGRAM) continue;
    const view = Buffer.from(data);
    if (view[0] === 2 && view.length === 5) unitLimit = view.readUInt32LE(1);
    if (view[0] === 3 && view.length === 9) microLamportsPerUnit = view.readBigUInt64LE(1);
  }
  return {
    unitLimit: Math.min(unitLimit ?? defaultUnits, UNITS_PER_TRANSACTION_MAX),
    microLamportsPerUnit,
  };
}

/** Base fee per signature plus the priority fee, which rounds up to whole lamports. */
export function transactionFee(transaction: WireTransaction): bigint {
  const { unitLimit, microLamportsPerUnit } = parseComputeBudget(transaction);
  const priority = (BigInt(unitLimit) * microLamportsPerUnit + MICROLAMPORTS - 1n) / MICROLAMPORTS;
  return LAMPORTS_PER_SIGNATURE * BigInt(transaction.header.signerCount) + priority;
}
