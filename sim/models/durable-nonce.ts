import { createHash } from "node:crypto";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import type { ChainAccount } from "./account-history.ts";
import { pubkeyBytes } from "./plain-message.ts";
import { isStaticSigner, isStaticWritable, type WireTransaction } from "./wire-transaction.ts";

export const SYSTEM_PROGRAM = "11111111111111111111111111111111";
export const NONCE_ACCOUNT_BYTES = 80;
const ADVANCE_NONCE = 4;
const AUTHORITY_AT = 8;
const VALUE_AT = 40;

/** The nonce that an advance in the block with this blockhash stores. */
export function deriveDurableNonce(blockhash: string): Uint8Array {
  return createHash("sha256").update("DURABLE_NONCE").update(pubkeyBytes(blockhash)).digest();
}

/** The nonce account that a transaction advances first, if it is a nonce transaction. */
export function nonceAccountOf(transaction: WireTransaction): string | undefined {
  const first = transaction.instructions[0];
  if (first === undefined) return undefined;
  const [accountIndex] = first.accountIndexes;
  const isAdvance =
    transaction.staticKeys[first.programIndex] === SYSTEM_PROGRAM &&
    first.data.length >= 4 &&
    Buffer.from(first.data).readUInt32LE(0) === ADVANCE_NONCE;
  if (!isAdvance || accountIndex === undefined) return undefined;
  if (!isStaticWritable(transaction, accountIndex)) return undefined;
  return transaction.staticKeys[accountIndex];
}

/** Whether the stored nonce lets this transaction in; a nonce set in this very block does not. */
export function isNonceUsable(
  transaction: WireTransaction,
  account: ChainAccount | undefined,
  blockhash: string,
): boolean {
  if (account?.owner !== SYSTEM_PROGRAM || account.data.length !== NONCE_ACCOUNT_BYTES)
    return false;
  const data = Buffer.from(account.data);
  if (data.readUInt32LE(0) !== 1 || data.readUInt32LE(4) !== 1) return false;
  const value = data.subarray(VALUE_AT, VALUE_AT + 32);
  if (value.equals(deriveDurableNonce(blockhash))) return false;
  const authority = encodeBase58(data.subarray(AUTHORITY_AT, AUTHORITY_AT + 32));
  const authoritySigned = transaction.instructions[0]?.accountIndexes.some(
    (index) => transaction.staticKeys[index] === authority && isStaticSigner(transaction, index),
  );
  return authoritySigned === true && encodeBase58(value) === transaction.recentBlockhash;
}

/** A failed transaction still uses up its nonce. */
export function advanceNonce(account: ChainAccount, blockhash: string): ChainAccount {
  const data = Buffer.from(account.data);
  data.set(deriveDurableNonce(blockhash), VALUE_AT);
  return { ...account, data };
}
