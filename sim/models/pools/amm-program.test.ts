import { describe, test } from "vitest";
import {
  migratedRef,
  poolInstruction,
  type PoolSide,
  quotePool,
} from "@raptor/executor/pools/direct-pool.ts";
import { ownLogEvents } from "@raptor/executor/pools/program-logs.ts";
import { readSwapBuyEvent, readSwapSellEvent } from "@raptor/executor/pools/swap-events.ts";
import { tick } from "../chain-fixture.ts";
import type { MarketToken } from "../market.ts";
import { createPrng } from "../prng.ts";
import { tokenProgramId } from "../token-accounts.ts";
import { AMM_CONFIG, AMM_PROGRAM, encodeAmmConfig } from "./amm-accounts.ts";
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

const SEED = 42;
const CASES = 60;
const SLOTS_TO_LAND = 6;
/** Rounding of the fees leaves at most this much of a budget unspent. */
const UNSPENT_MAX = 3n;
const world = createPoolWorld(SEED);

interface Scene {
  trader: Trader;
  trade(side: PoolSide, quantityIn: bigint, spare?: bigint): Landed & { out: bigint; used: bigint };
}

function createScene(token: MarketToken): Scene {
  const ref = migratedRef(token.mint, tokenProgramId(token.spec.tokenProgram));
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
  const first = trade("buy", 1_000_000_000n);
  if (first.err !== null) throw new Error(first.logs.join("\n"));
  return { trader, trade };
}

describe("PumpSwap's program", () => {
  test.for([0, 1, 2])("trades exactly what production code quotes, pool %i", (at, { expect }) => {
    const { trader, trade } = createScene(tokenOf(world, "pumpswap", at));
    const prng = createPrng(SEED + at);
    for (let count = 0; count < CASES; count += 1) {
      const held = world.chain.tokenQuantityOf(trader.tokens) ?? 0n;
      if (prng.nextInt(2) === 0) {
        const landed = trade("buy", 10_000n + BigInt(prng.nextInt(2_000_000_000)) * 20n);
        expect(landed.err, landed.logs.join("\n")).toBeNull();
        expect([landed.tokens, landed.lamports]).toEqual([landed.out, 0n]);
        expect(-landed.wrapped).toBeLessThanOrEqual(landed.used);
        expect(-landed.wrapped).toBeGreaterThanOrEqual(landed.used - UNSPENT_MAX);
      } else {
        const part = (held * BigInt(1 + prng.nextInt(1_000))) / 1_000n;
        const landed = trade("sell", part);
        expect(landed.err, landed.logs.join("\n")).toBeNull();
        expect([landed.tokens, landed.wrapped]).toEqual([-part, landed.out]);
      }
    }
  });

  test("trades a token that came from a curve", ({ expect }) => {
    const token = tokenOf(world, "pump-curve", 1);
    world.onChain.venues.complete(token.mint);
    world.onChain.venues.migrate(token.mint);
    tick(world.chain, SLOTS_TO_LAND);
    const { trade } = createScene(token);
    const landed = trade("sell", 5_000_000_000n);
    expect([landed.err, landed.wrapped]).toEqual([null, landed.out]);
  });

  test("refuses a trade that gives one unit less than asked for", ({ expect }) => {
    const { trade } = createScene(tokenOf(world, "pumpswap"));
    expect(customCode(trade("buy", 500_000_000n, -1n).err)).toBe(6040);
    expect(customCode(trade("sell", 1_000_000n, -1n).err)).toBe(6004);
  });

  test("refuses what its settings switched off after the quote", ({ expect }) => {
    const token = tokenOf(world, "pumpswap");
    const ref = migratedRef(token.mint, tokenProgramId(token.spec.tokenProgram));
    const { trader } = createScene(token);
    const pool = readPool(world, ref);
    const codes = (["buy", "sell"] as const).map((side) => {
      const flags = side === "buy" ? 1 << 3 : 1 << 4;
      const data = encodeAmmConfig(SEED, flags);
      world.chain.setAccount(AMM_CONFIG, { owner: AMM_PROGRAM, data });
      const order = { wallet: trader.address, side, quantityIn: 1_000_000n, quantityOutMin: 1n };
      return customCode(landTrade(world, trader, withSetup(poolInstruction(pool, order))).err);
    });
    const open = encodeAmmConfig(SEED);
    world.chain.setAccount(AMM_CONFIG, { owner: AMM_PROGRAM, data: open });
    expect(codes).toEqual([6020, 6021]);
  });

  test("tells each trade inside its own frame", ({ expect }) => {
    const { trade, trader } = createScene(tokenOf(world, "pumpswap"));
    const sold = trade("sell", 1_000_000n);
    const [told] = ownLogEvents(sold.logs, AMM_PROGRAM).payloads;
    expect(readSwapSellEvent(told ?? new Uint8Array())).toMatchObject({
      user: trader.address,
      baseAmountIn: 1_000_000n,
      userQuoteAmountOut: sold.wrapped,
    });
    const bought = trade("buy", 1_000_000n);
    const [again] = ownLogEvents(bought.logs, AMM_PROGRAM).payloads;
    expect(readSwapBuyEvent(again ?? new Uint8Array())).toMatchObject({
      baseAmountOut: bought.tokens,
      userQuoteAmountIn: -bought.wrapped,
      ixName: "buy_exact_quote_in",
    });
  });
});
