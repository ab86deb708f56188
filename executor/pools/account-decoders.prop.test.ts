import { PUMP_AMM_SDK } from "@pump-fun/pump-swap-sdk";
import { FEE_CONFIG_CURRENT_SIZE, PUMP_SDK } from "@pump-fun/pump-sdk";
import { PublicKey } from "@solana/web3.js";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import fc from "fast-check";
import { describe, test } from "vitest";
import { decodeBondingCurve, decodePumpGlobal } from "./bonding-curve.ts";
import { accountTag } from "./discriminator.ts";
import { decodeFeeConfig } from "./fee-config.ts";
import {
  AMM_IDL,
  PUMP_IDL,
  encodedStruct,
  fieldsOf,
  inOurTerms,
  littleEndian,
  type Encoded,
} from "./idl-fixture.ts";
import { decodeSwapAccount, decodeSwapGlobalConfig } from "./swap-accounts.ts";

const RUNS = 400;
type Fields = readonly [string, Encoded][];

function accountBytes(name: string, fields: Fields): Buffer {
  return Buffer.from([...accountTag(name), ...fields.flatMap(([, { bytes }]) => bytes)]);
}

/** As the makers' decoders want it; whose account it is they do not look at. */
function info(data: Buffer) {
  return { data, executable: false, lamports: 1, owner: PublicKey.default };
}

/** Only what `names` lists: ours knows newer fields too, and theirs some that no trade needs. */
function pick(decoded: unknown, names: readonly string[]): Record<string, unknown> {
  const all: Record<string, unknown> = { ...Object(inOurTerms(decoded)) };
  return Object.fromEntries(names.map((name) => [name, all[name]]));
}

/** Reads every run of `struct` by ours and by theirs, both against what was encoded. */
function holds(
  idl: typeof PUMP_IDL,
  struct: string,
  account: string,
  ours: (bytes: Uint8Array) => unknown,
  theirs: (data: Buffer) => unknown,
  expect: (value: unknown) => { toEqual(other: unknown): void },
): void {
  const property = fc.property(encodedStruct(idl, struct), (fields) => {
    const names = fields.map(([name]) => name);
    const wanted = Object.fromEntries(fields.map(([name, { value }]) => [name, value]));
    const bytes = accountBytes(account, fields);
    expect(pick(ours(bytes), names)).toEqual(wanted);
    expect(pick(theirs(bytes), names)).toEqual(wanted);
  });
  fc.assert(property, { seed: 4_101, numRuns: RUNS });
  const count = RUNS * fieldsOf(idl, struct).length;
  process.stdout.write(`${account}: ${RUNS} accounts, ${count} fields equal\n`);
}

describe("every field of the description is read, as the makers' library reads it", () => {
  test("of a curve", ({ expect }) => {
    const theirs = (data: Buffer) => PUMP_SDK.decodeBondingCurve(info(data));
    holds(PUMP_IDL, "bondingCurve", "BondingCurve", decodeBondingCurve, theirs, expect);
  });

  test("of pump.fun's settings", ({ expect }) => {
    const theirs = (data: Buffer) => PUMP_SDK.decodeGlobal(info(data));
    holds(PUMP_IDL, "global", "Global", decodePumpGlobal, theirs, expect);
  });

  test("of a PumpSwap pool", ({ expect }) => {
    // The library for PumpSwap is a field behind the description that pump.fun's library carries.
    const theirs = (data: Buffer) => ({
      ...PUMP_AMM_SDK.decodePool(info(data)),
      isHolderReward: data.at(-1) === 1,
    });
    holds(AMM_IDL, "pool", "Pool", decodeSwapAccount, theirs, expect);
  });

  test("of PumpSwap's settings", ({ expect }) => {
    const theirs = (data: Buffer) => PUMP_AMM_SDK.decodeGlobalConfig(info(data));
    holds(AMM_IDL, "globalConfig", "GlobalConfig", decodeSwapGlobalConfig, theirs, expect);
  });

  test("of a fee schedule, but for currencies other than SOL", ({ expect }) => {
    const property = fc.property(encodedStruct(PUMP_IDL, "feeConfig"), (fields) => {
      const tiers = fields.find(([name]) => name === "feeTiers")?.[1].value;
      const bytes = accountBytes("FeeConfig", fields);
      const padded = Buffer.concat([bytes, Buffer.alloc(FEE_CONFIG_CURRENT_SIZE)]);
      const theirs = Object(inOurTerms(PUMP_SDK.decodeFeeConfig(info(padded))));
      const ours = decodeFeeConfig(bytes);
      if (Array.isArray(tiers) && tiers.length === 0) {
        expect(ours, "a schedule without tiers").toBeUndefined();
        return;
      }
      expect(ours?.tiers.map((tier) => renamed(tier))).toEqual(
        theirs.feeTiers.map((tier: { fees: object; marketCapLamportsThreshold: bigint }) => ({
          ...tier.fees,
          marketCapLamportsThreshold: tier.marketCapLamportsThreshold,
        })),
      );
      expect(ours && renamed({ ...ours.flat, fromMarketCap: 0n })).toEqual({
        ...theirs.flatFees,
        marketCapLamportsThreshold: 0n,
      });
    });
    fc.assert(property, { seed: 4_102, numRuns: RUNS });
  });
});

function renamed(tier: {
  lpBps: bigint;
  protocolBps: bigint;
  creatorBps: bigint;
  fromMarketCap: bigint;
}) {
  return {
    lpFeeBps: tier.lpBps,
    protocolFeeBps: tier.protocolBps,
    creatorFeeBps: tier.creatorBps,
    marketCapLamportsThreshold: tier.fromMarketCap,
  };
}

describe("fields that are newer than the description", () => {
  const key = (fill: number) => encodeBase58(new Uint8Array(32).fill(fill));
  function put(bytes: Uint8Array, at: number, value: bigint, size = 8): void {
    bytes.set(littleEndian(value, size), at);
  }

  test("stand in a curve of 166 bytes where pump.fun's documents say", ({ expect }) => {
    const bytes = new Uint8Array(166);
    bytes.set(accountTag("BondingCurve"));
    put(bytes, 8, 1n);
    bytes[48] = 1;
    bytes.fill(7, 49, 81);
    bytes[81] = 1;
    bytes[82] = 1;
    bytes.fill(9, 83, 115);
    put(bytes, 115, 2n);
    bytes[124] = 1;
    put(bytes, 125, 3n);
    put(bytes, 133, 4n);
    bytes[141] = 5;
    put(bytes, 142, 6n);
    put(bytes, 150, 7n);
    put(bytes, 158, 8n);
    expect(decodeBondingCurve(bytes)).toEqual({
      virtualTokenReserves: 1n,
      virtualQuoteReserves: 0n,
      realTokenReserves: 0n,
      realQuoteReserves: 0n,
      tokenTotalSupply: 0n,
      complete: true,
      creator: key(7),
      isMayhemMode: true,
      isCashbackCoin: true,
      quoteMint: key(9),
      creatorFeeBps: 2n,
      canEditCreatorFee: false,
      isHolderReward: true,
      creatorFee: 3n,
      protocolFees: 4n,
      depth: 5,
      initialVirtualQuoteReserves: 6n,
      postCompleteBaseOut: 7n,
      postCompleteQuoteIn: 8n,
    });
  });

  test("stand in a pool of 287 bytes, virtual reserves below zero included", ({ expect }) => {
    const bytes = new Uint8Array(287);
    bytes.set(accountTag("Pool"));
    put(bytes, 245, -30_000_000n, 16);
    put(bytes, 261, 11n);
    bytes[270] = 1;
    put(bytes, 271, 12n);
    put(bytes, 279, 13n);
    expect(decodeSwapAccount(bytes)).toMatchObject({
      virtualQuoteReserves: -30_000_000n,
      creatorFeeBps: 11n,
      isHolderReward: true,
      protocolFees: 12n,
      creatorFees: 13n,
    });
  });
});

describe("accounts of any age", () => {
  test("the makers' library agrees on every length a curve was ever written with", ({ expect }) => {
    const property = fc.property(encodedStruct(PUMP_IDL, "bondingCurve"), (fields) => {
      for (const length of [49, 81, 82, 83, 115, 124, 125, 151]) {
        const data = Buffer.concat([accountBytes("BondingCurve", fields), Buffer.alloc(41)]);
        const cut = data.subarray(0, length);
        const names = fields.map(([name]) => name);
        const theirs = PUMP_SDK.decodeBondingCurve(info(cut));
        expect(pick(decodeBondingCurve(cut), names)).toEqual(pick(theirs, names));
      }
    });
    fc.assert(property, { seed: 4_104, numRuns: 100 });
  });

  test("a field that is cut off reads as zero, like one that was never written", ({ expect }) => {
    const bytes = new Uint8Array(60).fill(1);
    bytes.set(accountTag("BondingCurve"));
    expect(decodeBondingCurve(bytes)?.creator).toBe("11111111111111111111111111111111");
  });

  test("a pool of 211, 243, 244, 245, 261, 270, 287 or 300 bytes is read", ({ expect }) => {
    for (const length of [211, 243, 244, 245, 261, 270, 287, 300]) {
      const bytes = new Uint8Array(length);
      bytes.set(accountTag("Pool"));
      bytes.fill(3, 43, 75);
      expect(decodeSwapAccount(bytes)?.baseMint, `${length} bytes`).toBe(key3());
    }
  });

  test("bytes that are too short or belong to another account are none", ({ expect }) => {
    const short = new Uint8Array(48);
    short.set(accountTag("BondingCurve"));
    expect(decodeBondingCurve(short)).toBeUndefined();
    expect(decodeBondingCurve(new Uint8Array(166))).toBeUndefined();
    expect(decodePumpGlobal(new Uint8Array(1_088))).toBeUndefined();
    expect(decodeSwapAccount(new Uint8Array(300))).toBeUndefined();
    expect(decodeSwapGlobalConfig(new Uint8Array(949))).toBeUndefined();
    expect(decodeFeeConfig(new Uint8Array(4_097))).toBeUndefined();
  });

  test("a list of tiers that runs past its account is refused before it is read", ({ expect }) => {
    const bytes = new Uint8Array(200);
    bytes.set(accountTag("FeeConfig"));
    bytes.set([255, 255, 255, 255], 8 + 1 + 32 + 24);
    expect(decodeFeeConfig(bytes)).toBeUndefined();
    bytes.set([4, 0, 0, 0], 8 + 1 + 32 + 24);
    expect(decodeFeeConfig(bytes)).toBeUndefined();
  });
});

function key3(): string {
  return encodeBase58(new Uint8Array(32).fill(3));
}
