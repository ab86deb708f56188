import { PublicKey, SystemProgram } from "@solana/web3.js";
import type { PlainInstruction } from "./plain-message.ts";
import type { ModelTransfer, ProgramModel } from "./program-model.ts";
import type { ResolvedKey } from "./resolved-keys.ts";
import { encodeTokenMove, toPlain } from "./token-accounts.ts";

export function encodeTransfer(transfer: ModelTransfer): PlainInstruction {
  if (transfer.kind === "token") return encodeTokenMove({ ...transfer, owner: transfer.authority });
  return toPlain(
    SystemProgram.transfer({
      fromPubkey: new PublicKey(transfer.from),
      toPubkey: new PublicKey(transfer.to),
      lamports: transfer.lamports,
    }),
  );
}

export function authorityOf(transfer: ModelTransfer): string {
  return transfer.kind === "sol" ? transfer.from : transfer.authority;
}

/**
 * Why the runtime would stop a program from making this transfer: nobody signed for the source,
 * or the transaction declared an account that changes as read-only.
 */
export function checkPrivileges(
  transfer: ModelTransfer,
  keys: readonly ResolvedKey[],
  model: ProgramModel,
): string | undefined {
  const authority = authorityOf(transfer);
  const signed = keys.some(({ pubkey, isSigner }) => isSigner && pubkey === authority);
  if (!signed && !model.authorities().has(authority)) return "MissingRequiredSignature";
  const changed = [transfer.from, transfer.to];
  const readonly = keys.some(({ pubkey, isWritable }) => !isWritable && changed.includes(pubkey));
  return readonly ? "PrivilegeEscalation" : undefined;
}
