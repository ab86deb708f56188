import { describe, test } from "vitest";
import {
  decodePool,
  isUnusable,
  marketCapLamports,
  migratedRef,
  quotePool,
  refFromAccount,
  spotPriceE9,
} from "./direct-pool.ts";
import { namedAddress, tokenAccountOf } from "./program-address.ts";
import {
  swapState,
  tokenAccountBytes,
  type PoolState,
  type SwapCase,
} from "./pool-cases-fixture.ts";
import {
  PUMP_AMM_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
  WSOL_MINT,
  ZERO_KEY,
} from "./programs.ts";
import { decodedCase } from "./quote-oracles-fixture.ts";
import { swapInstruction, swapInstructionV2 } from "./swap-instruction.ts";
import { SWAP_FEE_CONFIG, SWAP_GLOBAL_CONFIG } from "./swap-pool.ts";

const MINT = "8XrqT9yLg3Bef1epT1a1J9VqoNN7GKXmy3Wxc1u4pump";
const POOL = "GVgCzr2jt8XHSs3XZxfqhUA2gt23UjF6m6FhK1id5Cd1";
const WALLET = "9v2iKXQi1QCx8tgqjVsRvmbUTxSPwA56fL5pbaXeeavh";
const CREATOR = "GkwFnmMDvn3HGMpJpWBg8tgJxr3NxNvg3AXxvXVPbRGJ";
const RECIPIENT = "62qc2CNXwrYqQScmEdiZFFAnJR262PxWEuNQtxfafNgV";

/** The pool as it opens after a migration: 206.9 million tokens and 85 SOL. */
function newPool(changes: Partial<SwapCase> = {}): SwapCase {
  const low = { lpFeeBps: 2n, protocolFeeBps: 93n, creatorFeeBps: 30n };
  const high = { lpFeeBps: 20n, protocolFeeBps: 5n, creatorFeeBps: 95n };
  return {
    mint: MINT,
    wallet: WALLET,
    tokenProgram: TOKEN_2022_PROGRAM,
    creator: CREATOR,
    isMayhemMode: false,
    isCashbackCoin: false,
    creatorFeeBps: 0n,
    creatorFeeConfigurable: true,
    tiers: [
      { marketCapLamportsThreshold: 0n, fees: low },
      { marketCapLamportsThreshold: 420_000_000_000n, fees: high },
    ],
    flat: { lpFeeBps: 25n, protocolFeeBps: 5n, creatorFeeBps: 0n },
    recipients: Array.from({ length: 16 }, () => RECIPIENT),
    amount: 0n,
    least: 0n,
    base: 206_900_000_000_000n,
    quote: 85_000_000_000n,
    virtualQuote: 0n,
    supply: 1_000_000_000_000_000n,
    isCanonical: true,
    poolKey: POOL,
    poolBytes: 301,
    ...changes,
  };
}

const poolOf = (changes: Partial<SwapCase> = {}) =>
  decodedCase(swapState(newPool(changes)), "pumpswap");

describe("the pool a curve moves to", () => {
  test("is known by its token alone, and is the one its own account tells", ({ expect }) => {
    const state = swapState(newPool());
    const expected = migratedRef(MINT, TOKEN_2022_PROGRAM);
    expect(state.ref).toEqual(expected);
    expect(decodePool(expected, state.accounts)).toMatchObject({ kind: "pumpswap" });
  });

  test("is read from its account only where it trades against SOL", ({ expect }) => {
    const bytes = Uint8Array.from(swapState(newPool()).accounts.get(POOL) ?? []);
    const read = () => refFromAccount("pumpswap", POOL, bytes, TOKEN_2022_PROGRAM);
    expect(isUnusable(read())).toBe(false);
    bytes.fill(7, 75, 107);
    expect(read()).toMatchObject({ cause: "unsupported" });
    expect(refFromAccount("pumpswap", POOL, new Uint8Array(300), TOKEN_PROGRAM)).toMatchObject({
      cause: "corrupt",
    });
  });
});

describe("a pool", () => {
  test("is priced by its vault and its virtual reserves together, whatever their sign", ({
    expect,
  }) => {
    expect(spotPriceE9(poolOf(), 6)).toBe((85_000_000_000n * 10n ** 15n) / 206_900_000_000_000n);
    const waiting = poolOf({ virtualQuote: -5_000_000_000n });
    expect(waiting.quoteReserve).toBe(80_000_000_000n);
    expect(marketCapLamports(waiting)).toBe(386_660_222_329n);
    const boosted = poolOf({ virtualQuote: 15_000_000_000n });
    expect(boosted.quoteReserve).toBe(100_000_000_000n);
    expect(boosted.vaultLamports).toBe(85_000_000_000n);
  });

  test("takes the fees of its market cap when a curve moved to it, flat ones else", ({
    expect,
  }) => {
    expect(poolOf().rates).toEqual({ lpBps: 2n, protocolBps: 93n, creatorBps: 30n });
    const dear = poolOf({ quote: 86_900_000_000n });
    expect(dear.rates).toEqual({ lpBps: 20n, protocolBps: 5n, creatorBps: 95n });
    const foreign = poolOf({ isCanonical: false });
    expect(foreign.rates).toEqual({ lpBps: 25n, protocolBps: 5n, creatorBps: 0n });
  });

  test("counts a mayhem token's market cap without what the agent holds", ({ expect }) => {
    expect(poolOf({ supply: 2_000_000_000_000_000n }).rates.protocolBps).toBe(5n);
    const mayhem = poolOf({ supply: 2_000_000_000_000_000n, isMayhemMode: true });
    expect(mayhem.rates.protocolBps).toBe(93n);
  });

  test("pays nobody where there is no creator, and its own rate where it has one", ({ expect }) => {
    expect(poolOf({ creator: ZERO_KEY }).rates.creatorBps).toBe(0n);
    expect(poolOf({ creatorFeeBps: 250n }).rates.creatorBps).toBe(250n);
    const off = poolOf({ creatorFeeBps: 250n, creatorFeeConfigurable: false });
    expect(off.rates.creatorBps).toBe(30n);
  });
});

describe("a quote", () => {
  test("of a sell is nothing where the vault holds less than the formula gives", ({ expect }) => {
    const boosted = { quote: 1_000_000_000n, virtualQuote: 99_000_000_000n };
    expect(quotePool(poolOf(boosted), "sell", 1_000_000_000_000n).quantityOut).toBe(475_228_474n);
    expect(quotePool(poolOf(boosted), "sell", 3_000_000_000_000n).quantityOut).toBe(0n);
  });

  test("of a side that PumpSwap switched off is nothing, the other side goes on", ({ expect }) => {
    const state = swapState(newPool());
    const config = state.accounts.get(SWAP_GLOBAL_CONFIG) ?? new Uint8Array();
    const flagsAt = 8 + 32 + 8 + 8;
    const outs = (flags: number): boolean[] => {
      const copy = config.with(flagsAt, flags);
      const accounts = new Map([...state.accounts, [SWAP_GLOBAL_CONFIG, copy]]);
      const pool = decodedCase({ ref: state.ref, accounts }, "pumpswap");
      return (["buy", "sell"] as const).map(
        (side) => quotePool(pool, side, 1_000_000_000n).quantityOut > 0n,
      );
    };
    expect(outs(0b00111)).toEqual([true, true]);
    expect(outs(0b01000)).toEqual([false, true]);
    expect(outs(0b10000)).toEqual([true, false]);
    const both = new Map([...state.accounts, [SWAP_GLOBAL_CONFIG, config.with(flagsAt, 24)]]);
    expect(decodePool(state.ref, both)).toMatchObject({ kind: "unusable", cause: "disabled" });
  });

  test("names every fee, their sum, and how far the trade moves the price", ({ expect }) => {
    const quote = quotePool(poolOf(), "sell", 2_069_000_000_000n);
    const gross = 841_584_158n;
    expect(quote.feeParts).toEqual({ lp: 168_317n, protocol: 7_826_733n, creator: 2_524_753n });
    expect(quote.feeLamports).toBe(10_519_803n);
    expect(quote.quantityOut).toBe(gross - 10_519_803n);
    expect(quote.priceImpactBps).toBe(99);
  });
});

describe("a pool that cannot be traded says why", () => {
  function causeOf(change: (state: PoolState) => void): string {
    const state = swapState(newPool());
    change(state);
    const pool = decodePool(state.ref, state.accounts);
    return isUnusable(pool) ? pool.cause : pool.kind;
  }

  test("an account is not there", ({ expect }) => {
    for (const address of migratedRef(MINT, TOKEN_2022_PROGRAM).watch) {
      expect(
        causeOf((state) => void state.accounts.delete(address)),
        address,
      ).toBe("missing");
    }
  });

  test("an account is not what it should be", ({ expect }) => {
    for (const address of migratedRef(MINT, TOKEN_2022_PROGRAM).watch) {
      const change = (state: PoolState) => void state.accounts.set(address, new Uint8Array(40));
      expect(causeOf(change), address).toBe("corrupt");
    }
  });

  test("it is empty, or holds less than the fees that wait in it", ({ expect }) => {
    const [, baseVault = "", quoteVault = ""] = migratedRef(MINT, TOKEN_2022_PROGRAM).watch;
    const empty = (vault: string) => (state: PoolState) =>
      void state.accounts.set(vault, tokenAccountBytes(MINT, POOL, 0n));
    expect(causeOf(empty(baseVault))).toBe("disabled");
    expect(causeOf(empty(quoteVault))).toBe("disabled");
    const owing = swapState(newPool({ virtualQuote: -85_000_000_000n }));
    expect(decodePool(owing.ref, owing.accounts)).toMatchObject({ cause: "disabled" });
  });

  test("its account is one of those that have to be lengthened first", ({ expect }) => {
    const old = swapState(newPool({ poolBytes: 299 }));
    expect(decodePool(old.ref, old.accounts)).toMatchObject({ cause: "unsupported" });
    const grown = swapState(newPool({ poolBytes: 300 }));
    expect(decodePool(grown.ref, grown.accounts)).toMatchObject({ kind: "pumpswap" });
  });

  test("its token can keep back a part of every transfer", ({ expect }) => {
    // A mint of the newer token program whose first extension is the one for transfer fees.
    const mint = new Uint8Array(166 + 4 + 108);
    mint.set([1, 1, 0, 108, 0], 165);
    expect(causeOf((state) => void state.accounts.set(MINT, mint))).toBe("unsupported");
  });

  test("it is the pool of another token or of other vaults", ({ expect }) => {
    const other = swapState(newPool({ mint: CREATOR, isCanonical: false }));
    const bytes = other.accounts.get(POOL) ?? new Uint8Array();
    expect(causeOf((state) => void state.accounts.set(POOL, bytes))).toBe("corrupt");
  });
});

describe("the instructions of a pool", () => {
  const order = { wallet: WALLET, side: "buy", quantityIn: 5n, quantityOutMin: 6n } as const;
  const wrapped = tokenAccountOf(WALLET, WSOL_MINT, TOKEN_PROGRAM);
  const token = tokenAccountOf(WALLET, MINT, TOKEN_2022_PROGRAM);

  test("need the wallet's token account and one for wrapped SOL", ({ expect }) => {
    expect(swapInstruction(poolOf(), order).needs).toEqual([
      { address: token, mint: MINT, tokenProgram: TOKEN_2022_PROGRAM, use: "token" },
      { address: wrapped, mint: WSOL_MINT, tokenProgram: TOKEN_PROGRAM, use: "wrapped-sol" },
    ]);
  });

  test("have their amounts where they say", ({ expect }) => {
    for (const build of [swapInstruction, swapInstructionV2]) {
      const { data, quantityInAt, quantityOutMinAt } = build(poolOf(), order);
      expect([data[quantityInAt], data[quantityOutMinAt]]).toEqual([5, 6]);
    }
  });

  test("keep their list while only reserves move, which its key tells", ({ expect }) => {
    expect(poolOf({ quote: 90_000_000_000n }).accountsKey).toBe(poolOf().accountsKey);
    expect(poolOf({ isCashbackCoin: true }).accountsKey).not.toBe(poolOf().accountsKey);
    expect(poolOf({ creator: WALLET }).accountsKey).not.toBe(poolOf().accountsKey);
  });

  test("of the second generation have the seventeen documented accounts", ({ expect }) => {
    const built = swapInstructionV2(poolOf(), order);
    const flags = built.accounts.map(
      ({ isSigner, isWritable }) => `${isWritable ? "w" : "r"}${isSigner ? "s" : ""}`,
    );
    expect(built.accounts.map(({ pubkey }) => pubkey)).toEqual([
      POOL,
      WALLET,
      SWAP_GLOBAL_CONFIG,
      MINT,
      WSOL_MINT,
      token,
      wrapped,
      tokenAccountOf(POOL, MINT, TOKEN_2022_PROGRAM),
      tokenAccountOf(POOL, WSOL_MINT, TOKEN_PROGRAM),
      TOKEN_2022_PROGRAM,
      TOKEN_PROGRAM,
      SYSTEM_PROGRAM,
      namedAddress(PUMP_AMM_PROGRAM, "user_volume_accumulator", WALLET),
      SWAP_FEE_CONFIG,
      tokenAccountOf(RECIPIENT, WSOL_MINT, TOKEN_PROGRAM),
      "GS4CU59F31iL7aR2Q8zVS8DRrcRnXX1yjQ66TqNVQnaR",
      PUMP_AMM_PROGRAM,
    ]);
    expect(flags.join(" ")).toBe("w ws r r r w w w w r r r w r w r r");
    expect(Buffer.from(built.data).toString("hex")).toBe(
      "c2ab1c46684d5b2f" + "0500000000000000" + "0600000000000000",
    );
    const sell = swapInstructionV2(poolOf(), { ...order, side: "sell" });
    expect(Buffer.from(sell.data.subarray(0, 8)).toString("hex")).toBe("5df6823ce7e940b2");
  });

  test("of the second generation are not built for a token with cashback", ({ expect }) => {
    const cashback = poolOf({ isCashbackCoin: true });
    expect(() => swapInstructionV2(cashback, order)).toThrow(TypeError);
    expect(swapInstruction(cashback, order).accounts).toHaveLength(27);
  });
});
