import { VersionedMessage } from "@solana/web3.js";
import { describe, test } from "vitest";
import { decodePool, type DirectPool, type PoolRef, quotePool } from "../../pools/direct-pool.ts";
import { cpmmAccounts, v4Accounts } from "../../pools/raydium-fixture.ts";
import { CURVE, curveAccounts, SWAP, swapAccounts } from "./pool-bytes-fixture.ts";
import { createRoundTrip, roundTripLamports } from "./round-trip.ts";

const WALLET = "9aWwBQKoGiE4ogjnxJFAiVXGvYkgwRbRBsgbS9Hnh5DN";
const SYSTEM_TRANSFER = "02000000";

function poolOf(ref: PoolRef, bytes: ReadonlyMap<string, Uint8Array>): DirectPool {
  const pool = decodePool(ref, bytes);
  if (pool.kind === "unusable") throw new Error(pool.reason);
  return pool;
}

function bytesOf(accounts: ReadonlyMap<string, { bytes: Uint8Array }>): Map<string, Uint8Array> {
  return new Map([...accounts].map(([address, { bytes }]) => [address, bytes]));
}

const cpmm = cpmmAccounts({ sol: 90_000_000_000n, tokens: 500_000_000_000_000n });
const v4 = v4Accounts({ sol: 90_000_000_000n, tokens: 500_000_000_000_000n });
const POOLS = [
  poolOf(CURVE, bytesOf(curveAccounts(1_000_000_000_000_000n, 40_000_000_000n))),
  poolOf(SWAP, bytesOf(swapAccounts(500_000_000_000_000n, 90_000_000_000n))),
  poolOf(cpmm.ref, cpmm.accounts),
  poolOf(v4.ref, v4.accounts),
];

function read(pool: DirectPool, isExact = false) {
  const trip = createRoundTrip(pool, WALLET, isExact);
  if (trip === undefined) throw new Error("expected a round trip");
  const message = VersionedMessage.deserialize(trip.message);
  const programs = message.compiledInstructions.map(({ programIdIndex }) =>
    message.staticAccountKeys[programIdIndex]?.toBase58(),
  );
  const data = message.compiledInstructions.map((one) => Buffer.from(one.data).toString("hex"));
  return { trip, programs, data };
}

describe("a buy and the sale of what it brings", () => {
  test.for(POOLS)("fit into one packet and name their places, $kind", (pool, { expect }) => {
    const { trip, programs, data } = read(pool);
    expect(trip.message.length).toBeLessThanOrEqual(1_167);
    const [buy = -1, sell = -1] = trip.trades;
    expect(buy).toBeGreaterThan(0);
    expect(sell).toBeGreaterThan(buy);
    expect(programs[buy]).toBe(programs[sell]);
    expect(data[buy]).not.toBe(data[sell]);
    expect(programs.filter((one) => one?.startsWith("ComputeBudget"))).toHaveLength(1);
    const transfers = data.filter((one) => one.startsWith(SYSTEM_TRANSFER) && one.length === 24);
    expect(transfers).toHaveLength(pool.kind === "pump" ? 0 : 1);
  });

  test.for(POOLS)("cost a wallet little beside its rent, $kind", (pool, { expect }) => {
    expect(roundTripLamports(pool)).toBeGreaterThan(6_000_000n);
    expect(roundTripLamports(pool)).toBeLessThan(30_000_000n);
  });

  test.for(POOLS)(
    "ask for what our own quotes say where they are exact, $kind",
    (pool, { expect }) => {
      const amountsOf = (isExact: boolean, half: 0 | 1): [bigint, bigint] => {
        const { trip, data } = read(pool, isExact);
        const bytes = Buffer.from(data[trip.trades[half] ?? -1] ?? "", "hex");
        const at = pool.kind === "raydium-v4" ? 1 : 8;
        return [bytes.readBigUInt64LE(at), bytes.readBigUInt64LE(at + 8)];
      };
      const bought = quotePool(pool, "buy", 1_000_000n).quantityOut;
      const asked = (bought * 99n) / 100n;
      expect(amountsOf(true, 0)).toEqual([1_000_000n, asked]);
      const sold = quotePool(pool, "sell", asked).quantityOut;
      expect(amountsOf(true, 1)).toEqual([asked, (sold * 99n) / 100n]);
      expect(amountsOf(false, 1)).toEqual([(bought * 95n) / 100n, 1n]);
    },
  );

  test("are none where the pool has nothing to give for so little", ({ expect }) => {
    const dear = poolOf(SWAP, bytesOf(swapAccounts(5n, 90_000_000_000n)));
    expect(createRoundTrip(dear, WALLET)).toBeUndefined();
  });
});
