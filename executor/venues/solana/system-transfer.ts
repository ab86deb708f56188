import type { JupiterInstruction } from "./jupiter-answers.ts";
import { SYSTEM_PROGRAM } from "./programs.ts";

const SYSTEM_TRANSFER = 2;

/** Moves SOL from a wallet that signs. */
export function transferSol(from: string, to: string, lamports: bigint): JupiterInstruction {
  const data = Buffer.alloc(12);
  data.writeUInt32LE(SYSTEM_TRANSFER, 0);
  data.writeBigUInt64LE(lamports, 4);
  return {
    programId: SYSTEM_PROGRAM,
    accounts: [
      { pubkey: from, isSigner: true, isWritable: true },
      { pubkey: to, isSigner: false, isWritable: true },
    ],
    data: data.toString("base64"),
  };
}
