import { afterAll, beforeAll, describe, test } from "vitest";
import {
  curveRef,
  migratedRef,
  refFromAccount,
  type PoolRef,
  spotPriceE9,
} from "@raptor/executor/pools/direct-pool.ts";
import { isUnusable } from "@raptor/executor/pools/unusable.ts";
import type { TokenKind } from "../../models/market-tokens.ts";
import { type MarketToken, priceE9Of } from "../../models/market.ts";
import { readPool } from "../../models/pools/pool-fixture.ts";
import { NATIVE_MINT, tokenProgramId } from "../../models/token-accounts.ts";
import { TestWorld } from "./test-world.ts";

const POOL_KINDS = ["pump-curve", "pumpswap", "raydium-cpmm", "raydium-v4"] as const;
const HALF_SOL = 500_000_000n;

let world: TestWorld;

beforeAll(async () => {
  world = await TestWorld.start();
});

afterAll(() => world.close());

function refOf(token: MarketToken): PoolRef {
  const program = tokenProgramId(token.spec.tokenProgram);
  if (token.venue === "pump") return curveRef(token.mint, program);
  if (token.venue === "pumpswap") return migratedRef(token.mint, program);
  const bytes = world.chain.accounts.current(token.pool)?.data ?? new Uint8Array();
  const ref = refFromAccount(token.venue ?? "raydium-v4", token.pool, bytes, program);
  if (isUnusable(ref)) throw new Error(ref.reason);
  return ref;
}

/** What production code reads off the chain's bytes. */
function directPrice(token: MarketToken): bigint {
  return spotPriceE9(readPool(world, refOf(token)), token.spec.decimals);
}

async function swap(token: MarketToken, side: "buy" | "sell", amount: bigint, label: string) {
  const wallet = world.wallet(label);
  const [inputMint, outputMint] =
    side === "buy" ? [NATIVE_MINT, token.mint] : [token.mint, NATIVE_MINT];
  const taker = wallet.publicKey.toBase58();
  const answer = await world.build({ inputMint, outputMint, amount: String(amount), taker });
  const before = world.chain.lamportsOf(taker);
  const record = world.land(world.sign(answer, wallet));
  const lamports = world.chain.lamportsOf(taker) - before + record.fee;
  const out = BigInt(answer.outAmount);
  return { record, out, lamports, held: world.quantityOf(wallet.publicKey, token) };
}

describe("a route through a pool that is also traded directly", () => {
  test.for(POOL_KINDS)(
    "brings what was quoted and moves the price that direct trades see, %s",
    async (kind: TokenKind, { expect }) => {
      const token = world.token(kind);
      const before = directPrice(token);
      const bought = await swap(token, "buy", HALF_SOL, kind);
      expect(bought.record.err, bought.record.logs.join("\n")).toBeNull();
      expect(bought.held).toBe(bought.out);
      expect(directPrice(token)).toBeGreaterThan(before);
      expect(directPrice(token)).toBe(priceE9Of(token));
      const sold = await swap(token, "sell", bought.held, kind);
      expect([sold.record.err, sold.held]).toEqual([null, 0n]);
      expect(sold.lamports).toBe(sold.out);
      expect(sold.out).toBeLessThan(HALF_SOL);
      expect(directPrice(token)).toBe(priceE9Of(token));
    },
  );

  test.for(POOL_KINDS)(
    "a price that a script sets is the price of the pool, %s",
    async (kind: TokenKind, { expect }) => {
      const token = world.token(kind);
      for (const factor of [1.5, 0.5, 0.2, 8]) {
        const before = directPrice(token);
        await world.post("/world/prices", { mint: token.mint, factor });
        const wanted = Number(before) * factor;
        expect(Number(directPrice(token)) / wanted).toBeCloseTo(1, 3);
        const { record } = await swap(token, "buy", HALF_SOL, `${kind} after ${factor}`);
        expect(record.err, record.logs.join("\n")).toBeNull();
      }
    },
  );

  test("a full curve has no route until it has moved", async ({ expect }) => {
    const token = world.token("pump-run");
    world.server.onChain.venues.complete(token.mint);
    await expect(swap(token, "buy", HALF_SOL, "late")).rejects.toThrow("any route");
    world.server.onChain.venues.migrate(token.mint);
    for (let count = 0; count < 6; count += 1) world.chain.tick();
    const { record, held, out } = await swap(token, "buy", HALF_SOL, "late");
    expect([record.err, held]).toEqual([null, out]);
    expect(directPrice(token)).toBe(priceE9Of(token));
  });
});

describe("what a script does to a pool", () => {
  test("fills a curve and moves it", async ({ expect }) => {
    const token = world.market.tokens.filter(({ spec }) => spec.kind === "pump-curve")[1];
    const mint = token?.mint;
    const full = await world.post("/world/pools", { mint, action: "complete" });
    expect(await full.json()).toMatchObject({ venue: "pump", isTrading: false });
    const twice = await world.post("/world/pools", { mint, action: "complete" });
    expect(twice.status).toBe(400);
    const moved = await world.post("/world/pools", { mint, action: "migrate" });
    expect(moved.status).toBe(200);
    for (let count = 0; count < 6; count += 1) world.chain.tick();
    expect([token?.venue, token?.isTrading]).toEqual(["pumpswap", true]);
  });

  test("pulls nearly all SOL out, so that a sale brings next to nothing", async ({ expect }) => {
    const token = world.token("pumpswap");
    const { held } = await swap(token, "buy", HALF_SOL, "victim");
    const before = directPrice(token);
    await world.post("/world/pools", { mint: token.mint, action: "rug" });
    expect(directPrice(token)).toBeLessThan(before / 20n);
    const sold = await swap(token, "sell", held, "victim");
    expect([sold.record.err, sold.lamports]).toEqual([null, sold.out]);
    expect(sold.lamports).toBeLessThan(HALF_SOL / 20n);
  });
});
