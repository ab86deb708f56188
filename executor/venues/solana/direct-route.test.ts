import { describe, test } from "vitest";
import { decodePool } from "../../pools/direct-pool.ts";
import { createDirectRoute } from "./direct-route.ts";
import { CURVE, curveAccounts, MINT } from "./pool-bytes-fixture.ts";

const WALLET = "9aWwBQKoGiE4ogjnxJFAiVXGvYkgwRbRBsgbS9Hnh5DN";
const VIRTUAL_TOKEN = 280_000_000_000_000n;

/** A curve that has `left` tokens to sell. */
function stateOf(left: bigint) {
  const accounts = curveAccounts(VIRTUAL_TOKEN, 115_000_000_000n);
  const bytes = new Map([...accounts].map(([address, account]) => [address, account.bytes]));
  const curve = Buffer.from(bytes.get(CURVE.address) ?? []);
  curve.writeBigUInt64LE(left, 24);
  bytes.set(CURVE.address, curve);
  const pool = decodePool(CURVE, bytes);
  if (pool.kind === "unusable") throw new Error(pool.reason);
  return { pool, slot: 7, atMonotonicMs: 0 };
}

function routeOf(left: bigint, side: "buy" | "sell", quantityIn: bigint) {
  const request = { wallet: WALLET, mint: MINT, side, quantityIn, slippageBps: 100 };
  return createDirectRoute(request, stateOf(left));
}

describe("a route straight to a pool", () => {
  test("promises the pool's own quote less the slippage", ({ expect }) => {
    const route = routeOf(100_000_000_000_000n, "sell", 1_000_000_000n);
    expect(route.quantityOut).toBeGreaterThan(400_000n);
    expect(route.quantityOutMin).toBe((route.quantityOut * 9_900n) / 10_000n);
    expect(route.evidence).toMatchObject({ router: "direct", slot: 7, label: "pump.fun" });
  });

  test("is none for a buy that asks for more than the curve has left", ({ expect }) => {
    expect(routeOf(100_000_000_000_000n, "buy", 1_000_000_000n).quantityIn).toBe(1_000_000_000n);
    expect(() => routeOf(1_000_000_000n, "buy", 1_000_000_000n)).toThrow("has less left");
    expect(routeOf(1_000_000_000n, "sell", 1_000_000_000n).quantityOutMin).toBeGreaterThan(0n);
  });

  test("is none for a trade that is too small to give anything", ({ expect }) => {
    expect(() => routeOf(100_000_000_000_000n, "sell", 100n)).toThrow("too small");
  });
});
