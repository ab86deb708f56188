import { describe, test } from "vitest";
import {
  curveRef,
  poolInstruction,
  type PoolSide,
  quotePool,
} from "@raptor/executor/pools/direct-pool.ts";
import { ownLogEvents } from "@raptor/executor/pools/program-logs.ts";
import { readCompleteEvent, readTradeEvent } from "@raptor/executor/pools/pump-events.ts";
import { rentLamportsMax } from "@raptor/executor/pools/trade-rent.ts";
import { tick } from "../chain-fixture.ts";
import type { MarketToken } from "../market.ts";
import { createPrng } from "../prng.ts";
import { tokenProgramId } from "../token-accounts.ts";
import {
  createPoolWorld,
  createTrader,
  customCode,
  type Landed,
  landTrade,
  readPool,
  tokenOf,
  type Trader,
  withSetup,
} from "./pool-fixture.ts";
import { PUMP_PROGRAM } from "./pump-accounts.ts";

const SEED = 41;
const CASES = 120;
/** Rounding of the fees leaves at most this much of a budget unspent. */
const UNSPENT_MAX = 2n;

/** Laying out a market takes longer than trading in it, so the tests share one. */
const world = createPoolWorld(SEED);

interface Scene {
  trader: Trader;
  trade(side: PoolSide, quantityIn: bigint, spare?: bigint): Landed & { out: bigint; used: bigint };
}

function refOf(token: MarketToken) {
  return curveRef(token.mint, tokenProgramId(token.spec.tokenProgram));
}

/** A trader on a curve who bought once, so that his accounts exist. */
function createScene(at: number): Scene {
  const token = tokenOf(world, "pump-curve", at);
  const ref = refOf(token);
  const trader = createTrader(world, token);
  function trade(side: PoolSide, quantityIn: bigint, spare = 0n) {
    const pool = readPool(world, ref);
    const quote = quotePool(pool, side, quantityIn);
    const order = { wallet: trader.address, side, quantityIn };
    const min = quote.quantityOut - spare;
    const instruction = poolInstruction(pool, { ...order, quantityOutMin: min });
    const landed = landTrade(world, trader, withSetup(instruction));
    return { ...landed, out: quote.quantityOut, used: quote.quantityInUsed };
  }
  const first = trade("buy", 100_000_000n);
  if (first.err !== null) throw new Error(first.logs.join("\n"));
  return { trader, trade };
}

describe("the curve's program", () => {
  test("trades exactly what production code quotes", ({ expect }) => {
    const { trader, trade } = createScene(0);
    const prng = createPrng(SEED);
    for (let count = 0; count < CASES; count += 1) {
      const held = world.chain.tokenQuantityOf(trader.tokens) ?? 0n;
      if (prng.nextInt(2) === 0) {
        const landed = trade("buy", 10_000n + BigInt(prng.nextInt(2_000_000_000)));
        expect(landed.err, landed.logs.join("\n")).toBeNull();
        expect(landed.tokens).toBe(landed.out);
        expect(-landed.lamports).toBeLessThanOrEqual(landed.used);
        expect(-landed.lamports).toBeGreaterThanOrEqual(landed.used - UNSPENT_MAX);
      } else {
        const part = (held * BigInt(1 + prng.nextInt(1_000))) / 1_000n;
        const landed = trade("sell", part);
        expect(landed.err, landed.logs.join("\n")).toBeNull();
        expect([landed.tokens, landed.lamports]).toEqual([-part, landed.out]);
      }
    }
  });

  test("opens the account that counts a buyer's volume at his expense, once", ({ expect }) => {
    const ref = refOf(tokenOf(world, "pump-run"));
    const pool = readPool(world, ref);
    const trader = createTrader(world, tokenOf(world, "pump-run"));
    const order = { wallet: trader.address, side: "buy", quantityOutMin: 1n } as const;
    const buy = () => {
      const instruction = poolInstruction(pool, { ...order, quantityIn: 1_000_000n });
      return -landTrade(world, trader, withSetup(instruction)).lamports;
    };
    const [first, second] = [buy(), buy()];
    expect(first - second).toBe(1_844_400n);
    expect(first - 1_000_000n).toBeLessThanOrEqual(rentLamportsMax(pool, "buy"));
    expect(second).toBeLessThanOrEqual(1_000_000n);
  });

  test("refuses a trade that gives one unit less than asked for", ({ expect }) => {
    const { trade } = createScene(1);
    expect(customCode(trade("buy", 500_000_000n, -1n).err)).toBe(6042);
    expect(customCode(trade("sell", 1_000_000_000n, -1n).err)).toBe(6003);
  });

  test("refuses to sell nothing and more than the wallet holds", ({ expect }) => {
    const { trade, trader } = createScene(1);
    const held = world.chain.tokenQuantityOf(trader.tokens) ?? 0n;
    expect(customCode(trade("sell", 0n).err)).toBe(6022);
    expect(customCode(trade("sell", held + 1n).err)).toBe(6023);
  });

  test("tells each trade inside its own frame", ({ expect }) => {
    const { trade, trader } = createScene(1);
    const { logs, tokens } = trade("buy", 1_000_000n);
    const { payloads, isCut } = ownLogEvents(logs, PUMP_PROGRAM);
    expect([payloads.length, isCut]).toEqual([1, false]);
    const pool = readPool(world, refOf(tokenOf(world, "pump-curve", 1)));
    expect(readTradeEvent(payloads[0] ?? new Uint8Array())).toMatchObject({
      mint: pool.ref.mint,
      user: trader.address,
      isBuy: true,
      tokenAmount: tokens,
      virtualSolReserves: pool.quoteReserve,
      virtualTokenReserves: pool.baseReserve,
      ixName: "buy_exact_quote_in_v2",
    });
    expect(ownLogEvents(logs, "11111111111111111111111111111111").payloads).toEqual([]);
  });

  test("completes with the last token, refuses every trade, and moves by itself", ({ expect }) => {
    const { trade, trader } = createScene(2);
    const token = tokenOf(world, "pump-curve", 2);
    const landed = trade("buy", 300_000_000_000n);
    expect(landed.err, landed.logs.join("\n")).toBeNull();
    expect(landed.tokens).toBe(landed.out);
    expect(landed.used).toBeLessThan(300_000_000_000n);
    const told = ownLogEvents(landed.logs, PUMP_PROGRAM).payloads.map(readCompleteEvent);
    expect(told[1]).toMatchObject({ mint: token.mint, user: trader.address });
    expect(token.isTrading).toBe(false);
    expect(() => trade("sell", 1_000n)).toThrow("moves to PumpSwap");
    tick(world.chain, 40);
    expect([token.venue, token.isTrading]).toEqual(["pumpswap", true]);
    expect(world.chain.tokenQuantityOf(trader.tokens)).toBeGreaterThan(0n);
  });
});
