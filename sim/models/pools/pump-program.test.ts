import { describe, test } from "vitest";
import {
  curveRef,
  poolInstruction,
  type PoolSide,
  quotePool,
} from "@raptor/executor/pools/direct-pool.ts";
import { tick } from "../chain-fixture.ts";
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
import { anchorTag } from "./state-bytes.ts";

const SEED = 41;
const CASES = 150;
/** Rounding of the fees leaves at most this much of a budget unspent. */
const UNSPENT_MAX = 2n;

/** Laying out a market takes longer than trading in it, so the tests share one. */
const world = createPoolWorld(SEED);

interface Scene {
  trader: Trader;
  trade(side: PoolSide, quantityIn: bigint, spare?: bigint): Landed & { out: bigint; used: bigint };
}

/** A trader on a curve who bought once, so that his accounts exist. */
function createScene(at: number): Scene {
  const token = tokenOf(world, "pump-curve", at);
  const ref = curveRef(token.mint, tokenProgramId(token.spec.tokenProgram));
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
    const { logs } = createScene(1).trade("buy", 1_000_000n);
    const tag = anchorTag("event", "TradeEvent");
    const at = logs.findIndex((line) => {
      const text = /^Program data: (.+)$/.exec(line)?.[1];
      return text !== undefined && Buffer.from(text, "base64").subarray(0, 8).equals(tag);
    });
    expect(logs.slice(0, at)).toContain(`Program ${PUMP_PROGRAM} invoke [1]`);
    expect(logs.slice(0, at)).not.toContain(`Program ${PUMP_PROGRAM} success`);
    expect(at).toBeGreaterThan(0);
  });

  test("completes with the last token, refuses every trade, and moves by itself", ({ expect }) => {
    const { trade, trader } = createScene(2);
    const token = tokenOf(world, "pump-curve", 2);
    const landed = trade("buy", 300_000_000_000n);
    expect(landed.err, landed.logs.join("\n")).toBeNull();
    expect(landed.tokens).toBe(landed.out);
    expect(landed.used).toBeLessThan(300_000_000_000n);
    expect(token.isTrading).toBe(false);
    expect(() => trade("sell", 1_000n)).toThrow("moves to PumpSwap");
    tick(world.chain, 40);
    expect([token.venue, token.isTrading]).toEqual(["pumpswap", true]);
    expect(world.chain.tokenQuantityOf(trader.tokens)).toBeGreaterThan(0n);
  });
});
