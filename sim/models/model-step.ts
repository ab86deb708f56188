import { createApproveInstruction } from "@solana/spl-token";
import { PublicKey, SystemProgram } from "@solana/web3.js";
import type { PlainInstruction } from "./plain-message.ts";
import type { ModelTransfer, ProgramModel } from "./program-model.ts";
import type { ResolvedKey } from "./resolved-keys.ts";
import { encodeTokenMove, toPlain } from "./token-accounts.ts";

/** `paymaster` is who pays inside the machine for payouts; the overlay charges the program's account. */
export function encodeTransfer(transfer: ModelTransfer, paymaster: string): PlainInstruction {
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
      fromPubkey: new PublicKey(transfer.kind === "payout" ? paymaster : transfer.from),
      toPubkey: new PublicKey(transfer.to),
      lamports: transfer.lamports,
    }),
  );
}

/** Who has to sign; nobody for what a program pays out of its own account. */
export function authorityOf(transfer: ModelTransfer): string | undefined {
  if (transfer.kind === "payout") return undefined;
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
  ownerOf: (pubkey: string) => string | undefined,
): string | undefined {
  const authority = authorityOf(transfer);
  if (authority !== undefined) {
    const signed = keys.some(({ pubkey, isSigner }) => isSigner && pubkey === authority);
    if (!signed && !model.authorities().has(authority)) return "MissingRequiredSignature";
  }
  if (transfer.kind === "payout" && !isOwn(model, ownerOf(transfer.from))) {
    return "ExternalAccountLamportSpend";
  }
  const changed = transfer.kind === "approve" ? [transfer.account] : [transfer.from, transfer.to];
  const readonly = keys.some(({ pubkey, isWritable }) => !isWritable && changed.includes(pubkey));
  return readonly ? "PrivilegeEscalation" : undefined;
}

/** Whether the model may change accounts of this owner. */
export function isOwn(model: ProgramModel, owner: string | undefined): boolean {
  return (
    owner === model.programId || (owner !== undefined && model.calls?.includes(owner) === true)
  );
}
