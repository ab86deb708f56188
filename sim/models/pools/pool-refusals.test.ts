import { describe, test } from "vitest";
import {
  curveRef,
  migratedRef,
  type PoolInstruction,
  poolInstruction,
} from "@raptor/executor/pools/direct-pool.ts";
import { tick } from "../chain-fixture.ts";
import type { MarketToken } from "../market.ts";
import { tokenProgramId } from "../token-accounts.ts";
import { parseCurve, patchCurve, PUMP_PROGRAM } from "./pump-accounts.ts";
import {
  createPoolWorld,
  createTrader,
  customCode,
  landTrade,
  readPool,
  tokenOf,
  type Trader,
  withSetup,
} from "./pool-fixture.ts";
import { anchorTag } from "./state-bytes.ts";

/** Programs check their accounts in order and name the first that is wrong. */
const SEED = 45;
const world = createPoolWorld(SEED);
const STRANGER = createTrader(world, tokenOf(world, "pumpswap")).address;

function curveTrade(token: MarketToken, trader: Trader, side: "buy" | "sell"): PoolInstruction {
  const pool = readPool(world, curveRef(token.mint, tokenProgramId(token.spec.tokenProgram)));
  const order = { wallet: trader.address, quantityIn: 1_000_000n, quantityOutMin: 1n };
  return poolInstruction(pool, { ...order, side });
}

function withAccount(instruction: PoolInstruction, at: number, pubkey: string): PoolInstruction {
  const accounts = instruction.accounts.map((account, index) =>
    index === at ? { ...account, pubkey } : account,
  );
  return { ...instruction, accounts };
}

function withData(instruction: PoolInstruction, name: string, ...amounts: bigint[]) {
  const data = Buffer.alloc(8 + amounts.length * 8);
  data.set(anchorTag("global", name));
  for (const [at, amount] of amounts.entries()) data.writeBigUInt64LE(amount, 8 + at * 8);
  return { ...instruction, data };
}

function codeOf(trader: Trader, instruction: PoolInstruction): number | undefined {
  return customCode(landTrade(world, trader, withSetup(instruction)).err);
}

describe("the curve's program", () => {
  const token = tokenOf(world, "pump-curve");
  const trader = createTrader(world, token);

  test("takes a buy of tokens and refuses one that costs more than allowed", ({ expect }) => {
    const buy = curveTrade(token, trader, "buy");
    expect(codeOf(trader, withData(buy, "buy_v2", 1_000_000n, 1n))).toBe(6002);
    const landed = landTrade(world, trader, [withData(buy, "buy_v2", 5_000_000n, 10_000_000n)]);
    expect([landed.err, landed.tokens]).toEqual([null, 5_000_000n]);
  });

  test("sells no more than it has and buys nothing for nothing", ({ expect }) => {
    const buy = curveTrade(token, trader, "buy");
    const { realToken } = parseCurve(world.chain.accounts.current(token.pool)?.data ?? Buffer.of());
    const all = withData(buy, "buy_v2", realToken + 1n, 2n ** 63n);
    expect(codeOf(trader, all)).toBe(6021);
    expect(codeOf(trader, withData(buy, "buy_v2", 0n, 1n))).toBe(6020);
    expect(codeOf(trader, withData(buy, "buy_exact_quote_in_v2", 1n, 0n))).toBe(6041);
  });

  test("stops where its lamports would not do", ({ expect }) => {
    const account = world.chain.accounts.current(token.pool);
    if (account === undefined) throw new Error("expected the curve");
    const poor = patchCurve(account.data, { ...parseCurve(account.data), realQuote: 0n });
    world.chain.accounts.setAccount(token.pool, { ...account, data: poor });
    const sell = withData(curveTrade(token, trader, "sell"), "sell_v2", 1_000_000n, 0n);
    const code = codeOf(trader, sell);
    world.chain.accounts.setAccount(token.pool, account);
    expect(code).toBe(6024);
  });

  test.for([
    [6, 2009, "the fee recipient's account follows from the recipient"],
    [10, 2006, "the curve follows from the token"],
    [11, 2009, "the curve's tokens follow from the curve"],
    [16, 2006, "the creator's vault follows from the creator"],
    [20, 2006, "the volume follows from the wallet"],
    [4, 3008, "the token program is the quote's"],
    [14, 3012, "the wallet's token account exists"],
    [26, 2012, "the program is itself"],
  ] as const)("names a wrong account %i by %i: %s", ([at, code], { expect }) => {
    const buy = withAccount(curveTrade(token, trader, "buy"), at, STRANGER);
    expect(codeOf(trader, buy)).toBe(code);
  });

  test("pays fees to the recipients in its settings alone", ({ expect }) => {
    const buy = curveTrade(token, trader, "buy");
    const buyback = buy.accounts[8]?.pubkey ?? "";
    const others = buy.accounts[9]?.pubkey ?? "";
    const wrongFee = withAccount(withAccount(buy, 6, buyback), 7, others);
    expect(codeOf(trader, wrongFee)).toBe(6000);
    const [fee = "", itsAccount = ""] = [6, 7].map((at) => buy.accounts[at]?.pubkey);
    expect(codeOf(trader, withAccount(withAccount(buy, 8, fee), 9, itsAccount))).toBe(6057);
  });

  test("knows no instruction but its own", ({ expect }) => {
    const buy = curveTrade(token, trader, "buy");
    expect(codeOf(trader, withData(buy, "buy_v9", 1n, 1n))).toBe(101);
    expect(codeOf(trader, withData(buy, "sell_v2", 1n))).toBe(102);
  });

  test("refuses everything between its last token and its move", ({ expect }) => {
    const full = tokenOf(world, "pump-curve", 1);
    const holder = createTrader(world, full);
    const sell = curveTrade(full, holder, "sell");
    world.chain.setTokenQuantity(holder.tokens, 1_000_000n);
    world.onChain.venues.complete(full.mint);
    expect(codeOf(holder, sell)).toBe(6005);
    world.onChain.venues.migrate(full.mint);
    tick(world.chain, 6);
    expect(codeOf(holder, sell)).toBe(6005);
    const ref = migratedRef(full.mint, tokenProgramId(full.spec.tokenProgram));
    const order = { wallet: holder.address, quantityIn: 1_000_000n, quantityOutMin: 1n } as const;
    const moved = poolInstruction(readPool(world, ref), { ...order, side: "sell" });
    expect(codeOf(holder, moved)).toBeUndefined();
  });

  test("leaves nothing behind when a later instruction fails", ({ expect }) => {
    const before = world.chain.accounts.current(token.pool)?.data ?? Buffer.of();
    const buy = curveTrade(token, trader, "buy");
    const landed = landTrade(world, trader, [buy, withData(buy, "buy_v2", 0n, 1n)]);
    expect(customCode(landed.err)).toBe(6020);
    expect([landed.tokens, landed.lamports]).toEqual([0n, 0n]);
    const after = world.chain.accounts.current(token.pool)?.data ?? Buffer.of();
    expect(Buffer.compare(Buffer.from(before), Buffer.from(after))).toBe(0);
  });

  test("sees in its second trade what the first one of the transaction did", ({ expect }) => {
    const buy = curveTrade(token, trader, "buy");
    const { logs, err } = landTrade(world, trader, [buy, buy]);
    const events = logs.filter((line) => line.startsWith("Program data: "));
    expect([err, new Set(events).size]).toEqual([null, 2]);
    expect(logs.filter((line) => line === `Program ${PUMP_PROGRAM} success`)).toHaveLength(2);
  });
});

describe("PumpSwap's program", () => {
  const token = tokenOf(world, "pumpswap");
  const trader = createTrader(world, token);
  const ref = migratedRef(token.mint, tokenProgramId(token.spec.tokenProgram));

  function buyNow(): PoolInstruction {
    const order = { wallet: trader.address, quantityIn: 1_000_000n, quantityOutMin: 1n } as const;
    return poolInstruction(readPool(world, ref), { ...order, side: "buy" });
  }

  test.for([
    [7, 2001, "the pool's vault is the one it names"],
    [9, 2009, "the protocol's account follows from its recipient"],
    [18, 2006, "the creator's vault follows from the creator"],
    [5, 3012, "the wallet's token account exists"],
    [23, 6062, "the pool's second account follows from the token"],
    [24, 6053, "the buy-back goes to a recipient of the settings"],
  ] as const)("names a wrong account %i by %i: %s", ([at, code], { expect }) => {
    expect(codeOf(trader, withAccount(buyNow(), at, STRANGER))).toBe(code);
  });

  test("needs the accounts of the buy-back", ({ expect }) => {
    const buy = buyNow();
    const short = { ...buy, accounts: buy.accounts.slice(0, -2) };
    expect(codeOf(trader, short)).toBe(6058);
  });
});
