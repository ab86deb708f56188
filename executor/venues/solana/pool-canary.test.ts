import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { describe, test } from "vitest";
import type { z } from "zod";
import { decodePool, type DirectPool } from "../../pools/direct-pool.ts";
import { FakeClock, FakeLog } from "./fake-net.ts";
import { PoolCanary } from "./pool-canary.ts";
import { CURVE, curveAccounts, MINT, SWAP, swapAccounts } from "./pool-bytes-fixture.ts";
import { TOKEN_PROGRAM } from "./programs.ts";
import { addressOf } from "./streams-fixture.ts";

const WALLET = "9aWwBQKoGiE4ogjnxJFAiVXGvYkgwRbRBsgbS9Hnh5DN";
const OTHER_MINT = addressOf(900_001);
const FIRST_MS = 10_000;
const HOUR_MS = 3_600_000;
/** The curve's buy is the third instruction of its trip. */
const REFUSED = { InstructionError: [2, { Custom: 6_057 }] };
const MOVED = { InstructionError: [2, { Custom: 6_042 }] };

function poolOf(kind: "pump" | "pumpswap"): DirectPool {
  const accounts =
    kind === "pump"
      ? curveAccounts(1_000_000_000_000_000n, 40_000_000_000n)
      : swapAccounts(500_000_000_000_000n, 90_000_000_000n);
  const bytes = new Map([...accounts].map(([address, account]) => [address, account.bytes]));
  const pool = decodePool(kind === "pump" ? CURVE : SWAP, bytes);
  if (pool.kind === "unusable") throw new Error(pool.reason);
  return pool;
}

interface Options {
  mints?: string[];
  lamports?: bigint;
  isFresh?: boolean;
  poolOf?: (mint: string) => DirectPool | undefined;
  /** When the pool was last traded with. */
  movedAtMs?: () => number;
}

/** A canary whose node answers what the test says; each answer is an error, or no answer. */
function createCanary(options: Options = {}) {
  const clock = new FakeClock();
  const log = new FakeLog();
  const counts: string[] = [];
  const alerts: string[] = [];
  const world = { err: null as unknown, isDown: false, asked: 0, payloads: [] as string[] };
  const { mints = [MINT], lamports = 1_000_000_000n, isFresh = true } = options;
  const canary = new PoolCanary({
    clock,
    log,
    metrics: {
      count: (name, labels) => void counts.push(`${name} ${labels?.["kind"] ?? ""}`),
      gauge: () => undefined,
      observeMs: () => undefined,
    },
    rpc: {
      async askNewest<T>(method: string, params: readonly unknown[], schema: z.ZodType<T>) {
        world.asked += 1;
        world.payloads.push(`${method} ${String(params[0])}`);
        if (world.isDown) throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE", {});
        return schema.parse({ context: { slot: 9 }, value: { err: world.err, logs: [] } });
      },
    },
    holdings: () => mints.map((mint) => ({ wallet: WALLET, mint, tokenProgram: TOKEN_PROGRAM })),
    poolOf(mint) {
      const pool = options.poolOf === undefined ? poolOf("pump") : options.poolOf(mint);
      if (pool === undefined) return undefined;
      const { movedAtMs } = options;
      const moved = movedAtMs === undefined ? {} : { movedAtMs: movedAtMs() };
      return { pool, slot: 7, atMonotonicMs: 0, ...moved };
    },
    alert: (lines) => void alerts.push(lines.join(" ")),
    lamportsOf: () => ({ value: lamports, slot: 7, atMonotonicMs: 0, isFresh }),
  });
  const levels = (): string[] =>
    log.lines.filter(({ level }) => level !== "debug").map(({ level }) => level);
  return { canary, clock, log, counts, alerts, world, levels };
}

type Made = ReturnType<typeof createCanary>;

async function startBroken(): Promise<Made> {
  const made = createCanary();
  made.world.err = REFUSED;
  made.canary.start();
  await made.clock.advance(FIRST_MS + 10_000);
  return made;
}

describe("a pool's program that takes the test", () => {
  test("is tested soon after the start and then every hour", async ({ expect }) => {
    const { canary, clock, world, levels } = createCanary();
    canary.start();
    await clock.advance(FIRST_MS - 1);
    expect(world.asked).toBe(0);
    await clock.advance(5_000);
    expect(world.asked).toBe(1);
    await clock.advance(HOUR_MS - 20_000);
    expect(world.asked).toBe(1);
    await clock.advance(30_000);
    expect(world.asked).toBe(2);
    expect(canary.health()).toMatchObject({ name: "pool programs", ok: true });
    expect(canary.health().detail).toContain("pump.fun passed, PumpSwap not tested yet");
    expect(levels()).toEqual([]);
    await canary.stop();
  });

  test("is tested at once after a trade failed, not for each of many", async ({ expect }) => {
    const { canary, clock, world } = createCanary();
    canary.start();
    await clock.advance(FIRST_MS + 60_000);
    expect(world.asked).toBe(1);
    for (let n = 0; n < 50; n += 1) canary.suspect("pump");
    await clock.advance(1);
    expect(world.asked).toBe(2);
    for (let n = 0; n < 50; n += 1) canary.suspect("pump");
    await clock.advance(1_000);
    expect(world.asked).toBe(2);
    await clock.advance(15_000);
    expect(world.asked).toBe(3);
    await canary.stop();
  });

  test("is asked with a transaction that nobody signed", async ({ expect }) => {
    const { canary, clock, world } = createCanary();
    canary.start();
    await clock.advance(FIRST_MS + 5_000);
    const [method = "", payload = ""] = world.payloads[0]?.split(" ") ?? [];
    expect(method).toBe("simulateTransaction");
    const signatures = Buffer.from(payload, "base64").subarray(0, 65);
    expect(signatures).toEqual(Buffer.concat([Buffer.of(1), Buffer.alloc(64)]));
    await canary.stop();
  });
});

describe("a pool's program that refuses the test", () => {
  test("is trusted until it refused twice, some seconds apart", async ({ expect }) => {
    const { canary, clock, world, levels } = createCanary();
    world.err = REFUSED;
    canary.start();
    await clock.advance(FIRST_MS + 1);
    expect(world.asked).toBe(1);
    expect(canary.brokenReason("pump")).toBeUndefined();
    await clock.advance(5_000);
    expect(world.asked).toBe(2);
    expect(canary.brokenReason("pump")).toBe("error 6057 in the test's buy");
    expect(canary.brokenReason("pumpswap")).toBeUndefined();
    expect(levels()).toEqual(["warn", "error"]);
    await canary.stop();
  });

  test("is told to the operator once, and stays in the health report", async ({ expect }) => {
    const { canary, clock, counts, alerts, levels } = await startBroken();
    await clock.advance(600_000);
    expect(alerts).toHaveLength(1);
    expect(alerts[0]).toMatch(
      /^pump\.fun fails .* Buys in its pools are off\. .* nothing was sent/,
    );
    expect(levels()).toEqual(["warn", "error"]);
    expect(counts).toEqual(["alerts_total pool-program"]);
    expect(canary.health().ok).toBe(false);
    expect(canary.health().detail).toContain("pump.fun refuses (error 6057");
    await canary.stop();
  });

  test("is trusted again by itself after one good test, within a minute", async ({ expect }) => {
    const { canary, clock, world, log, alerts } = await startBroken();
    world.err = null;
    await clock.advance(200_000);
    expect(alerts).toHaveLength(2);
    expect(alerts[1]).toContain("passed its test again");
    expect(canary.brokenReason("pump")).toBeUndefined();
    expect(canary.health().ok).toBe(true);
    expect(log.lines.at(-1)?.message).toContain("passed its test again");
    await canary.stop();
  });

  test("is not trusted again because nobody answers", async ({ expect }) => {
    const { canary, clock, world } = await startBroken();
    world.isDown = true;
    await clock.advance(600_000);
    expect(canary.brokenReason("pump")).toBeDefined();
    await canary.stop();
  });

  test("must have refused twice in a row", async ({ expect }) => {
    const { canary, clock, world } = createCanary();
    for (const err of [REFUSED, null, REFUSED]) {
      world.err = err;
      if (world.asked === 0) canary.start();
      const { asked } = world;
      canary.suspect("pump");
      while (world.asked === asked) await clock.advance(1_000);
    }
    expect(canary.brokenReason("pump")).toBeUndefined();
    await canary.stop();
  });

  test("is tried with another token the second time, if there is one", async ({ expect }) => {
    const { canary, clock, world, log } = createCanary({
      mints: [OTHER_MINT, MINT],
      poolOf(mint) {
        const pool = poolOf("pump");
        if (pool.kind !== "pump") throw new Error("expected a curve");
        return { ...pool, ref: { ...pool.ref, mint } };
      },
    });
    world.err = REFUSED;
    canary.start();
    await clock.advance(FIRST_MS + 10_000);
    const told = log.lines.filter(({ level }) => level === "warn" || level === "error");
    expect(new Set(told.map(({ fields }) => fields["mint"]))).toEqual(new Set([MINT, OTHER_MINT]));
    await canary.stop();
  });
});

describe("a pool's program that gives less than its reserves say", () => {
  test("is broken where nobody trades meanwhile", async ({ expect }) => {
    const { canary, clock, world, alerts } = createCanary({ movedAtMs: () => 0 });
    world.err = MOVED;
    canary.start();
    await clock.advance(FIRST_MS + 10_000);
    expect(canary.brokenReason("pump")).toContain("less than its reserves say");
    expect(alerts).toHaveLength(1);
    await canary.stop();
  });

  test.for([
    ["a moment ago", (now: number) => now - 4_000],
    ["during the test", (_now: number, asked: number) => asked],
  ] as const)("is not where somebody traded %s", async ([, movedAt], { expect }) => {
    const made: Made = createCanary({
      movedAtMs: () => movedAt(made.clock.monotonicMs(), made.world.asked),
    });
    made.world.err = MOVED;
    made.canary.start();
    await made.clock.advance(FIRST_MS + 120_000);
    expect(made.world.asked).toBeGreaterThan(1);
    expect(made.canary.brokenReason("pump")).toBeUndefined();
    await made.canary.stop();
  });
});

describe("what is not known", () => {
  test.for([
    ["no node answers", { isDown: true }],
    ["the price moved", { err: MOVED }],
    ["the set-up failed", { err: { InstructionError: [1, { Custom: 3_012 }] } }],
  ] as const)(
    "breaks nothing and is asked again in a minute: %s",
    async ([, change], { expect }) => {
      const { canary, clock, world, levels } = createCanary();
      Object.assign(world, change);
      canary.start();
      await clock.advance(FIRST_MS + 1);
      expect(world.asked).toBe(1);
      await clock.advance(300_000);
      expect(world.asked).toBeGreaterThan(4);
      expect(world.asked).toBeLessThan(8);
      expect(canary.brokenReason("pump")).toBeUndefined();
      expect(levels()).toEqual([]);
      await canary.stop();
    },
  );

  test.for([
    ["no pool is at hand", { poolOf: () => undefined }],
    ["nothing is held", { mints: [] as string[] }],
    ["the wallet has too little SOL", { lamports: 6_000_000n }],
    ["nobody knows what the wallet has", { isFresh: false }],
  ] as const)("is not asked for while %s", async ([, options], { expect }) => {
    const { canary, clock, world } = createCanary(options);
    canary.start();
    await clock.advance(120_000);
    expect(world.asked).toBe(0);
    expect(canary.health().ok).toBe(true);
    await canary.stop();
  });

  test("is found out as soon as a pool is at hand", async ({ expect }) => {
    const pools = new Map<string, DirectPool>();
    const { canary, clock, world } = createCanary({ poolOf: (mint) => pools.get(mint) });
    canary.start();
    await clock.advance(120_000);
    expect(world.asked).toBe(0);
    pools.set(MINT, poolOf("pumpswap"));
    await clock.advance(5_000);
    expect(world.asked).toBe(1);
    expect(canary.health().detail).toContain("PumpSwap passed");
    await canary.stop();
  });
});

test("a stopped canary asks nothing any more", async ({ expect }) => {
  const { canary, clock, world } = createCanary();
  canary.start();
  await clock.advance(FIRST_MS + 1);
  await canary.stop();
  canary.suspect("pump");
  await clock.advance(2 * HOUR_MS);
  expect(world.asked).toBe(1);
});
