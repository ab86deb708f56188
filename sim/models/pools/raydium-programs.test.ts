import { describe, test } from "vitest";
import {
  poolInstruction,
  type PoolKind,
  type PoolSide,
  quotePool,
  refFromAccount,
} from "@raptor/executor/pools/direct-pool.ts";
import { isUnusable } from "@raptor/executor/pools/unusable.ts";
import type { MarketToken } from "../market.ts";
import { createPrng } from "../prng.ts";
import { TOKEN_PROGRAM } from "../token-accounts.ts";
import { CPMM_PROGRAM, encodeCpmmPool, parseCpmmPool } from "./cpmm-accounts.ts";
import {
  createPoolWorld,
  createTrader,
  customCode,
  type Landed,
  landTrade,
  type PoolWorld,
  readPool,
  tokenOf,
  type Trader,
  withSetup,
} from "./pool-fixture.ts";
import { anchorTag } from "./state-bytes.ts";
import { encodeV4Pool, parseV4Pool, V4_PROGRAM } from "./v4-accounts.ts";

const SEED = 43;
const CASES = 75;
const world: PoolWorld = createPoolWorld(SEED);

interface Scene {
  trader: Trader;
  trade(side: PoolSide, quantityIn: bigint, spare?: bigint): Landed & { out: bigint };
}

function refOf(token: MarketToken) {
  const kind = token.spec.venue as PoolKind;
  const bytes = world.chain.accounts.current(token.pool)?.data ?? new Uint8Array();
  const ref = refFromAccount(kind, token.pool, bytes, TOKEN_PROGRAM);
  if (isUnusable(ref)) throw new Error(ref.reason);
  return ref;
}

function createScene(token: MarketToken): Scene {
  const ref = refOf(token);
  const trader = createTrader(world, token);
  function trade(side: PoolSide, quantityIn: bigint, spare = 0n) {
    const pool = readPool(world, ref);
    const { quantityOut } = quotePool(pool, side, quantityIn);
    const order = { wallet: trader.address, side, quantityIn };
    const instruction = poolInstruction(pool, { ...order, quantityOutMin: quantityOut - spare });
    const landed = landTrade(world, trader, withSetup(instruction));
    return { ...landed, out: quantityOut };
  }
  const first = trade("buy", 1_000_000_000n);
  if (first.err !== null) throw new Error(first.logs.join("\n"));
  return { trader, trade };
}

describe.for(["raydium-cpmm", "raydium-v4"] as const)("%s on the chain", (kind) => {
  test.for([0, 1])("trades exactly what production code quotes, pool %i", (at, { expect }) => {
    const { trader, trade } = createScene(tokenOf(world, kind, at));
    const prng = createPrng(SEED + at);
    for (let count = 0; count < CASES; count += 1) {
      const held = world.chain.tokenQuantityOf(trader.tokens) ?? 0n;
      if (prng.nextInt(2) === 0) {
        const quantityIn = 10_000n + BigInt(prng.nextInt(2_000_000_000)) * 20n;
        const landed = trade("buy", quantityIn);
        expect(landed.err, landed.logs.join("\n")).toBeNull();
        expect([landed.tokens, landed.wrapped, landed.lamports]).toEqual([
          landed.out,
          -quantityIn,
          0n,
        ]);
      } else {
        const part = (held * BigInt(1 + prng.nextInt(1_000))) / 1_000n;
        const landed = trade("sell", part);
        expect(landed.err, landed.logs.join("\n")).toBeNull();
        expect([landed.tokens, landed.wrapped]).toEqual([-part, landed.out]);
      }
    }
  });

  test("refuses a trade that gives one unit less than asked for", ({ expect }) => {
    const { trade } = createScene(tokenOf(world, kind));
    const code = kind === "raydium-cpmm" ? 6005 : 30;
    expect(customCode(trade("buy", 500_000_000n, -1n).err)).toBe(code);
    expect(customCode(trade("sell", 1_000_000n, -1n).err)).toBe(code);
  });

  test("refuses a pool that was closed after the quote", ({ expect }) => {
    const token = tokenOf(world, kind);
    const { trader } = createScene(token);
    const open = world.chain.accounts.current(token.pool);
    if (open === undefined) throw new Error("expected the pool");
    const pool = readPool(world, refOf(token));
    world.chain.setAccount(token.pool, { owner: open.owner, data: closed(open.data, kind) });
    const order = { wallet: trader.address, quantityIn: 1_000_000n, quantityOutMin: 1n };
    const instruction = poolInstruction(pool, { ...order, side: "buy" });
    const { err } = landTrade(world, trader, withSetup(instruction));
    world.chain.setAccount(token.pool, open);
    expect(customCode(err)).toBe(kind === "raydium-cpmm" ? 6000 : 22);
  });

  test("moves the market's price with every trade", ({ expect }) => {
    const token = tokenOf(world, kind, 1);
    const { trade } = createScene(token);
    const before = token.lamports;
    trade("buy", 5_000_000_000n);
    expect(token.lamports).toBeGreaterThan(before + 4_900_000_000n);
    expect(readPool(world, refOf(token)).quoteReserve).toBe(token.lamports);
  });

  test("tells each trade inside its own frame", ({ expect }) => {
    const { logs } = createScene(tokenOf(world, kind)).trade("sell", 1_000_000n);
    const at = logs.findIndex((line) => isTold(line, kind));
    const program = kind === "raydium-cpmm" ? CPMM_PROGRAM : V4_PROGRAM;
    expect(logs.slice(0, at)).toContain(`Program ${program} invoke [1]`);
    expect(logs.slice(0, at)).not.toContain(`Program ${program} success`);
  });
});

function closed(data: Uint8Array, kind: "raydium-cpmm" | "raydium-v4"): Uint8Array {
  return kind === "raydium-cpmm"
    ? encodeCpmmPool({ ...parseCpmmPool(data), status: 1 << 2 })
    : encodeV4Pool({ ...parseV4Pool(data), status: 3n });
}

function isTold(line: string, kind: "raydium-cpmm" | "raydium-v4"): boolean {
  if (kind === "raydium-v4") return line.startsWith("Program log: ray_log: ");
  const text = /^Program data: (.+)$/.exec(line)?.[1];
  const tag = anchorTag("event", "SwapEvent");
  return text !== undefined && Buffer.from(text, "base64").subarray(0, 8).equals(tag);
}
