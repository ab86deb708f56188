import { ByteReader } from "./byte-reader.ts";

/** Behind a token account's length, so that a mint is never taken for an account. */
const ACCOUNT_TYPE_AT = 165;
const ACCOUNT_TYPE_MINT = 1;
const TRANSFER_FEE_CONFIG = 1;
/** No mint of the newer token program comes near it. */
const EXTENSIONS_MAX = 64;

/**
 * Whether a mint of the newer token program can withhold a part of every transfer, be it nothing
 * today: whoever sets the rate may raise it between our quote and our trade.
 */
export function hasTransferFee(mintBytes: Uint8Array): boolean {
  const reader = new ByteReader(mintBytes, ACCOUNT_TYPE_AT);
  if (reader.u8() !== ACCOUNT_TYPE_MINT) return false;
  for (let count = 0; count < EXTENSIONS_MAX && reader.remaining >= 4; count += 1) {
    const type = reader.u16();
    const length = reader.u16();
    if (type === TRANSFER_FEE_CONFIG) return true;
    reader.skip(length);
  }
  return false;
}
