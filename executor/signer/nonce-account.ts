import { createHash } from "node:crypto";
import { accountKeyBytes, accountKeyOf, type AccountKey } from "./account-key.ts";
import { unusable } from "./intent-fields.ts";
import { areExactly, type Instruction } from "./message.ts";
import { RECENT_BLOCKHASHES_SYSVAR, SYSTEM_PROGRAM } from "./programs.ts";

/** A wallet has a handful; the bound keeps seeds short and the search for strays small. */
const NONCE_INDEXES = 64;
const SYSTEM_ADVANCE_NONCE = Buffer.of(4, 0, 0, 0);

/** @throws RAPTOR_WIRE__INVALID when there is no nonce account of this index. */
export function parseNonceIndex(index: number): number {
  if (Number.isInteger(index) && index >= 0 && index < NONCE_INDEXES) return index;
  throw unusable(`a nonce index from 0 to ${NONCE_INDEXES - 1}`);
}

/** Part of the address, and of the instruction that creates the account. */
export function nonceSeedOf(index: number): Buffer {
  return Buffer.from(`raptor-nonce-${index}`);
}

/**
 * The system program's address of a base, a seed and an owner. It is worked out here, so that no
 * other account can be named to the signer as the wallet's nonce.
 */
export function nonceAccountOf(wallet: AccountKey, index: number): AccountKey {
  const hash = createHash("sha256").update(accountKeyBytes(wallet)).update(nonceSeedOf(index));
  return accountKeyOf(hash.update(accountKeyBytes(SYSTEM_PROGRAM)).digest());
}

/** Whether an instruction advances this nonce account by the wallet's authority, and only that. */
export function isNonceAdvance(
  { programId, accounts, data }: Instruction,
  account: AccountKey,
  wallet: AccountKey,
): boolean {
  return (
    programId === SYSTEM_PROGRAM &&
    data.equals(SYSTEM_ADVANCE_NONCE) &&
    areExactly(accounts, [account, RECENT_BLOCKHASHES_SYSVAR, wallet])
  );
}
