import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import fc from "fast-check";
import { PUMP_FEE_CONFIG, PUMP_GLOBAL } from "./curve-pool.ts";
import { curveRef, refFromAccount, type PoolRef } from "./direct-pool.ts";
import { accountTag } from "./discriminator.ts";
import { AMM_IDL, PUMP_IDL, encodeStruct, littleEndian } from "./idl-fixture.ts";
import { keyBytes, namedAddress, tokenAccountOf } from "./program-address.ts";
import {
  PUMP_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
  WSOL_MINT,
  ZERO_KEY,
} from "./programs.ts";
import { SWAP_FEE_CONFIG, SWAP_GLOBAL_CONFIG } from "./swap-pool.ts";
import { isUnusable } from "./unusable.ts";

/** Generated states of pools, and the bytes their accounts have in them. */
export interface TierCase {
  marketCapLamportsThreshold: bigint;
  fees: { lpFeeBps: bigint; protocolFeeBps: bigint; creatorFeeBps: bigint };
}

interface CommonCase {
  mint: string;
  wallet: string;
  tokenProgram: string;
  creator: string;
  isMayhemMode: boolean;
  isCashbackCoin: boolean;
  creatorFeeBps: bigint;
  creatorFeeConfigurable: boolean;
  tiers: TierCase[];
  flat: TierCase["fees"];
  /** Sixteen different keys that settings name as recipients of fees. */
  recipients: string[];
  amount: bigint;
  least: bigint;
}

export interface CurveCase extends CommonCase {
  virtualToken: bigint;
  virtualQuote: bigint;
  realToken: bigint;
  realQuote: bigint;
  supply: bigint;
}

export interface SwapCase extends CommonCase {
  base: bigint;
  quote: bigint;
  virtualQuote: bigint;
  supply: bigint;
  isCanonical: boolean;
  poolKey: string;
  poolBytes: number;
}

export const ONE_BILLION = 1_000_000_000_000_000n;

/** Keys of one kind differ from those of every other, however far a failing case is simplified. */
function keyOf(kind: number): fc.Arbitrary<string> {
  const rest = fc.uint8Array({ minLength: 31, maxLength: 31 });
  return rest.map((bytes) => encodeBase58(Uint8Array.of(kind, ...bytes)));
}

/**
 * Every order of magnitude up to `bits` equally often: amounts of a lamport matter like millions.
 */
function magnitude(bits: number, bitsMin = 1): fc.Arbitrary<bigint> {
  return fc
    .tuple(fc.integer({ min: bitsMin, max: bits }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
    .map(([width, bits64]) => (bits64 & ((1n << BigInt(width)) - 1n)) | (1n << BigInt(width - 1)));
}

/**
 * Below a few lamports the makers' library divides negative numbers and comes to tokens for
 * nothing; the programs count in unsigned numbers and refuse.
 */
const RESERVE_BITS_MIN = 10;

const bps = fc.bigInt({ min: 0n, max: 300n });
const rates = fc.record({ lpFeeBps: bps, protocolFeeBps: bps, creatorFeeBps: bps });

/** Ascending, the first one mostly at zero as on the chain. */
const tiers = fc
  .array(fc.record({ marketCapLamportsThreshold: magnitude(46), fees: rates }), {
    minLength: 1,
    maxLength: 25,
  })
  .chain((list) => fc.boolean().map((fromZero) => ascending(list, fromZero)));

function ascending(list: TierCase[], fromZero: boolean): TierCase[] {
  const sorted = list.toSorted((a, b) =>
    a.marketCapLamportsThreshold < b.marketCapLamportsThreshold ? -1 : 1,
  );
  return sorted.map((tier, at) =>
    at === 0 && fromZero ? { ...tier, marketCapLamportsThreshold: 0n } : tier,
  );
}

const rarely = fc.integer({ min: 0, max: 4 }).map((draw) => draw === 0);

const RECIPIENTS = Array.from({ length: 16 }, (_, at) =>
  encodeBase58(new Uint8Array(32).fill(0xa0 + at)),
);

const common = {
  mint: keyOf(1),
  wallet: keyOf(2),
  tokenProgram: fc.constantFrom(TOKEN_PROGRAM, TOKEN_2022_PROGRAM),
  creator: fc.oneof(
    { arbitrary: keyOf(3), weight: 4 },
    { arbitrary: fc.constant(ZERO_KEY), weight: 1 },
  ),
  isMayhemMode: rarely,
  isCashbackCoin: rarely,
  creatorFeeBps: fc.oneof(fc.constant(0n), bps),
  creatorFeeConfigurable: fc.boolean(),
  tiers,
  flat: rates,
  recipients: fc
    .nat({ max: 15 })
    .map((by) => [...RECIPIENTS.slice(by), ...RECIPIENTS.slice(0, by)]),
  amount: magnitude(52),
  least: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
};

/** Half of them on the real curve somewhere between birth and completion, half anywhere at all. */
export const curveCases: fc.Arbitrary<CurveCase> = fc
  .record({
    ...common,
    sold: fc.bigInt({ min: 0n, max: 793_100_000_000_000n }),
    isReal: fc.boolean(),
    virtualToken: magnitude(52, RESERVE_BITS_MIN),
    virtualQuote: magnitude(50, RESERVE_BITS_MIN),
    share: fc.bigInt({ min: 0n, max: 999n }),
    supply: magnitude(52),
  })
  .map(({ sold, isReal, share, ...rest }) => {
    if (!isReal) {
      const realToken = (rest.virtualToken * share) / 1_000n;
      return { ...rest, realToken, realQuote: rest.virtualQuote };
    }
    const virtualToken = 1_073_000_000_000_000n - sold;
    const virtualQuote = (1_073_000_000_000_000n * 30_000_000_000n) / virtualToken + 1n;
    const realToken = 793_100_000_000_000n - sold;
    return {
      ...rest,
      virtualToken,
      virtualQuote,
      realToken,
      realQuote: virtualQuote - 30_000_000_000n,
    };
  });

export const swapCases: fc.Arbitrary<SwapCase> = fc
  .record({
    ...common,
    base: magnitude(52, RESERVE_BITS_MIN),
    quote: magnitude(50, RESERVE_BITS_MIN),
    virtualQuote: fc.oneof(fc.constant(0n), magnitude(45), magnitude(48)),
    isNegative: fc.boolean(),
    supply: magnitude(52),
    isCanonical: fc.integer({ min: 0, max: 4 }).map((draw) => draw > 0),
    poolKey: keyOf(5),
    poolBytes: fc.constantFrom(300, 301),
  })
  .map(({ isNegative, ...rest }) => ({
    ...rest,
    virtualQuote: isNegative ? -(rest.virtualQuote % (rest.quote / 2n)) : rest.virtualQuote,
  }));

/** What a state is on the chain: the ref of its pool and the bytes of every watched account. */
export interface PoolState {
  ref: PoolRef;
  accounts: Map<string, Uint8Array>;
}

function account(tag: string, body: readonly number[], length = 0): Uint8Array {
  const bytes = Uint8Array.from([...accountTag(tag), ...body]);
  if (bytes.length >= length) return bytes;
  const padded = new Uint8Array(length);
  padded.set(bytes);
  return padded;
}

function feeConfigBytes(one: CommonCase): Uint8Array {
  const body = encodeStruct(PUMP_IDL, "feeConfig", { flatFees: one.flat, feeTiers: one.tiers });
  return account("FeeConfig", body, FEE_CONFIG_BYTES);
}

/** The length of the newest layout, which decides what the makers' libraries read. */
const FEE_CONFIG_BYTES = 4_097;

/** Encoded settings by what is in them: a thousand bytes that only a few states differ in. */
const settings = new Map<string, Uint8Array>();

function settingsOf(kind: string, one: CommonCase, encode: () => Uint8Array): Uint8Array {
  const id = [kind, one.creatorFeeConfigurable, ...one.recipients].join(" ");
  const bytes = settings.get(id) ?? encode();
  settings.set(id, bytes);
  return bytes;
}

function globalBytes(one: CommonCase): Uint8Array {
  const [first, ...others] = one.recipients;
  return settingsOf("pump", one, () => {
    const body = encodeStruct(PUMP_IDL, "global", {
      feeRecipient: first,
      tokenTotalSupply: ONE_BILLION,
      feeRecipients: others.slice(0, 7),
      reservedFeeRecipient: others[7],
      reservedFeeRecipients: others.slice(8, 15),
      buybackFeeRecipients: one.recipients.slice(4, 12),
      creatorFeeConfigurable: one.creatorFeeConfigurable,
    });
    return account("Global", body);
  });
}

function globalConfigBytes(one: CommonCase): Uint8Array {
  return settingsOf("amm", one, () => {
    const body = encodeStruct(AMM_IDL, "globalConfig", {
      protocolFeeRecipients: one.recipients.slice(0, 8),
      reservedFeeRecipient: one.recipients[8],
      reservedFeeRecipients: one.recipients.slice(9, 16),
      buybackFeeRecipients: one.recipients.slice(4, 12),
      creatorFeeConfigurable: one.creatorFeeConfigurable,
    });
    return account("GlobalConfig", body);
  });
}

export function curveState(one: CurveCase): PoolState {
  const ref = curveRef(one.mint, one.tokenProgram);
  const curve = encodeStruct(PUMP_IDL, "bondingCurve", {
    virtualTokenReserves: one.virtualToken,
    virtualQuoteReserves: one.virtualQuote,
    realTokenReserves: one.realToken,
    realQuoteReserves: one.realQuote,
    tokenTotalSupply: one.supply,
    creator: one.creator,
    isMayhemMode: one.isMayhemMode,
    isCashbackCoin: one.isCashbackCoin,
    creatorFeeBps: one.creatorFeeBps,
  });
  return {
    ref,
    accounts: new Map([
      [ref.address, account("BondingCurve", curve)],
      [PUMP_GLOBAL, globalBytes(one)],
      [PUMP_FEE_CONFIG, feeConfigBytes(one)],
    ]),
  };
}

export function swapState(one: SwapCase): PoolState {
  const baseVault = tokenAccountOf(one.poolKey, one.mint, one.tokenProgram);
  const quoteVault = tokenAccountOf(one.poolKey, WSOL_MINT, TOKEN_PROGRAM);
  const creator = one.isCanonical
    ? namedAddress(PUMP_PROGRAM, "pool-authority", one.mint)
    : one.wallet;
  const pool = encodeStruct(AMM_IDL, "pool", {
    creator,
    baseMint: one.mint,
    quoteMint: WSOL_MINT,
    poolBaseTokenAccount: baseVault,
    poolQuoteTokenAccount: quoteVault,
    coinCreator: one.creator,
    isMayhemMode: one.isMayhemMode,
    isCashbackCoin: one.isCashbackCoin,
    virtualQuoteReserves: one.virtualQuote,
    creatorFeeBps: one.creatorFeeBps,
  });
  const poolBytes = account("Pool", pool, one.poolBytes).subarray(0, one.poolBytes);
  const ref = refFromAccount("pumpswap", one.poolKey, poolBytes, one.tokenProgram);
  if (isUnusable(ref)) throw new TypeError(`expected a pool, was ${ref.reason}`);
  return {
    ref,
    accounts: new Map([
      [one.poolKey, poolBytes],
      [baseVault, tokenAccountBytes(one.mint, one.poolKey, one.base)],
      [quoteVault, tokenAccountBytes(WSOL_MINT, one.poolKey, one.quote)],
      [one.mint, mintBytes(one.supply)],
      [SWAP_GLOBAL_CONFIG, globalConfigBytes(one)],
      [SWAP_FEE_CONFIG, feeConfigBytes(one)],
    ]),
  };
}

export function tokenAccountBytes(mint: string, owner: string, amount: bigint): Uint8Array {
  const bytes = new Uint8Array(165);
  bytes.set(keyBytes(mint));
  bytes.set(keyBytes(owner), 32);
  bytes.set(littleEndian(amount, 8), 64);
  return bytes;
}

export function mintBytes(supply: bigint): Uint8Array {
  const bytes = new Uint8Array(82);
  bytes.set(littleEndian(supply, 8), 36);
  bytes[44] = 6;
  return bytes;
}
