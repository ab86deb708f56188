import { createApproveInstruction } from "@solana/spl-token";
import { PublicKey, SystemProgram } from "@solana/web3.js";
import type { PlainInstruction } from "./plain-message.ts";
import type { ModelTransfer, ProgramModel } from "./program-model.ts";
import type { ResolvedKey } from "./resolved-keys.ts";
import { encodeTokenMove, toPlain } from "./token-accounts.ts";

export function encodeTransfer(transfer: ModelTransfer): PlainInstruction {
  if (transfer.kind === "token") return encodeTokenMove({ ...transfer, owner: transfer.authority });
  if (transfer.kind === "approve") {
    const { account, delegate, authority, quantity, tokenProgram } = transfer;
    const [from, to, owner, program] = [account, delegate, authority, tokenProgram].map(
      (key) => new PublicKey(key),
    ) as [PublicKey, PublicKey, PublicKey, PublicKey];
    return toPlain(createApproveInstruction(from, to, owner, quantity, [], program));
  }
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
  const changed = transfer.kind === "approve" ? [transfer.account] : [transfer.from, transfer.to];
  const readonly = keys.some(({ pubkey, isWritable }) => !isWritable && changed.includes(pubkey));
  return readonly ? "PrivilegeEscalation" : undefined;
}
