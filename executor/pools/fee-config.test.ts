import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, test } from "vitest";
import { decodeFeeConfig, feesOf, netOfBudget, tierAt } from "./fee-config.ts";

/**
 * PumpSwap's fee schedule as it stood on the chain on 2026-09-08, which the makers ship with their
 * library's tests: the account's bytes, and the same read by hand.
 */
function mainnetFixture(): { bytes: Uint8Array; flat: string[]; tiers: string[][] } {
  const main = createRequire(import.meta.url).resolve("@pump-fun/pump-swap-sdk");
  const path = join(main, "../../src/__tests__/feeConfigMainnetFixture.ts");
  const text = readFileSync(path, "utf8");
  const base64 = [...text.matchAll(/^ {2}"([A-Za-z0-9+/=]+)",$/gm)].map((line) => line[1]);
  const rows = (name: string): string[] =>
    text.slice(text.indexOf(name)).split("];")[0]?.match(/"\d+"/g) ?? [];
  const digits = (row: string): string => row.slice(1, -1);
  const tiers = rows("MAINNET_FEE_TIERS").map(digits);
  return {
    bytes: Uint8Array.from(Buffer.from(base64.join(""), "base64")),
    flat: rows("MAINNET_FLAT_FEES").slice(0, 3).map(digits),
    tiers: Array.from({ length: tiers.length / 4 }, (_, at) => tiers.slice(at * 4, at * 4 + 4)),
  };
}

describe("the schedule of the chain", () => {
  test("is read as it was read by hand, every tier of it", ({ expect }) => {
    const { bytes, flat, tiers } = mainnetFixture();
    const config = decodeFeeConfig(bytes);
    expect(bytes).toHaveLength(4_073);
    expect(Object.values(config?.flat ?? {}).map(String)).toEqual(flat);
    expect(tiers).toHaveLength(25);
    expect(
      config?.tiers.map(({ fromMarketCap, lpBps, protocolBps, creatorBps }) =>
        [fromMarketCap, lpBps, protocolBps, creatorBps].map(String),
      ),
    ).toEqual(tiers);
  });

  test("takes 1.25 percent at birth, 1.2 after 420 SOL, 0.3 from 98,240 SOL on", ({ expect }) => {
    const config = decodeFeeConfig(mainnetFixture().bytes);
    const at = (sol: bigint) => config && tierAt(config, sol * 1_000_000_000n);
    expect(at(28n)).toMatchObject({ lpBps: 2n, protocolBps: 93n, creatorBps: 30n });
    expect(at(419n)).toMatchObject({ lpBps: 2n, protocolBps: 93n, creatorBps: 30n });
    expect(at(420n)).toMatchObject({ lpBps: 20n, protocolBps: 5n, creatorBps: 95n });
    expect(at(1_000_000n)).toMatchObject({ lpBps: 20n, protocolBps: 5n, creatorBps: 5n });
  });
});

describe("a schedule", () => {
  const rates = (lpBps: bigint) => ({ lpBps, protocolBps: 0n, creatorBps: 0n });

  test("charges its first tier below the first threshold", ({ expect }) => {
    const tiers = [
      { fromMarketCap: 10n, ...rates(1n) },
      { fromMarketCap: 20n, ...rates(2n) },
    ];
    const config = { flat: rates(9n), tiers };
    const charged = [0n, 9n, 10n, 19n, 20n, 21n].map((cap) => tierAt(config, cap).lpBps);
    expect(charged).toEqual([1n, 1n, 1n, 1n, 2n, 2n]);
  });

  test("rounds every fee up by itself", ({ expect }) => {
    const each = { lpBps: 1n, protocolBps: 1n, creatorBps: 1n };
    expect(feesOf(1n, each)).toEqual({ lp: 1n, protocol: 1n, creator: 1n, total: 3n });
    expect(feesOf(10_000n, each).total).toBe(3n);
    expect(feesOf(10_001n, each).total).toBe(6n);
    expect(feesOf(0n, each).total).toBe(0n);
  });

  test("never takes more than a budget together with what it leaves", ({ expect }) => {
    const each = { lpBps: 2n, protocolBps: 93n, creatorBps: 30n };
    for (let budget = 10n; budget < 30_000n; budget += 7n) {
      const net = netOfBudget(budget, each);
      expect(net + feesOf(net, each).total, `a budget of ${budget}`).toBeLessThanOrEqual(budget);
    }
  });
});
