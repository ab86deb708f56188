import { randomBytes } from "node:crypto";
import { PublicKey } from "@solana/web3.js";
import { describe, test } from "vitest";
import { accountKeyOf, parseAccountKey, showAccountKey, type AccountKey } from "./account-key.ts";
import { deriveProgramAddress, deriveTokenAccount, isOnCurve } from "./derive-address.ts";
import { TOKEN, TOKEN_2022, tokenAccountOf } from "./fixtures/swap-message.ts";
import { JUPITER_EVENT_AUTHORITY, JUPITER_PROGRAM } from "./programs.ts";

function keyOf(key: PublicKey): AccountKey {
  return accountKeyOf(key.toBytes());
}

describe("the curve test", () => {
  test("agrees with web3.js on 400 random points, of which some lie on the curve", ({ expect }) => {
    const points = Array.from({ length: 400 }, () => randomBytes(32));
    const ours = points.map(isOnCurve);
    expect(ours).toEqual(points.map((point) => PublicKey.isOnCurve(point)));
    expect(ours.filter(Boolean).length).toBeGreaterThan(100);
    expect(ours.filter((isOn) => !isOn).length).toBeGreaterThan(100);
  });

  test("knows the points at the edges of the field", ({ expect }) => {
    for (const hex of ["00", "01", "02", `ec${"ff".repeat(30)}7f`, `eb${"ff".repeat(30)}7f`]) {
      const point = Buffer.from(hex.padEnd(64, "0"), "hex");
      expect([hex, isOnCurve(point)]).toEqual([hex, PublicKey.isOnCurve(point)]);
    }
  });
});

describe("derived addresses", () => {
  test("are those of web3.js, whatever the bump", ({ expect }) => {
    for (let n = 0; n < 40; n++) {
      const [owner, mint] = [new PublicKey(randomBytes(32)), new PublicKey(randomBytes(32))];
      const program = n % 2 === 0 ? TOKEN : TOKEN_2022;
      const expected = tokenAccountOf(owner, mint, program).toBase58();
      const once = deriveTokenAccount(keyOf(owner), keyOf(mint), keyOf(program));
      const again = deriveTokenAccount(keyOf(owner), keyOf(mint), keyOf(program));
      expect([once, again].map(showAccountKey)).toEqual([expected, expected]);
    }
  });

  test("stay right when more are derived than are remembered", ({ expect }) => {
    const owner = keyOf(new PublicKey(randomBytes(32)));
    const first = deriveTokenAccount(owner, keyOf(TOKEN), keyOf(TOKEN));
    for (let n = 0; n < 1_100; n++) {
      deriveTokenAccount(owner, accountKeyOf(randomBytes(32)), keyOf(TOKEN));
    }
    expect(deriveTokenAccount(owner, keyOf(TOKEN), keyOf(TOKEN))).toBe(first);
  });

  test("include the swap program's event authority", ({ expect }) => {
    const seed = Buffer.from("__event_authority");
    expect(deriveProgramAddress([seed], JUPITER_PROGRAM)).toBe(JUPITER_EVENT_AUTHORITY);
  });
});

describe("account keys", () => {
  test("round trip through base58", ({ expect }) => {
    for (const bytes of [randomBytes(32), Buffer.alloc(32), Buffer.alloc(32, 255)]) {
      const text = new PublicKey(bytes).toBase58();
      expect(parseAccountKey(text)).toBe(bytes.toString("hex"));
      expect(showAccountKey(accountKeyOf(bytes))).toBe(text);
    }
  });

  test("are nothing else than 32 bytes of base58", ({ expect }) => {
    for (const text of ["", "0".repeat(44), "z".repeat(44), "1".repeat(31), "1".repeat(33)]) {
      expect(parseAccountKey(text)).toBeUndefined();
    }
  });
});
