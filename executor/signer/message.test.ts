import { PublicKey, VersionedMessage } from "@solana/web3.js";
import { describe, test } from "vitest";
import { showAccountKey } from "./account-key.ts";
import { ByteReader } from "./byte-reader.ts";
import { caseOf, compile, intentOf, partsOf } from "./fixtures/swap-message.ts";
import { decodeWithWeb3 } from "./fixtures/harm-oracle.ts";
import { decodeMessage, resolveInstructions } from "./message.ts";

const CASES = [caseOf({ version: "legacy" }), caseOf({ version: 0 })];

describe("decoding", () => {
  test("gives the accounts and data that web3.js sees", ({ expect }) => {
    for (const swap of CASES) {
      const bytes = compile(swap, partsOf(swap));
      const intent = intentOf(swap);
      const ours = resolveInstructions(decodeMessage(bytes), intent.lookupTables);
      const shown = ours.map(({ programId, accounts, data }) => ({
        program: showAccountKey(programId),
        keys: accounts.map(({ key }) => showAccountKey(key)),
        staticCount: accounts.filter(({ isStatic }) => isStatic).length,
        data: Buffer.from(data),
      }));
      expect(shown).toEqual(decodeWithWeb3(bytes, intent).instructions);
    }
  });

  test("refuses every message that is cut short or has a byte too many", ({ expect }) => {
    for (const swap of CASES) {
      const bytes = compile(swap, partsOf(swap));
      for (let length = 0; length < bytes.length; length++) {
        expect(() => decodeMessage(bytes.subarray(0, length))).toThrow(/the message/);
      }
      for (const extra of [0, 1, 255]) {
        const longer = Buffer.concat([bytes, Buffer.of(extra)]);
        expect(() => decodeMessage(longer)).toThrow(/bytes after its end/);
      }
    }
  });

  test("refuses other versions, no payer and programs out of reach", ({ expect }) => {
    const [legacy, versioned] = CASES.map((swap) => compile(swap, partsOf(swap)));
    expect(() => decodeMessage(patched(versioned, 0, 0x81))).toThrow(/unknown version/);
    expect(() => decodeMessage(patched(legacy, 0, 0))).toThrow(/no fee payer/);
    expect(() => decodeMessage(patched(legacy, 1, 1))).toThrow(/no fee payer/);
    expect(() => decodeMessage(patched(legacy, 2, 100))).toThrow(/too few accounts/);
    const firstProgram = 4 + 32 * (legacy?.[3] ?? 0) + 32 + 1;
    expect(() => decodeMessage(patched(legacy, firstProgram, 0))).toThrow(/not a static key/);
    expect(() => decodeMessage(patched(legacy, firstProgram, 200))).toThrow(/not a static key/);
  });

  test("refuses what does not fit into one packet", ({ expect }) => {
    expect(() => decodeMessage(Buffer.alloc(1_168))).toThrow(/one packet/);
  });

  test("refuses a table that is named without an entry", ({ expect }) => {
    const message = VersionedMessage.deserialize(compile(caseOf(), partsOf(caseOf())));
    message.addressTableLookups.push({
      accountKey: PublicKey.unique(),
      writableIndexes: [],
      readonlyIndexes: [],
    });
    expect(() => decodeMessage(message.serialize())).toThrow(/idle table/);
  });
});

describe("compact lengths", () => {
  const read = (...bytes: number[]): number => new ByteReader(Buffer.from(bytes)).compactU16();

  test("are read in their shortest spelling", ({ expect }) => {
    expect([read(0), read(0x7f), read(0x80, 1), read(0xff, 0x7f), read(0x80, 0x80, 1)]).toEqual([
      0, 127, 128, 16_383, 16_384,
    ]);
    expect(read(0xff, 0xff, 3)).toBe(65_535);
  });

  test("are refused in any longer one, and above 65535", ({ expect }) => {
    expect(() => read(0x80, 0)).toThrow(/more bytes than it needs/);
    expect(() => read(0x80, 0x80, 0)).toThrow(/more bytes than it needs/);
    expect(() => read(0xff, 0xff, 4)).toThrow(/above 65535/);
    expect(() => read(0x80, 0x80, 0x80, 1)).toThrow(/more than three bytes/);
    expect(() => read(0x80)).toThrow(/ends too early/);
  });
});

function patched(bytes: Buffer | undefined, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes ?? []);
  copy[at] = value;
  return copy;
}
