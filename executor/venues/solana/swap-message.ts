import { AddressLookupTableAccount, PublicKey, TransactionMessage } from "@solana/web3.js";
import type { LookupTable } from "./lookup-tables.ts";
import {
  ATA_PROGRAM,
  JUPITER_PROGRAM,
  RECENT_BLOCKHASHES_SYSVAR,
  SYSTEM_PROGRAM,
  TOKEN_PROGRAM,
  WSOL_MINT,
} from "./programs.ts";
import { createSwapInstructions, encodeInstruction, type SwapPlan } from "./swap-instructions.ts";

/** A packet holds 1232 bytes; one signature and its count take 65 of them. */
export const MESSAGE_BYTES_MAX = 1_232 - 65;

const NEVER_DEACTIVATED = 0xffff_ffff_ffff_ffffn;

/** The version 0 message of a swap, or why it does not fit into one packet. */
export function compileSwapMessage(
  plan: SwapPlan,
  tables: readonly LookupTable[],
  blockhash: string,
): { ok: true; message: Uint8Array } | { ok: false; reason: string } {
  const { accounts } = plan;
  // The signer checks these against the intent, so they must be spelled out in the signed bytes.
  const spelledOut = new Set([
    accounts.wallet,
    accounts.mint,
    accounts.tokenProgram,
    accounts.tokenAccount,
    accounts.wsolAccount,
    WSOL_MINT,
    TOKEN_PROGRAM,
    SYSTEM_PROGRAM,
    ATA_PROGRAM,
    JUPITER_PROGRAM,
    RECENT_BLOCKHASHES_SYSVAR,
    ...(plan.nonceAccount === undefined ? [] : [plan.nonceAccount]),
    ...(plan.tips ?? []).map(({ account }) => account),
  ]);
  const message = new TransactionMessage({
    payerKey: new PublicKey(accounts.wallet),
    recentBlockhash: blockhash,
    instructions: createSwapInstructions(plan).map(encodeInstruction),
  });
  try {
    const bytes = message
      .compileToV0Message(tables.map((table) => encodeTable(table, spelledOut)))
      .serialize();
    if (bytes.length <= MESSAGE_BYTES_MAX) return { ok: true, message: bytes };
    return { ok: false, reason: `${bytes.length} bytes` };
  } catch (error) {
    // The library has no other way to say that there are too many accounts or bytes.
    return { ok: false, reason: error instanceof Error ? error.message : "not known" };
  }
}

/**
 * A table for the compiler only. An entry that must be spelled out is covered by the table's own
 * address, which no instruction names, so that the others keep their indexes.
 */
function encodeTable(
  table: LookupTable,
  spelledOut: ReadonlySet<string>,
): AddressLookupTableAccount {
  const key = new PublicKey(table.address);
  return new AddressLookupTableAccount({
    key,
    state: {
      deactivationSlot: NEVER_DEACTIVATED,
      lastExtendedSlot: 0,
      lastExtendedSlotStartIndex: 0,
      addresses: table.addresses.map((address) =>
        spelledOut.has(address) ? key : new PublicKey(address),
      ),
    },
  });
}

/** A whole transaction with one signature, as it travels. */
export function encodeTransaction(signature: Uint8Array, message: Uint8Array): string {
  return Buffer.concat([Buffer.of(1), signature, message]).toString("base64");
}
