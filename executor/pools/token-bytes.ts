import { ByteReader } from "./byte-reader.ts";

const SUPPLY_AT = 36;
const MINT_BYTES_MIN = 82;
const AMOUNT_AT = 64;
const TOKEN_ACCOUNT_BYTES_MIN = 165;

/** Supply of a mint, of either token program; `undefined` for bytes too short for one. */
export function mintSupplyOf(bytes: Uint8Array): bigint | undefined {
  return bytes.length < MINT_BYTES_MIN ? undefined : new ByteReader(bytes, SUPPLY_AT).u64();
}

/** Balance of a token account, of either token program; `undefined` for bytes too short for one. */
export function tokenBalanceOf(bytes: Uint8Array): bigint | undefined {
  return bytes.length < TOKEN_ACCOUNT_BYTES_MIN
    ? undefined
    : new ByteReader(bytes, AMOUNT_AT).u64();
}
