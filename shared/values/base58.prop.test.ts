import { PublicKey } from "@solana/web3.js";
import fc from "fast-check";
import { describe, it } from "vitest";
import { decodeBase58, encodeBase58 } from "./base58.ts";
import { isPubkey } from "./pubkey.ts";

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/** Zeros in front come often: they are the part that encoders get wrong. */
const bytesOf = (min: number, max: number): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(
      fc.integer({ min: 0, max: min === max ? min : 4 }),
      fc.uint8Array({ minLength: max, maxLength: max }),
      fc.integer({ min, max }),
    )
    .map(([zeros, bytes, length]) => bytes.fill(0, 0, zeros).subarray(0, length));

/** Base58 by one big number: the definition, slow and short. */
function encodeByDefinition(bytes: Uint8Array): string {
  let value = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  let text = "";
  for (; value > 0n; value /= 58n) text = ALPHABET.charAt(Number(value % 58n)) + text;
  const zeros = bytes.findIndex((byte) => byte !== 0);
  return "1".repeat(zeros === -1 ? bytes.length : zeros) + text;
}

describe("base58", () => {
  it("writes addresses as Solana's own library does, and reads them back", ({ expect }) => {
    fc.assert(
      fc.property(bytesOf(32, 32), (bytes) => {
        const text = new PublicKey(bytes).toBase58();
        expect(encodeBase58(bytes)).toBe(text);
        expect(decodeBase58(text)).toEqual(Uint8Array.from(bytes));
        expect(isPubkey(text)).toBe(true);
      }),
      { seed: 1, numRuns: 1_000 },
    );
  });

  it("of any length follows the definition and comes back", ({ expect }) => {
    fc.assert(
      fc.property(bytesOf(0, 80), (bytes) => {
        const text = encodeBase58(bytes);
        expect(text).toBe(encodeByDefinition(bytes));
        expect(decodeBase58(text)).toEqual(Uint8Array.from(bytes));
      }),
      { seed: 2, numRuns: 1_000 },
    );
  });

  it("has one spelling for each value", ({ expect }) => {
    fc.assert(
      fc.property(fc.stringMatching(/^[1-9A-HJ-NP-Za-km-z]{0,60}$/), (text) => {
        const bytes = decodeBase58(text);
        expect(bytes).toBeDefined();
        expect(encodeBase58(bytes as Uint8Array)).toBe(text);
      }),
      { seed: 3, numRuns: 1_000 },
    );
  });

  it("holds no other character", ({ expect }) => {
    for (const char of ["0", "O", "I", "l", " ", "\n", "+", "\u00e9", "\u{1f996}"]) {
      expect(decodeBase58(`abc${char}abc`)).toBeUndefined();
    }
  });
});

describe("an address", () => {
  it("is recognised exactly when Solana's own library takes it", ({ expect }) => {
    const nearly = fc.oneof(
      fc.stringMatching(/^[1-9A-HJ-NP-Za-km-z]{30,46}$/),
      bytesOf(28, 36).map((bytes) => encodeBase58(bytes)),
      fc.constantFrom("1".repeat(32), "1".repeat(31), "1".repeat(33), "z".repeat(44)),
    );
    const seen = { yes: 0, no: 0 };
    fc.assert(
      fc.property(nearly, (text) => {
        const expected = isTaken(text);
        seen[expected ? "yes" : "no"]++;
        expect(isPubkey(text)).toBe(expected);
      }),
      { seed: 4, numRuns: 2_000 },
    );
    expect(Math.min(seen.yes, seen.no)).toBeGreaterThan(50);
  });

  it("is not what is much too long to be one", ({ expect }) => {
    expect(isPubkey("1".repeat(100_000))).toBe(false);
  });
});

function isTaken(text: string): boolean {
  try {
    return new PublicKey(text).toBytes().length === 32;
  } catch {
    return false;
  }
}
