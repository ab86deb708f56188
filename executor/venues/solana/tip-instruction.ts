import type { JupiterInstruction } from "./jupiter-answers.ts";
import type { Tip } from "./lane.ts";
import { transferSol } from "./system-transfer.ts";

/** Pays a lane inside the transaction that it lands: no landing, no tip. */
export function createTip(wallet: string, { account, lamports }: Tip): JupiterInstruction {
  return transferSol(wallet, account, lamports);
}

export function sumTips(tips: readonly Tip[] = []): bigint {
  return tips.reduce((sum, { lamports }) => sum + lamports, 0n);
}
