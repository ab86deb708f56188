import fc from "fast-check";
import { describe, test } from "vitest";
import { decodePool, isUnusable, type PoolQuote, quotePool } from "./direct-pool.ts";
import type { DirectPool, PoolRef, PoolSide } from "./direct-pool.ts";
import { cpmmAccounts, v4Accounts } from "./raydium-fixture.ts";

const U48 = 2n ** 48n;
const reserve = fc.bigInt({ min: 1_000n, max: U48 });
const amount = fc.bigInt({ min: 1n, max: U48 });
const rate = fc.bigInt({ min: 0n, max: 100_000n });
const pools = fc.oneof(
  fc
    .record({
      sol: reserve,
      tokens: reserve,
      isSolFirst: fc.boolean(),
      tradeRate: fc.bigInt({ min: 1n, max: 100_000n }),
      creatorRate: rate,
      creatorFeeOn: fc.integer({ min: 0, max: 2 }),
      owed: fc.tuple(amount, amount),
    })
    .map((given) => read(cpmmAccounts(given))),
  fc
    .record({
      sol: reserve,
      tokens: reserve,
      isSolFirst: fc.boolean(),
      owed: fc.tuple(amount, amount),
    })
    .map((given) => read(v4Accounts(given))),
);
const sides = fc.constantFrom<PoolSide>("buy", "sell");

function read(given: { ref: PoolRef; accounts: Map<string, Uint8Array> }): DirectPool {
  const pool = decodePool(given.ref, given.accounts);
  if (isUnusable(pool)) throw new Error(pool.reason);
  return pool;
}

/** The pool with what a trade leaves in it; fees stay in the reserves or lie beside them. */
function after(pool: DirectPool, side: PoolSide, quantityIn: bigint, quote: PoolQuote): DirectPool {
  const [quoteReserve, baseReserve] =
    side === "buy"
      ? [pool.quoteReserve + quantityIn, pool.baseReserve - quote.quantityOut]
      : [pool.quoteReserve - quote.quantityOut, pool.baseReserve + quantityIn];
  return { ...pool, quoteReserve, baseReserve };
}

describe("Raydium's pools", () => {
  test("never pay out so much that the product of the reserves falls", ({ expect }) => {
    fc.assert(
      fc.property(pools, sides, amount, (pool, side, quantityIn) => {
        const quote = quotePool(pool, side, quantityIn);
        const left = after(pool, side, quantityIn, quote);
        const product = pool.baseReserve * pool.quoteReserve;
        expect(left.baseReserve * left.quoteReserve).toBeGreaterThanOrEqual(product);
      }),
    );
  });

  test("pay no less for more", ({ expect }) => {
    fc.assert(
      fc.property(pools, sides, amount, amount, (pool, side, quantityIn, more) => {
        const less = quotePool(pool, side, quantityIn).quantityOut;
        expect(quotePool(pool, side, quantityIn + more).quantityOut).toBeGreaterThanOrEqual(less);
      }),
    );
  });

  test("never give back more than was paid for a buy that is sold at once", ({ expect }) => {
    fc.assert(
      fc.property(pools, amount, (pool, quantityIn) => {
        const bought = quotePool(pool, "buy", quantityIn);
        const back = quotePool(after(pool, "buy", quantityIn, bought), "sell", bought.quantityOut);
        expect(back.quantityOut).toBeLessThanOrEqual(quantityIn);
      }),
    );
  });

  test("name fee parts that add up and never exceed a buy", ({ expect }) => {
    fc.assert(
      fc.property(pools, sides, amount, (pool, side, quantityIn) => {
        const { feeLamports, feeParts } = quotePool(pool, side, quantityIn);
        expect(feeParts.lp + feeParts.protocol + feeParts.creator).toBe(feeLamports);
        expect(feeParts.lp).toBeGreaterThanOrEqual(0n);
      }),
    );
  });
});
