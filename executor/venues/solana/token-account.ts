import { encodeBase58 } from "@raptor/shared/values/base58.ts";

/** Layout of both token programs: mint, owner, amount u64, ... in the first 165 bytes. */
const TOKEN_ACCOUNT_BYTES = 165;
const ACCOUNT_TYPE_ACCOUNT = 2;
const DELEGATE_AT = 72;
const STATE_AT = 108;
const DELEGATED_QUANTITY_AT = 121;
const CLOSE_AUTHORITY_AT = 129;
const STATE_FROZEN = 2;

export interface TokenAccount {
  mint: string;
  owner: string;
  quantity: bigint;
  isFrozen: boolean;
  /** Who besides the owner may spend, and how much. */
  delegate: string | null;
  delegatedQuantity: bigint;
  /** Who closes the account and receives its lamports; without one it is the owner. */
  closeAuthority: string | null;
}

/** Undefined for data that is not an initialized token account. */
export function parseTokenAccount(data: Uint8Array): TokenAccount | undefined {
  if (data.length < TOKEN_ACCOUNT_BYTES) return undefined;
  if (data.length > TOKEN_ACCOUNT_BYTES && data[TOKEN_ACCOUNT_BYTES] !== ACCOUNT_TYPE_ACCOUNT) {
    return undefined;
  }
  const state = data[STATE_AT];
  if (state !== 1 && state !== STATE_FROZEN) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return {
    mint: encodeBase58(data.subarray(0, 32)),
    owner: encodeBase58(data.subarray(32, 64)),
    quantity: view.getBigUint64(64, true),
    isFrozen: state === STATE_FROZEN,
    delegate: readOption(data, view, DELEGATE_AT),
    delegatedQuantity: view.getBigUint64(DELEGATED_QUANTITY_AT, true),
    closeAuthority: readOption(data, view, CLOSE_AUTHORITY_AT),
  };
}

/** A u32 that says whether a key follows. */
function readOption(data: Uint8Array, view: DataView, at: number): string | null {
  return view.getUint32(at, true) === 0 ? null : encodeBase58(data.subarray(at + 4, at + 36));
}
