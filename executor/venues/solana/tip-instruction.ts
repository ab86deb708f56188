import type { JupiterInstruction } from "./jupiter-answers.ts";
import type { Tip } from "./lane.ts";
import { SYSTEM_PROGRAM } from "./programs.ts";

const SYSTEM_TRANSFER = 2;

/** Pays a lane inside the transaction that it lands: no landing, no tip. */
export function createTip(wallet: string, { account, lamports }: Tip): JupiterInstruction {
  const data = Buffer.alloc(12);
  data.writeUInt32LE(SYSTEM_TRANSFER, 0);
  data.writeBigUInt64LE(lamports, 4);
  return {
    programId: SYSTEM_PROGRAM,
    accounts: [
      { pubkey: wallet, isSigner: true, isWritable: true },
      { pubkey: account, isSigner: false, isWritable: true },
    ],
    data: data.toString("base64"),
  };
}

export function sumTips(tips: readonly Tip[] = []): bigint {
  return tips.reduce((sum, { lamports }) => sum + lamports, 0n);
}
