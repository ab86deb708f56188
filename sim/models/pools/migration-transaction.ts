import {
  ComputeBudgetProgram,
  type Keypair,
  PublicKey,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import { PUMP_PROGRAM } from "./pump-accounts.ts";
import { MIGRATE_TAG, migrationRules } from "./pump-migration.ts";

/** The signed transaction with which anybody may move a full curve. */
export function encodeMigration(
  mover: Keypair,
  mint: string,
  tokenProgram: string,
  blockhash: string,
): Uint8Array {
  const keys = migrationRules(mint, tokenProgram).map((rule) => ({
    // Who withdraws and who moves are the same here; every other place has one right address.
    pubkey: rule.address === undefined ? mover.publicKey : new PublicKey(rule.address),
    isSigner: rule.isSigner === true,
    isWritable: rule.isWritable === true,
  }));
  const move = new TransactionInstruction({
    programId: new PublicKey(PUMP_PROGRAM),
    keys,
    data: MIGRATE_TAG,
  });
  const message = new TransactionMessage({
    payerKey: mover.publicKey,
    recentBlockhash: blockhash,
    instructions: [ComputeBudgetProgram.setComputeUnitLimit({ units: 400_000 }), move],
  }).compileToV0Message();
  const transaction = new VersionedTransaction(message);
  transaction.sign([mover]);
  return transaction.serialize();
}
