import fc from "fast-check";
import { describe, test } from "vitest";
import {
  spotPriceE9,
  marketCapLamports,
  quotePool,
  decodePool,
  isUnusable,
} from "./direct-pool.ts";
import { curveInstruction, curveInstructionV3 } from "./curve-instruction.ts";
import { PUMP_FEE_CONFIG, PUMP_GLOBAL } from "./curve-pool.ts";
import { namedAddress, tokenAccountOf } from "./program-address.ts";
import { curveState, mintBytes, swapCases, swapState } from "./pool-cases-fixture.ts";
import type { CurveCase } from "./pool-cases-fixture.ts";
import {
  PUMP_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
  WSOL_MINT,
  ZERO_KEY,
} from "./programs.ts";
import { decodedCase } from "./quote-oracles-fixture.ts";
import { rentLamportsMax } from "./trade-rent.ts";

const MINT = "8XrqT9yLg3Bef1epT1a1J9VqoNN7GKXmy3Wxc1u4pump";
const WALLET = "9v2iKXQi1QCx8tgqjVsRvmbUTxSPwA56fL5pbaXeeavh";
const CREATOR = "GkwFnmMDvn3HGMpJpWBg8tgJxr3NxNvg3AXxvXVPbRGJ";
const RECIPIENTS = [
  "62qc2CNXwrYqQScmEdiZFFAnJR262PxWEuNQtxfafNgV",
  "7VtfL8fvgNfhz17qKRMjzQEXgbdpnHHHQRh54R9jP2RJ",
];

/** The first tiers that the chain had in September 2026, thresholds in lamports. */
const TIERS = [
  [0n, 2n, 93n, 30n],
  [420_000_000_000n, 20n, 5n, 95n],
  [1_470_000_000_000n, 20n, 5n, 90n],
] as const;

/** A curve as it is born. */
function newCurve(changes: Partial<CurveCase> = {}): CurveCase {
  return {
    mint: MINT,
    wallet: WALLET,
    tokenProgram: TOKEN_2022_PROGRAM,
    creator: CREATOR,
    isMayhemMode: false,
    isCashbackCoin: false,
    creatorFeeBps: 0n,
    creatorFeeConfigurable: true,
    tiers: TIERS.map(([from, lpFeeBps, protocolFeeBps, creatorFeeBps]) => ({
      marketCapLamportsThreshold: from,
      fees: { lpFeeBps, protocolFeeBps, creatorFeeBps },
    })),
    flat: { lpFeeBps: 25n, protocolFeeBps: 5n, creatorFeeBps: 0n },
    recipients: Array.from({ length: 16 }, (_, at) => RECIPIENTS[at % 2] ?? ""),
    amount: 0n,
    least: 0n,
    virtualToken: 1_073_000_000_000_000n,
    virtualQuote: 30_000_000_000n,
    realToken: 793_100_000_000_000n,
    realQuote: 0n,
    supply: 1_000_000_000_000_000n,
    ...changes,
  };
}

const poolOf = (changes: Partial<CurveCase> = {}) =>
  decodedCase(curveState(newCurve(changes)), "pump");

describe("a newborn curve", () => {
  test("costs what pump.fun shows: 28 SOL for everything, 27.9 lamports a token", ({ expect }) => {
    const pool = poolOf();
    expect(marketCapLamports(pool)).toBe(27_958_993_476n);
    expect(spotPriceE9(pool, 6)).toBe((30_000_000_000n * 10n ** 15n) / 1_073_000_000_000_000n);
  });

  test("gives 34.2 million tokens for a SOL, 1.23 percent of it fees", ({ expect }) => {
    const quote = quotePool(poolOf(), "buy", 1_000_000_000n);
    // floor(1e9 * 10000 / 10123), of which one lamport is kept, through x * vt / (vq + x).
    const into = 987_849_451n - 1n;
    expect(quote.quantityOut).toBe((into * 1_073_000_000_000_000n) / (30_000_000_000n + into));
    expect(quote.feeParts).toEqual({ lp: 0n, protocol: 9_187_000n, creator: 2_963_549n });
    expect(quote.feeLamports).toBe(12_150_549n);
    expect(quote.quantityInUsed).toBe(1_000_000_000n);
    expect(quote.priceImpactBps).toBe(318);
  });

  test("sells for nothing what the fees eat up, and buys nothing for a lamport", ({ expect }) => {
    const pool = poolOf();
    expect(quotePool(pool, "sell", 40_000n).quantityOut).toBe(0n);
    expect(quotePool(pool, "sell", 0n).quantityOut).toBe(0n);
    expect(quotePool(pool, "buy", 1n).quantityOut).toBe(0n);
    expect(quotePool(pool, "buy", 0n).quantityOut).toBe(0n);
  });
});

describe("fees", () => {
  test("fall with the market cap, the tier's threshold included", ({ expect }) => {
    const at = (cap: bigint) =>
      poolOf({ virtualQuote: cap, virtualToken: 1_000_000_000_000_000n }).rates;
    expect(at(419_999_999_999n)).toEqual({ lpBps: 0n, protocolBps: 93n, creatorBps: 30n });
    expect(at(420_000_000_000n)).toEqual({ lpBps: 0n, protocolBps: 5n, creatorBps: 95n });
    expect(at(9_000_000_000_000n)).toEqual({ lpBps: 0n, protocolBps: 5n, creatorBps: 90n });
  });

  test("for the creator are the token's own while pump.fun allows it", ({ expect }) => {
    expect(poolOf({ creatorFeeBps: 200n }).rates.creatorBps).toBe(200n);
    const off = poolOf({ creatorFeeBps: 200n, creatorFeeConfigurable: false });
    expect(off.rates.creatorBps).toBe(30n);
    expect(poolOf({ creatorFeeBps: 200n, creator: ZERO_KEY }).rates.creatorBps).toBe(0n);
  });

  test("of a mayhem curve follow the mint's supply where its bytes are at hand", ({ expect }) => {
    const one = newCurve({ isMayhemMode: true, virtualQuote: 300_000_000_000n });
    const state = curveState(one);
    expect(decodedCase(state, "pump").rates.protocolBps).toBe(93n);
    state.accounts.set(MINT, mintBytes(2_000_000_000_000_000n));
    expect(decodedCase(state, "pump").rates.protocolBps).toBe(5n);
    expect(poolOf({ virtualQuote: 300_000_000_000n }).supply).toBe(1_000_000_000_000_000n);
  });
});

describe("a buy that takes all the curve has left", () => {
  const almostFull = {
    virtualToken: 279_900_000_000_000n + 1_000_000_000n,
    virtualQuote: 115_000_000_000n,
    realToken: 1_000_000_000n,
  };

  test("is quoted with what is left, at its cost and not at the whole budget", ({ expect }) => {
    const quote = quotePool(poolOf(almostFull), "buy", 5_000_000_000n);
    const cost = (1_000_000_000n * 115_000_000_000n) / 279_900_000_000_000n + 1n;
    expect(quote.quantityOut).toBe(1_000_000_000n);
    expect(quote.quantityInUsed).toBe(cost + quote.feeLamports);
    expect(quote.feeLamports).toBe(3_822n + 1_233n);
  });

  test("asks for no more than there is when it is sent with that cost", ({ expect }) => {
    const pool = poolOf(almostFull);
    const { quantityInUsed } = quotePool(pool, "buy", 5_000_000_000n);
    const again = quotePool(pool, "buy", quantityInUsed);
    expect(again.quantityInUsed).toBe(quantityInUsed);
    expect(again.quantityOut).toBeLessThanOrEqual(1_000_000_000n);
    expect(again.quantityOut).toBeGreaterThan(999_990_000n);
  });

  test("is nothing where nothing is left", ({ expect }) => {
    const quote = quotePool(poolOf({ realToken: 0n }), "buy", 1_000_000_000n);
    expect(quote).toMatchObject({ quantityInUsed: 0n, quantityOut: 0n, feeLamports: 0n });
  });
});

describe("a curve that cannot be traded says why", () => {
  function reasonOf(change: (state: ReturnType<typeof curveState>) => void) {
    const state = curveState(newCurve());
    change(state);
    const pool = decodePool(state.ref, state.accounts);
    return isUnusable(pool) ? pool.cause : pool.kind;
  }
  const curveBytes = (state: ReturnType<typeof curveState>): Uint8Array =>
    state.accounts.get(state.ref.address) ?? new Uint8Array();

  test("it is full", ({ expect }) => {
    expect(reasonOf((state) => void (curveBytes(state)[48] = 1))).toBe("complete");
  });

  test("it was emptied by the migration", ({ expect }) => {
    expect(reasonOf((state) => void curveBytes(state).fill(0, 8, 16))).toBe("complete");
  });

  test("it trades against another currency", ({ expect }) => {
    expect(reasonOf((state) => void curveBytes(state).fill(7, 83, 115))).toBe("unsupported");
  });

  test("its bytes, or those of the settings, are not there", ({ expect }) => {
    expect(reasonOf((state) => void state.accounts.delete(state.ref.address))).toBe("missing");
    expect(reasonOf((state) => void state.accounts.delete(PUMP_GLOBAL))).toBe("missing");
    expect(reasonOf((state) => void state.accounts.delete(PUMP_FEE_CONFIG))).toBe("missing");
  });

  test("its bytes, or those of the settings, are not what they should be", ({ expect }) => {
    const empty = new Uint8Array(166);
    expect(reasonOf((state) => void state.accounts.set(state.ref.address, empty))).toBe("corrupt");
    expect(reasonOf((state) => void state.accounts.set(PUMP_GLOBAL, empty))).toBe("corrupt");
    expect(reasonOf((state) => void state.accounts.set(PUMP_FEE_CONFIG, empty))).toBe("corrupt");
  });

  test("the settings name nobody to pay", ({ expect }) => {
    const state = curveState(newCurve({ recipients: Array.from({ length: 16 }, () => ZERO_KEY) }));
    expect(decodePool(state.ref, state.accounts)).toMatchObject({ cause: "corrupt" });
  });

  test("wrapped SOL as its currency is SOL", ({ expect }) => {
    const state = curveState(newCurve());
    const wrapped = curveState(newCurve({ creator: WSOL_MINT }));
    curveBytes(state).set(curveBytes(wrapped).subarray(49, 81), 83);
    expect(decodedCase(state, "pump").curve.quoteMint).toBe(WSOL_MINT);
  });
});

describe("the key of the account list", () => {
  test("stays while only reserves move, and changes with whom a trade has to name", ({
    expect,
  }) => {
    const before = poolOf().accountsKey;
    expect(poolOf({ virtualQuote: 31_000_000_000n }).accountsKey).toBe(before);
    expect(poolOf({ creator: WALLET }).accountsKey).not.toBe(before);
    const others = Array.from({ length: 16 }, () => WALLET);
    expect(poolOf({ recipients: others }).accountsKey).not.toBe(before);
  });
});

describe("an instruction", () => {
  const order = {
    wallet: WALLET,
    side: "sell",
    quantityIn: 0x0102030405060708n,
    quantityOutMin: 9n,
  } as const;

  test("has its amounts where it says, so that they can be written over", ({ expect }) => {
    const { data, quantityInAt, quantityOutMinAt } = curveInstruction(poolOf(), order);
    const view = new DataView(data.buffer, data.byteOffset);
    expect(view.getBigUint64(quantityInAt, true)).toBe(0x0102030405060708n);
    expect(view.getBigUint64(quantityOutMinAt, true)).toBe(9n);
    expect(data).toHaveLength(24);
  });

  test("needs the wallet's account of the token and no wrapped SOL", ({ expect }) => {
    const { needs } = curveInstruction(poolOf(), order);
    const address = tokenAccountOf(WALLET, MINT, TOKEN_2022_PROGRAM);
    expect(needs).toEqual([
      { address, mint: MINT, tokenProgram: TOKEN_2022_PROGRAM, use: "token" },
    ]);
  });

  test("refuses an amount that would wrap around in the bytes", ({ expect }) => {
    const build = (quantityIn: bigint) => () =>
      curveInstruction(poolOf(), { ...order, quantityIn });
    expect(build(2n ** 64n)).toThrow(RangeError);
    expect(build(-1n)).toThrow(RangeError);
  });
});

describe("what a trade may cost in rent", () => {
  const volume = 1_844_400n;
  const wrapped = 2_039_280n;

  test("is the trader's volume, the creator's vault and the curve's growth", ({ expect }) => {
    const growth = 117n * 6_960n;
    expect(rentLamportsMax(poolOf(), "buy")).toBe(volume + 890_880n + growth);
    expect(rentLamportsMax(poolOf(), "sell")).toBe(volume + 890_880n + growth);
    const cashback = poolOf({ isCashbackCoin: true });
    expect(rentLamportsMax(cashback, "sell")).toBe(volume + 890_880n + growth + wrapped);
  });

  test("is two vaults in a PumpSwap pool, and the volume where it is counted", ({ expect }) => {
    const [one] = fc.sample(swapCases, { seed: 1, numRuns: 1 });
    if (one === undefined) throw new Error("expected a generated pool");
    const swap = (isCashbackCoin: boolean) =>
      decodedCase(swapState({ ...one, isCashbackCoin }), "pumpswap");
    expect(rentLamportsMax(swap(false), "buy")).toBe(2n * wrapped + volume);
    expect(rentLamportsMax(swap(false), "sell")).toBe(2n * wrapped);
    expect(rentLamportsMax(swap(true), "sell")).toBe(3n * wrapped + volume);
  });
});

describe("an instruction of the third generation", () => {
  const curve = namedAddress(PUMP_PROGRAM, "bonding-curve", MINT);
  const order = { wallet: WALLET, side: "buy", quantityIn: 1n, quantityOutMin: 2n } as const;

  test("has the seventeen accounts of pump.fun's documents, in order", ({ expect }) => {
    const built = curveInstructionV3(poolOf(), order);
    const buyback = RECIPIENTS.find((key) => key === built.accounts[13]?.pubkey);
    const flags = built.accounts.map(
      ({ isSigner, isWritable }) => `${isWritable ? "w" : "r"}${isSigner ? "s" : ""}`,
    );
    expect(built.accounts.map(({ pubkey }) => pubkey)).toEqual([
      "4wTV1YmiEkRvAtNtsSGPtUrqRYQMe5SKy2uB4Jjaxnjf",
      MINT,
      WSOL_MINT,
      TOKEN_2022_PROGRAM,
      TOKEN_PROGRAM,
      curve,
      tokenAccountOf(curve, MINT, TOKEN_2022_PROGRAM),
      tokenAccountOf(curve, WSOL_MINT, TOKEN_PROGRAM),
      WALLET,
      tokenAccountOf(WALLET, MINT, TOKEN_2022_PROGRAM),
      tokenAccountOf(WALLET, WSOL_MINT, TOKEN_PROGRAM),
      namedAddress(PUMP_PROGRAM, "user_volume_accumulator", WALLET),
      "8Wf5TiAheLUqBrKXeYg2JtAFFMWtKdG2BSFgqUcPVwTt",
      buyback,
      SYSTEM_PROGRAM,
      "Ce6TQqeHC9p8KetsN6JsjHK7UTZk7nasjjnr7XxXp9F1",
      PUMP_PROGRAM,
    ]);
    expect(flags.join(" ")).toBe("r r r r r w w w ws w w w r w r r r");
  });

  test("is marked as what it is, on either side", ({ expect }) => {
    const tagOf = (side: "buy" | "sell") =>
      Buffer.from(curveInstructionV3(poolOf(), { ...order, side }).data.subarray(0, 8)).toString(
        "hex",
      );
    expect(tagOf("buy")).toBe("e1f7501ed5b38488");
    expect(tagOf("sell")).toBe("1c92de7726c469d5");
  });

  test("is not built for a token with cashback, which the program refuses", ({ expect }) => {
    expect(() => curveInstructionV3(poolOf({ isCashbackCoin: true }), order)).toThrow(TypeError);
  });
});
