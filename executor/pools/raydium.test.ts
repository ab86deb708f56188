import { describe, test } from "vitest";
import {
  decodePool,
  isUnusable,
  poolInstruction,
  type PoolRef,
  quotePool,
  refFromAccount,
  spotPriceE9,
} from "./direct-pool.ts";
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM, WSOL_MINT } from "./programs.ts";
import { cpmmAccounts, key, POOL, TOKEN, v4Accounts } from "./raydium-fixture.ts";

const SOL = 1_000_000_000n;
const WALLET = key("wallet");
/** A hundred SOL against a million whole tokens of six decimals. */
const EVEN = { sol: 100n * SOL, tokens: 1_000_000_000_000n };

function read(given: { ref: PoolRef; accounts: Map<string, Uint8Array> }) {
  const pool = decodePool(given.ref, given.accounts);
  if (isUnusable(pool)) throw new Error(pool.cause);
  return pool;
}

function causeOf(given: { ref: PoolRef; accounts: Map<string, Uint8Array> }): string {
  const pool = decodePool(given.ref, given.accounts);
  return isUnusable(pool) ? pool.cause : "tradable";
}

/** A mint of the newer program that holds one extension of this type. */
function mintWith(type: number): Uint8Array {
  const data = Buffer.alloc(166 + 4 + 108);
  data.writeBigUInt64LE(10n ** 15n, 36);
  data[165] = 1;
  data.writeUInt16LE(type, 166);
  data.writeUInt16LE(108, 168);
  return data;
}

describe("a CPMM pool", () => {
  test("takes the fee from what goes in, rounded up", ({ expect }) => {
    const pool = read(cpmmAccounts(EVEN));
    // 1 SOL less 0.25 %: 997,500,000 into 100 SOL gives 997.5e6 * 1e12 / 100.9975e9, down.
    const buy = quotePool(pool, "buy", SOL);
    expect(buy.quantityOut).toBe((997_500_000n * 1_000_000_000_000n) / 100_997_500_000n);
    expect(buy.quantityOut).toBe(9_876_482_091n);
    expect(buy.feeParts).toEqual({ lp: 2_100_000n, protocol: 400_000n, creator: 0n });
    // One lamport pays a whole lamport of fee.
    expect(quotePool(pool, "buy", 1n).quantityOut).toBe(0n);
    expect(quotePool(pool, "buy", 401n).feeLamports).toBe(2n);
  });

  test("counts neither protocol's, fund's nor creator's fees as reserves", ({ expect }) => {
    const plain = read(cpmmAccounts(EVEN));
    const owing = read(cpmmAccounts({ ...EVEN, owed: [7n * SOL, 123_456n] }));
    expect([owing.quoteReserve, owing.baseReserve]).toEqual([100n * SOL, 1_000_000_000_000n]);
    expect(quotePool(owing, "sell", 5_000_000n)).toEqual(quotePool(plain, "sell", 5_000_000n));
    expect(spotPriceE9(owing, 6)).toBe(spotPriceE9(plain, 6));
  });

  test("takes the creator's part where the pool says so", ({ expect }) => {
    const creatorRate = 10_000n;
    const onInput = read(cpmmAccounts({ ...EVEN, creatorRate }));
    // 1.25 % of 1 SOL together, of which the creator gets four fifths.
    expect(quotePool(onInput, "buy", SOL).feeParts.creator).toBe(10_000_000n);
    expect(quotePool(onInput, "buy", SOL).quantityOut).toBe(
      (987_500_000n * 1_000_000_000_000n) / 100_987_500_000n,
    );
    const onSol = read(cpmmAccounts({ ...EVEN, creatorRate, creatorFeeOn: 1 }));
    const gross = (997_500n * 100n * SOL) / (1_000_000_000_000n + 997_500n);
    const creator = (gross * creatorRate + 999_999n) / 1_000_000n;
    expect(quotePool(onSol, "sell", 1_000_000n).quantityOut).toBe(gross - creator);
    expect(quotePool(onSol, "sell", 1_000_000n).feeParts.creator).toBe(creator);
  });

  test("reads an account that ends before the creator's fees", ({ expect }) => {
    expect(quotePool(read(cpmmAccounts({ ...EVEN, poolBytes: 373 })), "buy", SOL)).toEqual(
      quotePool(read(cpmmAccounts(EVEN)), "buy", SOL),
    );
  });

  test("is found from its own bytes, whichever token comes first", ({ expect }) => {
    for (const isSolFirst of [true, false]) {
      const { ref, accounts } = cpmmAccounts({ ...EVEN, isSolFirst });
      const bytes = accounts.get(POOL) ?? new Uint8Array();
      expect(refFromAccount("raydium-cpmm", POOL, bytes, TOKEN_PROGRAM)).toEqual(ref);
      expect(quotePool(read({ ref, accounts }), "buy", SOL).quantityOut).toBe(9_876_482_091n);
    }
  });

  test("is refused when it is closed, empty, strange, or its token takes fees", ({ expect }) => {
    expect(causeOf(cpmmAccounts({ ...EVEN, status: 4 }))).toBe("disabled");
    expect(causeOf(cpmmAccounts({ ...EVEN, status: 3 }))).toBe("tradable");
    expect(causeOf(cpmmAccounts({ ...EVEN, sol: 0n }))).toBe("disabled");
    const tokenProgram = TOKEN_2022_PROGRAM;
    const taking = { ...EVEN, tokenProgram, mintBytes: mintWith(1) };
    expect(causeOf(cpmmAccounts(taking))).toBe("unsupported");
    expect(causeOf(cpmmAccounts({ ...taking, mintBytes: mintWith(18) }))).toBe("tradable");
    const { ref, accounts } = cpmmAccounts(EVEN);
    expect(causeOf({ ref: { ...ref, mint: key("another") }, accounts })).toBe("corrupt");
    accounts.delete(key("config"));
    expect(causeOf({ ref, accounts })).toBe("missing");
  });

  test("swaps with thirteen accounts, the input's side first", ({ expect }) => {
    const pool = read(cpmmAccounts({ ...EVEN, isSolFirst: false }));
    const order = { wallet: WALLET, quantityIn: 258n, quantityOutMin: 3n };
    const buy = poolInstruction(pool, { ...order, side: "buy" });
    expect(buy.accounts.map(({ pubkey }) => pubkey)).toEqual([
      WALLET,
      "GpMZbSM2GgvTKHJirzeGfMFoaZ8UR2X7F4v8vHTvxFbL",
      key("config"),
      POOL,
      buy.needs[1]?.address,
      buy.needs[0]?.address,
      key("vault 1"),
      key("vault 0"),
      TOKEN_PROGRAM,
      TOKEN_PROGRAM,
      WSOL_MINT,
      TOKEN,
      key("observation"),
    ]);
    expect(Buffer.from(buy.data).toString("hex")).toBe(
      "8fbe5adac41e33de" + "0201000000000000" + "0300000000000000",
    );
    const sell = poolInstruction(pool, { ...order, side: "sell" });
    expect(sell.accounts[6]?.pubkey).toBe(key("vault 0"));
    expect(sell.accounts[10]?.pubkey).toBe(TOKEN);
  });
});

describe("an AMM v4 pool", () => {
  test("takes a quarter of a percent from what goes in, rounded up", ({ expect }) => {
    const pool = read(v4Accounts(EVEN));
    expect(quotePool(pool, "buy", SOL).quantityOut).toBe(9_876_482_091n);
    expect(quotePool(pool, "buy", SOL).feeParts).toEqual({
      lp: 2_200_000n,
      protocol: 300_000n,
      creator: 0n,
    });
    expect(quotePool(pool, "buy", 1n).quantityOut).toBe(0n);
  });

  test("leaves out of the reserves what belongs to the protocol", ({ expect }) => {
    const owing = read(v4Accounts({ ...EVEN, owed: [3n * SOL, 99n] }));
    expect(quotePool(owing, "sell", 10_000_000n)).toEqual(
      quotePool(read(v4Accounts(EVEN)), "sell", 10_000_000n),
    );
  });

  test("is found from its own bytes and refused while it is closed", ({ expect }) => {
    for (const isSolFirst of [true, false]) {
      const { ref, accounts } = v4Accounts({ ...EVEN, isSolFirst });
      const bytes = accounts.get(POOL) ?? new Uint8Array();
      expect(refFromAccount("raydium-v4", POOL, bytes, TOKEN_PROGRAM)).toEqual(ref);
    }
    for (const status of [0n, 2n, 3n, 4n, 5n, 7n, 99n]) {
      expect(causeOf(v4Accounts({ ...EVEN, status }))).toBe("disabled");
    }
    expect(causeOf(v4Accounts({ ...EVEN, status: 1n }))).toBe("tradable");
    const { ref, accounts } = v4Accounts(EVEN);
    const newer = { ref: { ...ref, tokenProgram: TOKEN_2022_PROGRAM }, accounts };
    expect(causeOf(newer)).toBe("unsupported");
  });

  test("swaps with eighteen accounts and a tag of one byte", ({ expect }) => {
    const order = { wallet: WALLET, side: "sell", quantityIn: 258n, quantityOutMin: 3n } as const;
    const { accounts, data, needs, ...at } = poolInstruction(read(v4Accounts(EVEN)), order);
    const keys = accounts.map(({ pubkey }) => pubkey);
    expect(keys.slice(0, 14)).toEqual([
      TOKEN_PROGRAM,
      POOL,
      "5Q544fKrFoe6tsEbD7S8EmxGTJYAKtTVhAW5Q5pge4j1",
      ...["open orders", "target orders", "vault 0", "vault 1"].map(key),
      ...["market program", "market", "bids", "asks", "event queue"].map(key),
      ...["market vault 0", "market vault 1"].map(key),
    ]);
    expect(keys.slice(15)).toEqual([needs[0]?.address, needs[1]?.address, WALLET]);
    expect(accounts.filter(({ isSigner }) => isSigner)).toHaveLength(1);
    expect(Buffer.from(data).toString("hex")).toBe("09" + "0201000000000000" + "0300000000000000");
    expect([at.quantityInAt, at.quantityOutMinAt]).toEqual([1, 9]);
  });
});
