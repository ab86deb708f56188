import { createHash } from "node:crypto";
import { decodeBase58, encodeBase58 } from "@raptor/shared/values/base58.ts";
import { ATA_PROGRAM } from "./programs.ts";

const MARKER = Buffer.from("ProgramDerivedAddress");
const KEY_BYTES = 32;
/**
 * Derivations kept, because one costs some hundred microseconds and a position asks for the same
 * dozen again and again: thousands of pools and wallets fit, and the oldest leave first.
 */
const CACHE_MAX = 50_000;
const cache = new Map<string, string>();

const P = 2n ** 255n - 19n;
/** The constant d of edwards25519, -121665/121666. */
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

export type Seed = string | Uint8Array;

/** The bytes of an address; throws for text that is none, which only a programming error gives. */
export function keyBytes(address: string): Uint8Array {
  const bytes = decodeBase58(address);
  if (bytes?.length !== KEY_BYTES) throw new TypeError("expected an address of 32 bytes");
  return bytes;
}

/**
 * The address a program derives from seeds: the first of SHA-256(seeds, bump, program, marker) for
 * bump 255 downwards that is no point of the curve, so that no private key can exist for it.
 */
export function programAddress(program: string, seeds: readonly Seed[]): string {
  const parts = seeds.map((seed) => (typeof seed === "string" ? Buffer.from(seed) : seed));
  const owner = keyBytes(program);
  for (let bump = 255; bump >= 0; bump--) {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    const digest = hash.update(Uint8Array.of(bump)).update(owner).update(MARKER).digest();
    if (!isOnCurve(digest)) return encodeBase58(digest);
  }
  throw new RangeError("expected seeds that give an address off the curve");
}

/**
 * The address of seeds that hold their own bump, as older programs keep it; `undefined` where it is
 * a point of the curve and no program could sign for it.
 */
export function createdAddress(program: string, seeds: readonly Uint8Array[]): string | undefined {
  const hash = createHash("sha256");
  for (const seed of seeds) hash.update(seed);
  const digest = hash.update(keyBytes(program)).update(MARKER).digest();
  return isOnCurve(digest) ? undefined : encodeBase58(digest);
}

/** `programAddress` of a name and further addresses, kept. */
export function namedAddress(program: string, name: string, ...keys: readonly string[]): string {
  const id = `${program}/${name}/${keys.join("/")}`;
  return remembered(id, () => programAddress(program, [name, ...keys.map(keyBytes)]));
}

/** The associated token account of `owner`, whether or not it exists. */
export function tokenAccountOf(owner: string, mint: string, tokenProgram: string): string {
  return remembered(`${owner}/${mint}/${tokenProgram}`, () =>
    programAddress(ATA_PROGRAM, [owner, tokenProgram, mint].map(keyBytes)),
  );
}

function remembered(id: string, derive: () => string): string {
  const known = cache.get(id);
  if (known !== undefined) return known;
  const address = derive();
  if (cache.size >= CACHE_MAX) {
    const oldest = cache.keys().next();
    if (oldest.done !== true) cache.delete(oldest.value);
  }
  cache.set(id, address);
  return address;
}

/**
 * Whether 32 bytes are a point of edwards25519 as the chain's runtime sees it: (y^2 - 1) / (d y^2
 * + 1) is a square. A quotient is a square exactly when the product is, so one Jacobi symbol
 * decides and nothing is inverted. Like the runtime it takes y modulo the prime and ignores the
 * sign bit, where stricter readers refuse a handful of encodings that no hash will ever hit.
 */
export function isOnCurve(bytes: Uint8Array): boolean {
  let y = 0n;
  for (let at = KEY_BYTES - 1; at >= 0; at--) {
    const byte = at === KEY_BYTES - 1 ? (bytes[at] as number) & 0x7f : (bytes[at] as number);
    y = (y << 8n) | BigInt(byte);
  }
  y %= P;
  const y2 = (y * y) % P;
  const numerator = (y2 - 1n + P) % P;
  return numerator === 0n || jacobi((numerator * (D * y2 + 1n)) % P) === 1;
}

/** The Jacobi symbol of `value` over the prime of the field. */
function jacobi(value: bigint): number {
  let a = value;
  let n = P;
  let sign = 1;
  while (a !== 0n) {
    while ((a & 1n) === 0n) {
      a >>= 1n;
      const rest = n & 7n;
      if (rest === 3n || rest === 5n) sign = -sign;
    }
    [a, n] = [n, a];
    if ((a & 3n) === 3n && (n & 3n) === 3n) sign = -sign;
    a %= n;
  }
  return n === 1n ? sign : 0;
}
