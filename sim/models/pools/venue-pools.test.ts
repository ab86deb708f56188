import { describe, test } from "vitest";
import { ownLogEvents } from "@raptor/executor/pools/program-logs.ts";
import { readMigrationEvent } from "@raptor/executor/pools/pump-events.ts";
import { readCreatePoolEvent } from "@raptor/executor/pools/swap-events.ts";
import { tick } from "../chain-fixture.ts";
import type { MarketToken } from "../market.ts";
import { PRICE_SCALE, priceE9Of } from "../market.ts";
import { parseTokenHolding, TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "../token-accounts.ts";
import { AMM_PROGRAM } from "./amm-accounts.ts";
import { encodeMigration } from "./migration-transaction.ts";
import { createPoolWorld, createTrader, customCode, tokenOf } from "./pool-fixture.ts";
import { curveAddress, parseCurve, PUMP_PROGRAM } from "./pump-accounts.ts";
import { accessOf } from "./venue-book.ts";

const SEED = 46;
const world = createPoolWorld(SEED);
const { chain, market, onChain } = world;
const pooled = market.tokens.filter(({ spec }) => spec.venue !== undefined);

/** What all accounts of the chain hold of each mint together. */
function heldByMint(): Map<string, bigint> {
  const held = new Map<string, bigint>();
  for (const program of [TOKEN_PROGRAM, TOKEN_2022_PROGRAM]) {
    for (const [, account] of chain.accounts.ownedBy(program, Number.MAX_SAFE_INTEGER)) {
      const holding = parseTokenHolding(account);
      if (holding === undefined) continue;
      held.set(holding.mint, (held.get(holding.mint) ?? 0n) + holding.quantity);
    }
  }
  return held;
}

function missing(): string[] {
  const held = heldByMint();
  return market.tokens
    .filter(({ mint, spec }) => held.get(mint) !== spec.supply)
    .map(({ spec }) => spec.kind);
}

/** The reserves that the chain's bytes show. */
function onChainReserves(token: MarketToken) {
  return onChain.venues.bookOf(token).read(accessOf(chain.accounts), token);
}

describe("pools with programs of their own", () => {
  test("let the crowd move the price, seeded, without leaving the pool's curve", ({ expect }) => {
    const before = new Map(pooled.map((token) => [token, token.lamports * token.quantity]));
    market.moving = true;
    for (let count = 0; count < 6; count += 1) {
      world.pass(10_000);
      market.tick();
    }
    market.moving = false;
    for (const token of pooled) {
      const product = before.get(token) ?? 0n;
      const drift = token.lamports * token.quantity - product;
      expect((drift < 0n ? -drift : drift) * 1_000n).toBeLessThan(product);
      const { lamports, quantity } = token;
      expect(onChainReserves(token)).toEqual({ lamports, quantity });
    }
    expect(missing()).toEqual([]);
  });

  test("hold with everybody else exactly what was minted", ({ expect }) => {
    expect(missing()).toEqual([]);
    for (const factor of [3n, 2n]) {
      for (const { mint, fairPriceE9 } of pooled) market.setPrice(mint, fairPriceE9 * factor);
      expect(missing()).toEqual([]);
    }
    for (const { mint, fairPriceE9 } of pooled) market.setPrice(mint, fairPriceE9 / 20n);
    expect(missing()).toEqual([]);
  });

  test("show on the chain the reserves that the market quotes with", ({ expect }) => {
    for (const token of pooled) {
      const { lamports, quantity } = token;
      expect(onChainReserves(token)).toEqual({ lamports, quantity });
    }
  });

  test("change price on the chain only to what somebody can trade at", ({ expect }) => {
    for (const token of pooled) {
      market.setPrice(token.mint, priceE9Of(token) * 40n);
      const { lamports, quantity } = onChainReserves(token);
      const priceE9 = (lamports * PRICE_SCALE * 1_000_000n) / quantity;
      expect(priceE9).toBe(priceE9Of(token));
      expect(onChain.venues.quote(token, "buy", 1_000_000n)?.quantityOut).toBeGreaterThan(0n);
      expect(token.isTrading).toBe(true);
    }
  });
});

describe("a curve", () => {
  test("fills up by the crowd alone, rests, and moves with all that it held", ({ expect }) => {
    const token = tokenOf(world, "pump-run");
    market.moving = true;
    for (let count = 0; token.isTrading && count < 200; count += 1) {
      world.pass(20_000);
      market.tick();
    }
    market.moving = false;
    const full = parseCurve(chain.accounts.current(curveAddress(token.mint))?.data ?? Buffer.of());
    expect([full.complete, full.realToken, token.venue]).toEqual([true, 0n, "pump"]);
    expect(onChain.venues.quote(token, "sell", 1_000_000n)).toBeUndefined();
    tick(chain, 30);
    expect([token.venue, token.isTrading]).toEqual(["pumpswap", true]);
    expect(token.quantity).toBe(206_900_000_000_000n);
    expect(token.lamports).toBe(full.realQuote - 15_000_001n);
    expect(missing()).toEqual([]);
  });

  test("is completed and moved once", ({ expect }) => {
    const token = tokenOf(world, "pump-curve");
    expect(() => onChain.venues.migrate(token.mint)).toThrow("full curve");
    onChain.venues.complete(token.mint);
    expect(() => onChain.venues.complete(token.mint)).toThrow("live curve");
    onChain.venues.migrate(token.mint);
    tick(chain, 6);
    expect(token.venue).toBe("pumpswap");
    expect(() => onChain.venues.migrate(token.mint)).toThrow("full curve");
    tick(chain, 30);
    expect(missing()).toEqual([]);
  });
});

describe("the move of a curve", () => {
  const token = tokenOf(world, "pump-curve", 1);
  const trader = createTrader(world, token);

  function move() {
    const program = chain.accounts.current(token.mint)?.owner ?? "";
    const { blockhash } = chain.latestBlockhash();
    const signature = chain.submit(encodeMigration(trader.wallet, token.mint, program, blockhash));
    tick(chain, 4);
    const record = chain.history.get(signature);
    if (record === undefined) throw new Error("expected the move in a block");
    return record;
  }

  test("is anybody's to make, once, when the curve is full", ({ expect }) => {
    expect(customCode(move().err)).toBe(6006);
    onChain.venues.complete(token.mint);
    onChain.venues.migrate(token.mint);
    tick(chain, 6);
    expect(token.venue).toBe("pumpswap");
    expect(customCode(move().err)).toBe(6081);
  });

  test("is told by both programs, each in its own frame", ({ expect }) => {
    const full = tokenOf(world, "pump-curve", 2);
    onChain.venues.complete(full.mint);
    onChain.venues.migrate(full.mint);
    const before = chain.slot();
    tick(chain, 6);
    const records = chain.history.between(before, chain.slot());
    const logs = records.find(({ err }) => err === null)?.logs ?? [];
    const [created] = ownLogEvents(logs, AMM_PROGRAM).payloads.map(readCreatePoolEvent);
    const [moved] = ownLogEvents(logs, PUMP_PROGRAM).payloads.map(readMigrationEvent);
    expect(created).toMatchObject({ pool: full.pool, baseMint: full.mint });
    expect(moved).toMatchObject({
      mint: full.mint,
      mintAmount: full.quantity,
      solAmount: full.lamports,
      pool: full.pool,
    });
  });
});

test("a token whose transfers call somebody's program cannot be moved without it", ({ expect }) => {
  const token = tokenOf(world, "transfer-hook");
  const data = chain.accounts.current(token.mint)?.data ?? Buffer.of();
  expect([data[165], Buffer.from(data).readUInt16LE(166)]).toEqual([1, 14]);
  const signature = chain.moveTokens(token.spec.dev.publicKey.toBase58(), token.mint, 1n);
  chain.setLamports(token.spec.dev.publicKey.toBase58(), 1_000_000_000n);
  tick(chain, 4);
  expect(chain.landingOf(signature)?.err).not.toBeNull();
  expect(chain.landingOf(signature)).toBeDefined();
});

test("a token that is born frozen lies in its pool and cannot be bought", ({ expect }) => {
  const token = tokenOf(world, "frozen");
  const pool = onChain.pools.get(token.mint);
  const trader = createTrader(world, token);
  const state = (account: string) => chain.accounts.current(account)?.data[108];
  expect([state(pool?.tokenVault ?? ""), state(trader.tokens)]).toEqual([1, 2]);
  expect(chain.tokenQuantityOf(pool?.solVault ?? "")).toBe(token.lamports);
});
