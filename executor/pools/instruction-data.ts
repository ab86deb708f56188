import type { PoolAccountMeta } from "./direct-pool.ts";

const U64_MAX = 2n ** 64n - 1n;
const TAG_BYTES = 8;

/** Where the two amounts of every trade instruction here stand: after its discriminator. */
export const FIRST_AMOUNT_AT = TAG_BYTES;
export const SECOND_AMOUNT_AT = TAG_BYTES + 8;

/** Discriminator, two u64, then whatever bytes the instruction adds. */
export function tradeData(
  tag: Uint8Array,
  first: bigint,
  second: bigint,
  ...rest: readonly number[]
): Uint8Array {
  const data = new Uint8Array(SECOND_AMOUNT_AT + 8 + rest.length);
  data.set(tag);
  writeU64(data, FIRST_AMOUNT_AT, first);
  writeU64(data, SECOND_AMOUNT_AT, second);
  data.set(rest, SECOND_AMOUNT_AT + 8);
  return data;
}

/** Writes an amount in place. @throws RangeError beyond u64, which would wrap around silently. */
export function writeU64(data: Uint8Array, at: number, value: bigint): void {
  if (value < 0n || value > U64_MAX) throw new RangeError("expected an amount that fits a u64");
  new DataView(data.buffer, data.byteOffset, data.byteLength).setBigUint64(at, value, true);
}

export function readOnly(pubkey: string): PoolAccountMeta {
  return { pubkey, isSigner: false, isWritable: false };
}

export function writable(pubkey: string): PoolAccountMeta {
  return { pubkey, isSigner: false, isWritable: true };
}

/** The wallet: it pays and signs. */
export function signing(pubkey: string): PoolAccountMeta {
  return { pubkey, isSigner: true, isWritable: true };
}
