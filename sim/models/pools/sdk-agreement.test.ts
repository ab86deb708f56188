import { describe, test } from "vitest";
import {
  getBuySolAmountFromTokenAmount,
  getBuyTokenAmountFromSolAmount,
  getSellSolAmountFromTokenAmount,
  PUMP_SDK,
} from "@pump-fun/pump-sdk";
import { buyBaseInput, buyQuoteInput, PUMP_AMM_SDK, sellBaseInput } from "@pump-fun/pump-swap-sdk";
import { PublicKey } from "@solana/web3.js";
import { createPrng } from "../prng.ts";
import {
  type AmmPool,
  canonicalPool,
  encodeAmmConfig,
  encodeAmmPool,
  parseAmmConfig,
  parseAmmPool,
} from "./amm-accounts.ts";
import {
  ammBuyBase,
  ammBuyForBudget,
  ammRates,
  ammSellBase,
  receivedOf,
  spentOf,
} from "./amm-math.ts";
import {
  type Curve,
  CURVE_START,
  encodeCurve,
  encodeGlobal,
  parseCurve,
  parseGlobal,
  worldRecipients,
} from "./pump-accounts.ts";
import { encodeFeeConfig, parseFeeConfig } from "./pump-fees.ts";
import { buyForBudget, buyTokens, curveRates, sellTokens } from "./pump-math.ts";
import { ZERO_KEY } from "./state-bytes.ts";

const SEED = 44;
const CASES = 200;
const MINT = worldRecipients(SEED, "mint")[0] ?? "";
const CREATOR = worldRecipients(SEED, "creator")[0] ?? "";

function account(data: Uint8Array) {
  return { data: Buffer.from(data), executable: false, lamports: 1, owner: PublicKey.default };
}

/** A number as the makers' libraries take it; their class comes only out of their own decoder. */
function theirs(value: bigint) {
  const curve = encodeCurve({ ...curveAt(1n), virtualToken: value });
  return PUMP_SDK.decodeBondingCurve(account(curve)).virtualTokenReserves;
}

function ours(value: { toString(): string }): bigint {
  return BigInt(value.toString());
}

/** A curve after so many tokens were sold. */
function curveAt(sold: bigint, creator = CREATOR): Curve {
  const virtualToken = CURVE_START.virtualToken - sold;
  const virtualQuote = (CURVE_START.virtualToken * CURVE_START.virtualQuote) / virtualToken + 1n;
  return {
    virtualToken,
    virtualQuote,
    realToken: CURVE_START.realToken - sold,
    realQuote: virtualQuote - CURVE_START.virtualQuote,
    supply: CURVE_START.supply,
    complete: false,
    creator,
    quoteMint: ZERO_KEY,
    creatorFeeBps: 0n,
  };
}

describe("the curve's stand-in", () => {
  const global = parseGlobal(encodeGlobal(SEED));
  const config = parseFeeConfig(encodeFeeConfig("curve"));
  const theirGlobal = PUMP_SDK.decodeGlobal(account(encodeGlobal(SEED)));
  const feeConfig = PUMP_SDK.decodeFeeConfig(account(encodeFeeConfig("curve")));

  test("writes accounts that the makers' library reads the same", ({ expect }) => {
    const recipients = [theirGlobal.feeRecipient, ...theirGlobal.feeRecipients];
    expect(recipients.map(String)).toEqual(worldRecipients(SEED, "pump-fees"));
    expect(theirGlobal.buybackFeeRecipients.map(String)).toEqual(global.buybackRecipients);
    expect(theirGlobal.creatorFeeConfigurable).toBe(true);
    expect(ours(theirGlobal.poolMigrationFee)).toBe(global.migrationFee);
    const curve = curveAt(123_456_789_000_000n);
    const decoded = PUMP_SDK.decodeBondingCurve(account(encodeCurve(curve)));
    expect(parseCurve(encodeCurve(curve))).toEqual(curve);
    expect([ours(decoded.realTokenReserves), String(decoded.creator)]).toEqual([
      curve.realToken,
      CREATOR,
    ]);
    expect(feeConfig.feeTiers).toHaveLength(config.tiers.length);
  });

  test("costs and pays what the makers' library says", ({ expect }) => {
    const prng = createPrng(SEED);
    for (let count = 0; count < CASES; count += 1) {
      const curve = curveAt(
        BigInt(1 + prng.nextInt(790_000_000)) * 1_000_000n,
        prng.nextInt(4) === 0 ? ZERO_KEY : CREATOR,
      );
      const bondingCurve = PUMP_SDK.decodeBondingCurve(account(encodeCurve(curve)));
      const mintSupply = theirGlobal.tokenTotalSupply;
      const shared = { global: theirGlobal, feeConfig, mintSupply, bondingCurve };
      const rates = curveRates(curve, global, config);
      const tokens = 1n + BigInt(prng.nextInt(1_000_000_000)) * BigInt(1 + prng.nextInt(3_000));
      const wanted = tokens < curve.realToken ? tokens : curve.realToken;
      const quoteMint = PublicKey.default;
      const buy = buyTokens(curve, rates, wanted);
      expect(buy.net + buy.protocolFee + buy.creatorFee).toBe(
        ours(getBuySolAmountFromTokenAmount({ ...shared, amount: theirs(wanted), quoteMint })),
      );
      const sell = sellTokens(curve, rates, tokens);
      expect(sell.net - sell.protocolFee - sell.creatorFee).toBe(
        ours(getSellSolAmountFromTokenAmount({ ...shared, amount: theirs(tokens) })),
      );
      // For a budget the library rounds in another place than the program's own description.
      const budget = 1_000n + BigInt(prng.nextInt(2_000_000_000));
      const bought = buyForBudget(curve, rates, budget)?.tokens ?? 0n;
      const amount = theirs(budget);
      const listed = ours(getBuyTokenAmountFromSolAmount({ ...shared, amount, quoteMint }));
      const perLamport = curve.virtualToken / curve.virtualQuote + 1n;
      const gap = bought > listed ? bought - listed : listed - bought;
      expect(gap).toBeLessThanOrEqual(2n * perLamport);
    }
  });
});

describe("PumpSwap's stand-in", () => {
  const config = parseAmmConfig(encodeAmmConfig(SEED));
  const fees = parseFeeConfig(encodeFeeConfig("pool"));
  const globalConfig = PUMP_AMM_SDK.decodeGlobalConfig(account(encodeAmmConfig(SEED)));
  const feeConfig = PUMP_AMM_SDK.decodeFeeConfig(account(encodeFeeConfig("pool")));

  test("writes accounts that the makers' library reads the same", ({ expect }) => {
    expect(globalConfig.protocolFeeRecipients.map(String)).toEqual(config.protocolRecipients);
    expect(globalConfig.buybackFeeRecipients.map(String)).toEqual(config.buybackRecipients);
    const { pool } = canonicalPool(MINT, String(PublicKey.default), CREATOR, -5_000_000_000n);
    const decoded = PUMP_AMM_SDK.decodePool(account(encodeAmmPool(pool)));
    expect(parseAmmPool(encodeAmmPool(pool))).toEqual(pool);
    expect(ours(decoded.virtualQuoteReserves)).toBe(-5_000_000_000n);
    expect(String(decoded.coinCreator)).toBe(CREATOR);
  });

  test("costs and pays what the makers' library says", ({ expect }) => {
    const prng = createPrng(SEED + 1);
    const supply = 1_000_000_000_000_000n;
    for (let count = 0; count < CASES; count += 1) {
      const virtual = BigInt(prng.nextInt(40) - 20) * 1_000_000_000n;
      const coinCreator = prng.nextInt(4) === 0 ? ZERO_KEY : CREATOR;
      const { pool } = canonicalPool(MINT, String(PublicKey.default), coinCreator, virtual);
      const base = 1_000_000n + BigInt(prng.nextInt(900_000_000)) * 1_000_000n;
      const vault = 25_000_000_000n + BigInt(prng.nextInt(1_000_000_000)) * 5_000n;
      const reserves = { base, quote: vault + virtual };
      const rates = ammRates({ pool, config, fees, reserves, supply });
      const shared = { ...sharedInput(pool, supply), globalConfig, feeConfig };
      const state = { ...shared, baseReserve: theirs(base), quoteReserve: theirs(vault) };
      const wanted = 1n + (base * BigInt(prng.nextInt(500))) / 1_000n;
      const bought = buyBaseInput({ ...state, base: theirs(wanted) });
      expect(spentOf(ammBuyBase(reserves, rates, wanted))).toBe(ours(bought.uiQuote));
      const budget = 10_000n + BigInt(prng.nextInt(2_000_000_000)) * 10n;
      const listed = buyQuoteInput({ ...state, quote: theirs(budget) });
      expect(ammBuyForBudget(reserves, rates, budget)?.base).toBe(ours(listed.base));
      const sold = ammSellBase(reserves, rates, wanted);
      if (sold.quote - sold.lpFee > vault) continue;
      const paid = sellBaseInput({ ...state, base: theirs(wanted) });
      expect(receivedOf(sold)).toBe(ours(paid.uiQuote));
    }
  });
});

function sharedInput(pool: AmmPool, supply: bigint) {
  const decoded = PUMP_AMM_SDK.decodePool(account(encodeAmmPool(pool)));
  return {
    slippage: 0,
    virtualQuoteReserves: decoded.virtualQuoteReserves,
    baseMintAccount: {
      mintAuthorityOption: 0 as const,
      mintAuthority: PublicKey.default,
      supply,
      decimals: 6,
      isInitialized: true,
      freezeAuthorityOption: 0 as const,
      freezeAuthority: PublicKey.default,
    },
    baseMint: decoded.baseMint,
    coinCreator: decoded.coinCreator,
    creator: decoded.creator,
    quoteMint: decoded.quoteMint,
    isMayhemMode: false,
    creatorFeeBps: decoded.creatorFeeBps,
  };
}
