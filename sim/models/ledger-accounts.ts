import { decodeBase58 } from "@raptor/shared/values/base58.ts";
import type { ChainAccount } from "./account-history.ts";
import { SYSTEM_PROGRAM } from "./durable-nonce.ts";

export const TOKEN_ACCOUNT_BYTES = 165;
export const TOKEN_RENT_LAMPORTS = 2_039_280n;

export function systemAccount(lamports: bigint): ChainAccount {
  return { lamports, owner: SYSTEM_PROGRAM, executable: false, data: new Uint8Array() };
}

export function tokenQuantityOf(account: ChainAccount | undefined): bigint {
  if (account?.data.length !== TOKEN_ACCOUNT_BYTES) return 0n;
  return new DataView(account.data.buffer, account.data.byteOffset).getBigUint64(64, true);
}

const keyBytes = new Map<string, Uint8Array>();

export function encodeTokenAccount(mint: string, owner: string, quantity: bigint): Uint8Array {
  const data = Buffer.alloc(TOKEN_ACCOUNT_BYTES);
  data.set(bytesOf(mint), 0);
  data.set(bytesOf(owner), 32);
  data.writeBigUInt64LE(quantity, 64);
  data.writeUInt8(1, 108);
  return data;
}

function bytesOf(pubkey: string): Uint8Array {
  const known = keyBytes.get(pubkey);
  if (known !== undefined) return known;
  const decoded = decodeBase58(pubkey);
  if (decoded?.length !== 32) throw new Error(`expected an address, was ${pubkey}`);
  if (keyBytes.size > 10_000) keyBytes.clear();
  keyBytes.set(pubkey, decoded);
  return decoded;
}
