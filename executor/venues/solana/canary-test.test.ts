import { VersionedTransaction } from "@solana/web3.js";
import { describe, test } from "vitest";
import type { z } from "zod";
import { decodePool, type DirectPool, quotePool } from "../../pools/direct-pool.ts";
import { testPool } from "./canary-test.ts";
import { FakeClock } from "./fake-net.ts";
import { CURVE, curveAccounts, SWAP, swapAccounts } from "./pool-bytes-fixture.ts";

const WALLET = "9aWwBQKoGiE4ogjnxJFAiVXGvYkgwRbRBsgbS9Hnh5DN";
const SPENT = 1_000_000n;
/** Codes with which each program says that a half would give less than was asked for. */
const LESS = { pump: 6_042, pumpswap: 6_004 };

function poolOf(kind: "pump" | "pumpswap", lamports = 40_000_000_000n): DirectPool {
  const accounts =
    kind === "pump"
      ? curveAccounts(1_000_000_000_000_000n, lamports)
      : swapAccounts(500_000_000_000_000n, lamports);
  const bytes = new Map([...accounts].map(([address, account]) => [address, account.bytes]));
  const pool = decodePool(kind === "pump" ? CURVE : SWAP, bytes);
  if (pool.kind === "unusable") throw new Error(pool.reason);
  return pool;
}

/** What a message asks for in its two trades: what goes in, and what must come out. */
function asksOf(payload: string, pool: DirectPool): { index: number; amounts: [bigint, bigint] }[] {
  const { message } = VersionedTransaction.deserialize(Buffer.from(payload, "base64"));
  const keys = message.staticAccountKeys.map((key) => key.toBase58());
  const program = pool.kind === "pump" ? /^6EF8/ : /^pAMM/;
  return message.compiledInstructions.flatMap(({ programIdIndex, data }, index) => {
    if (!program.test(keys[programIdIndex] ?? "") || data.length < 24) return [];
    const bytes = Buffer.from(data);
    return [{ index, amounts: [bytes.readBigUInt64LE(8), bytes.readBigUInt64LE(16)] as const }].map(
      ({ amounts, ...rest }) => ({ ...rest, amounts: [amounts[0], amounts[1]] }),
    );
  });
}

/** A program that gives what our quotes say, changed by so many bps in each half. */
async function judge(
  pool: DirectPool,
  gives: { buyBps?: bigint; saleBps?: bigint },
  moves: (asked: number) => number = () => 0,
) {
  if (pool.kind !== "pump" && pool.kind !== "pumpswap") throw new Error("expected a known kind");
  const clock = new FakeClock();
  await clock.advance(10_000);
  const code = LESS[pool.kind];
  let asked = 0;
  const state = () => ({ pool, slot: 7, atMonotonicMs: 0, movedAtMs: moves(asked) });
  const bps = [gives.buyBps ?? 0n, gives.saleBps ?? 0n];
  const rpc = {
    async askNewest<T>(_method: string, params: readonly unknown[], schema: z.ZodType<T>) {
      asked += 1;
      const [buy, sale] = asksOf(String(params[0]), pool);
      if (buy === undefined || sale === undefined) throw new Error("expected two trades");
      const quotes = [
        quotePool(pool, "buy", SPENT).quantityOut,
        quotePool(pool, "sell", sale.amounts[0]).quantityOut,
      ];
      const short = [buy, sale].find(
        ({ amounts }, half) =>
          amounts[1] > ((quotes[half] ?? 0n) * (10_000n + (bps[half] ?? 0n))) / 10_000n,
      );
      const err =
        short === undefined ? null : { InstructionError: [short.index, { Custom: code }] };
      return schema.parse({ context: { slot: 9 }, value: { err, logs: [] } });
    },
  };
  const verdict = await testPool({ clock, rpc, poolOf: state }, { wallet: WALLET, state: state() });
  return { verdict, asked };
}

describe.for(["pump", "pumpswap"] as const)("a program of the kind %s", (kind) => {
  test("passes when it gives what we reckon, or hardly more", async ({ expect }) => {
    for (const gives of [{}, { buyBps: 50n, saleBps: 50n }, { buyBps: -50n }]) {
      const { verdict, asked } = await judge(poolOf(kind), gives);
      expect([verdict, asked]).toEqual([{ verdict: "passed" }, 3]);
    }
  });

  test("is refused when it gives more in its buy or in its sale", async ({ expect }) => {
    const { verdict: buy } = await judge(poolOf(kind), { buyBps: 150n });
    const { verdict: sale } = await judge(poolOf(kind), { saleBps: 150n });
    const told = (half: string) => `the test's ${half} gives more than its reserves say`;
    expect(buy).toEqual({ verdict: "refused", reason: told("buy") });
    expect(sale).toEqual({ verdict: "refused", reason: told("sale") });
  });

  test("is not blamed where somebody traded meanwhile", async ({ expect }) => {
    const { verdict } = await judge(poolOf(kind), { saleBps: 150n }, (asked) =>
      asked < 2 ? 0 : 9_000,
    );
    expect(verdict).toEqual({ verdict: "passed" });
  });
});

test("a pool that our own buy would move is not asked for more", async ({ expect }) => {
  const { verdict, asked } = await judge(poolOf("pumpswap", 200_000_000n), { saleBps: 150n });
  expect([verdict.verdict, asked]).toEqual(["passed", 1]);
});
