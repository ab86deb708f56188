import type { JupiterInstruction } from "./jupiter-answers.ts";

/** What the wallet's token account must hold once the swap is over. */
export interface ClosingGuard {
  tokenQuantityMin: bigint;
  decimals: number;
}

export interface GuardedAccount {
  wallet: string;
  mint: string;
  tokenProgram: string;
  tokenAccount: string;
}

const TOKEN_REVOKE = 5;
const TOKEN_SET_AUTHORITY = 6;
const TOKEN_TRANSFER_CHECKED = 12;
const AUTHORITY_TO_CLOSE = 3;
const NOBODY = 0;

/**
 * What stands behind a swap whose venues receive the wallet's signature. A program can tell a
 * simulation from the real thing, so what it may have done to the token account is undone, or the
 * whole transaction fails, on the chain itself:
 * - taking back every allowance;
 * - taking back the right to close, which only the wallet can while nobody else received it;
 * - a transfer from the account to itself, which moves nothing and needs the quantity to be there.
 *   Behind the first of these only the owner can make it, so the wallet still owns the account.
 * The wrapped account needs no guard: its closing to the wallet fails for anybody else's account.
 */
export function createClosingGuards(
  account: GuardedAccount,
  { tokenQuantityMin, decimals }: ClosingGuard,
): JupiterInstruction[] {
  const { wallet, mint, tokenProgram, tokenAccount } = account;
  const held = { pubkey: tokenAccount, isSigner: false, isWritable: true };
  const owner = { pubkey: wallet, isSigner: true, isWritable: false };
  const transfer = Buffer.alloc(10);
  transfer.writeUInt8(TOKEN_TRANSFER_CHECKED, 0);
  transfer.writeBigUInt64LE(tokenQuantityMin, 1);
  transfer.writeUInt8(decimals, 9);
  const clearClose = Buffer.of(TOKEN_SET_AUTHORITY, AUTHORITY_TO_CLOSE, NOBODY);
  return [
    encode([held, owner], Buffer.of(TOKEN_REVOKE)),
    encode([held, owner], clearClose),
    encode([held, { pubkey: mint, isSigner: false, isWritable: false }, held, owner], transfer),
  ];

  function encode(accounts: JupiterInstruction["accounts"], data: Buffer): JupiterInstruction {
    return { programId: tokenProgram, accounts, data: data.toString("base64") };
  }
}
