import { decodeBase58 } from "@raptor/shared/values/base58.ts";
import { describe, test } from "vitest";
import { STRANGER } from "./jupiter-fixture.ts";
import { parseMintAccount } from "./mint-account.ts";
import { SYSTEM_PROGRAM, TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "./programs.ts";

const KEY = Buffer.from(decodeBase58(STRANGER) ?? []);
const NO_KEY = Buffer.alloc(32);

interface MintOptions {
  mintAuthority?: boolean;
  freezeAuthority?: boolean;
  decimals?: number;
}

/** SPL Token mint: 82 bytes; the options' flags are a u32 before each key. */
function classicMint(options: MintOptions = {}): Buffer {
  const data = Buffer.alloc(82);
  if (options.mintAuthority === true) data.writeUInt32LE(1, 0);
  KEY.copy(data, 4);
  data.writeBigUInt64LE(1_000_000_000_000_000n, 36);
  data.writeUInt8(options.decimals ?? 6, 44);
  data.writeUInt8(1, 45);
  if (options.freezeAuthority === true) data.writeUInt32LE(1, 46);
  KEY.copy(data, 50);
  return data;
}

/** Token-2022: padding to 165 bytes, the kind of account, then type, length, value. */
function extendedMint(...extensions: [number, Buffer][]): Buffer {
  const parts = extensions.map(([type, value]) => {
    const header = Buffer.alloc(4);
    header.writeUInt16LE(type, 0);
    header.writeUInt16LE(value.length, 2);
    return Buffer.concat([header, value]);
  });
  return Buffer.concat([classicMint(), Buffer.alloc(83), Buffer.of(1), ...parts]);
}

function transferFee(olderBps: number, newerBps: number): [number, Buffer] {
  const value = Buffer.alloc(108);
  value.writeUInt16LE(olderBps, 72 + 16);
  value.writeUInt16LE(newerBps, 90 + 16);
  return [1, value];
}

function refusals(...extensions: [number, Buffer][]): string[] {
  const mint = parseMintAccount(TOKEN_2022_PROGRAM, extendedMint(...extensions));
  if (mint === undefined) throw new Error("expected a mint");
  return mint.extensionRefusals;
}

describe("a classic mint", () => {
  test("shows supply, decimals and authorities", ({ expect }) => {
    expect(parseMintAccount(TOKEN_PROGRAM, classicMint({ decimals: 9 }))).toEqual({
      tokenProgram: TOKEN_PROGRAM,
      supply: 1_000_000_000_000_000n,
      decimals: 9,
      mintAuthority: null,
      freezeAuthority: null,
      transferFeeBps: 0,
      extensionRefusals: [],
    });
    const owned = classicMint({ mintAuthority: true, freezeAuthority: true });
    const expected = { mintAuthority: STRANGER, freezeAuthority: STRANGER };
    expect(parseMintAccount(TOKEN_PROGRAM, owned)).toMatchObject(expected);
  });

  test("is none when it is foreign, short, empty or a token account", ({ expect }) => {
    expect(parseMintAccount(SYSTEM_PROGRAM, classicMint())).toBeUndefined();
    expect(parseMintAccount(TOKEN_PROGRAM, classicMint().subarray(0, 81))).toBeUndefined();
    expect(parseMintAccount(TOKEN_PROGRAM, Buffer.alloc(82))).toBeUndefined();
    expect(parseMintAccount(TOKEN_PROGRAM, Buffer.alloc(165, 1))).toBeUndefined();
    const account = extendedMint();
    account.writeUInt8(2, 165);
    expect(parseMintAccount(TOKEN_2022_PROGRAM, account)).toBeUndefined();
  });
});

describe("a Token-2022 mint", () => {
  test("may carry metadata and groups", ({ expect }) => {
    expect(
      refusals([18, Buffer.alloc(64)], [19, Buffer.alloc(120)], [21, Buffer.alloc(80)]),
    ).toEqual([]);
  });

  const unsafe: [string, number, Buffer][] = [
    ["that starts holders frozen", 6, Buffer.of(2)],
    ["that cannot be transferred", 9, Buffer.alloc(0)],
    ["with a permanent delegate", 12, KEY],
    ["with a transfer hook", 14, Buffer.concat([NO_KEY, KEY])],
    ["that can be paused", 26, Buffer.alloc(33)],
    ["that others may burn", 28, Buffer.alloc(32)],
    ["with an extension nobody knows", 999, Buffer.alloc(8)],
  ];
  test.for(unsafe)("%s is refused", ([, type, value], { expect }) => {
    expect(refusals([type, value])).toHaveLength(1);
    expect(refusals([18, Buffer.alloc(64)], [type, value])).toHaveLength(1);
  });

  test("is not refused for a danger that is switched off", ({ expect }) => {
    expect(refusals([6, Buffer.of(1)], [12, NO_KEY], [14, Buffer.concat([KEY, NO_KEY])])).toEqual(
      [],
    );
  });

  test("takes the higher of the older and the newer transfer fee", ({ expect }) => {
    const feeOf = (extension: [number, Buffer]): number | undefined =>
      parseMintAccount(TOKEN_2022_PROGRAM, extendedMint(extension))?.transferFeeBps;
    expect(feeOf(transferFee(300, 100))).toBe(300);
    expect(feeOf(transferFee(0, 9_900))).toBe(9_900);
    expect(feeOf([1, Buffer.alloc(10)])).toBe(10_000);
  });

  test("is refused when its extensions are cut off", ({ expect }) => {
    const data = extendedMint([12, KEY]).subarray(0, -5);
    expect(parseMintAccount(TOKEN_2022_PROGRAM, data)?.extensionRefusals).toHaveLength(1);
  });

  test("ends at the first empty extension", ({ expect }) => {
    expect(refusals([0, Buffer.alloc(0)], [12, KEY])).toEqual([]);
  });
});
