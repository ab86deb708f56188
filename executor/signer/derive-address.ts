import { createHash } from "node:crypto";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import { accountKeyBytes, accountKeyOf, type AccountKey } from "./account-key.ts";
import { ATA_PROGRAM } from "./programs.ts";

/** The prime of Curve25519's field, 2^255 - 19. */
const P = (1n << 255n) - 19n;
/** The curve's constant d = -121665/121666, RFC 8032 section 5.1. */
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
const PDA_MARKER = Buffer.from("ProgramDerivedAddress");
/** A derivation costs two hashes and two square tests on average; wallets and mints repeat. */
const DERIVED_CACHE_MAX = 1_024;

const derived = new Map<string, AccountKey>();

/**
 * Whether 32 bytes are a compressed Ed25519 point, as the chain's runtime decides it: the sign bit
 * is ignored and y is reduced modulo p. x^2 = (y^2 - 1) / (d*y^2 + 1) has a root exactly when
 * numerator * denominator is zero or a square (Euler's criterion).
 */
export function isOnCurve(point: Uint8Array): boolean {
  const bigEndian = Buffer.from(point.toReversed());
  bigEndian[0] = (bigEndian[0] as number) & 0x7f;
  const y = BigInt(`0x${bigEndian.toString("hex")}`) % P;
  const y2 = (y * y) % P;
  const product = ((y2 + P - 1n) * (D * y2 + 1n)) % P;
  return product === 0n || powerToHalfOrder(product) === 1n;
}

/** base^((p - 1) / 2) mod p, where (p - 1) / 2 = 2^254 - 10. */
function powerToHalfOrder(base: bigint): bigint {
  let result = 1n;
  for (let bit = 253; bit >= 0; bit--) {
    result = (result * result) % P;
    if (isHalfOrderBit(bit)) result = (result * base) % P;
  }
  return result;
}

/** 2^254 - 10 in binary is 250 ones followed by 0110. */
function isHalfOrderBit(bit: number): boolean {
  return bit >= 4 || bit === 2 || bit === 1;
}

/** The first address off the curve, the bump counted down from 255, as every program does. */
export function deriveProgramAddress(
  seeds: readonly Uint8Array[],
  programId: AccountKey,
): AccountKey {
  for (let bump = 255; bump >= 0; bump--) {
    const hash = createHash("sha256");
    for (const seed of seeds) hash.update(seed);
    hash.update(Uint8Array.of(bump)).update(accountKeyBytes(programId)).update(PDA_MARKER);
    const address = hash.digest();
    if (!isOnCurve(address)) return accountKeyOf(address);
  }
  assert(false, "some bump leads off the curve");
}

/** The one associated token account of an owner for a mint under its token program. */
export function deriveTokenAccount(
  owner: AccountKey,
  mint: AccountKey,
  tokenProgram: AccountKey,
): AccountKey {
  const id = `${owner}${tokenProgram}${mint}`;
  const found = derived.get(id);
  if (found !== undefined) return found;
  const seeds = [owner, tokenProgram, mint].map(accountKeyBytes);
  const address = deriveProgramAddress(seeds, ATA_PROGRAM);
  if (derived.size >= DERIVED_CACHE_MAX) {
    for (const oldest of derived.keys()) {
      derived.delete(oldest);
      break;
    }
  }
  derived.set(id, address);
  return address;
}
