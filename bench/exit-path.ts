import { setTimeout as pause } from "node:timers/promises";
import { curveRates, sellTokens } from "../sim/models/pools/pump-math.ts";
import { CURVE_START, encodeGlobal, parseGlobal } from "../sim/models/pools/pump-accounts.ts";
import { encodeFeeConfig, parseFeeConfig } from "../sim/models/pools/pump-fees.ts";
import { ExitBench, type Lane } from "./exit-bench.ts";
import type { ArmedPosition, BenchWallet } from "./exit-journal.ts";
import { curveAt, mintOf, priceE9Of, type SeenSell } from "./exit-world.ts";
import { figureOf } from "./figures.ts";
import { hopsOf, type Row } from "./verdict-table.ts";

const QUANTITY = 1_000_000_000_000n;
export const WARM_UPS = 20;
/** The first step of EXIT_SLIPPAGE_RAMP_BPS. */
const SLIPPAGE_BPS = 500n;
const START_E9 = priceE9Of(CURVE_START.virtualQuote, CURVE_START.virtualToken);
/** Each trigger of a mint is this much above the one before it. */
export const STEP_BPS = 500;
const SELL_WAIT_MS = 3_000;
/** What a node on the other side of a continent adds to each answer. */
export const ADDED_MS = 20;
const TARGET = { p50Us: 500, p99Us: 3_000 };
export const PATHS: Readonly<Record<Lane, string>> = {
  plain: "pool update -> signed sell at the node",
  jito: "pool update -> signed bundle at the block engine",
};

export interface ExitSamples {
  timesMs: number[];
  missing: number;
  wrong: number;
}

/** Between two exits: what the last one left to do is done by then. */
export const EXIT_PAUSE_MS = 20;

/** Take profits at +5 %, +10 %, ... of the starting price, one per position of a mint. */
export function positionsOf(
  wallets: readonly BenchWallet[],
  { positions, mints }: { positions: number; mints: number },
): ArmedPosition[] {
  return Array.from({ length: positions }, (_, n) => {
    const level = Math.floor(n / mints) + 1;
    const wallet = wallets[level % wallets.length] as BenchWallet;
    const triggerBps = level * STEP_BPS;
    return {
      positionId: `pos_${n}`,
      userId: wallet.userId,
      walletId: wallet.walletId,
      address: wallet.address,
      mint: mintOf(n % mints),
      quantity: QUANTITY,
      rule: {
        kind: "takeProfit",
        triggerBps,
        triggerPriceE9: (START_E9 * BigInt(10_000 + triggerBps)) / 10_000n,
      },
    };
  });
}

/** SOL side of the curve at this distance from the starting price. */
export function quoteAt(bps: number): bigint {
  return (CURVE_START.virtualQuote * BigInt(10_000 + bps)) / 10_000n;
}

const global = parseGlobal(encodeGlobal(7));
const feeConfig = parseFeeConfig(encodeFeeConfig("curve"));

/** What the sell must at least ask for: the curve's own arithmetic at the deciding price. */
function expectedOutMin(virtualQuote: bigint): bigint {
  const curve = curveAt(virtualQuote);
  const { net, protocolFee, creatorFee } = sellTokens(
    curve,
    curveRates(curve, global, feeConfig),
    QUANTITY,
  );
  return ((net - protocolFee - creatorFee) * (10_000n - SLIPPAGE_BPS)) / 10_000n;
}

/**
 * Why a sell that arrived is not the one that one of these prices asked for, the first of which
 * crossed; undefined when it is.
 */
export function faultOf(
  bench: ExitBench,
  sell: SeenSell,
  position: ArmedPosition,
  virtualQuotes: readonly bigint[],
): string | undefined {
  if (sell.mint !== position.mint || sell.wallet !== position.address) return "another position";
  if (sell.quantity !== position.quantity) return `sold ${sell.quantity}`;
  const outMins = virtualQuotes.map(expectedOutMin);
  if (!outMins.includes(sell.quantityOutMin)) {
    return `min out ${sell.quantityOutMin}, not ${outMins.join(", ")}`;
  }
  if (!bench.isInOrder(sell)) return "not journaled when it left, or another tip";
  return bench.isSigned(sell) ? undefined : "the signature is wrong";
}

/** One price update that crosses one trigger, and how long until its signed sell is at the node. */
async function sampleExit(
  bench: ExitBench,
  position: ArmedPosition,
  late: ReadonlySet<string>,
): Promise<{ ms?: number; fault?: string | undefined }> {
  const virtualQuote = quoteAt(position.rule.triggerBps + 20);
  const slot = (bench.nodes[0]?.slot ?? 0) + 1;
  const arrived = new Promise<{ atNs: bigint; fault: string | undefined } | undefined>(
    (resolve) => {
      const timer = setTimeout(() => resolve(undefined), SELL_WAIT_MS);
      bench.onSell = (sell, atNs) => {
        // It was counted as missing.
        if (late.has(sell.mint)) return;
        clearTimeout(timer);
        resolve({ atNs, fault: faultOf(bench, sell, position, [virtualQuote]) });
      };
    },
  );
  const frames = bench.world.move(position.mint, virtualQuote, slot);
  if (frames.length === 0) throw new Error("nobody follows the curve");
  const startNs = process.hrtime.bigint();
  for (const { socket, text } of frames) socket.send(text);
  const came = await arrived;
  if (came === undefined) return {};
  return { ms: Number(came.atNs - startNs) / 1e6, fault: came.fault };
}

/** Waits until every curve is followed and the desk had time to compile what it will need. */
export async function settle(bench: ExitBench, mints: number, positions: number): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (
    (bench.nodes[0]?.subscriptionCount ?? 0) + (bench.nodes[1]?.subscriptionCount ?? 0) <
    mints
  ) {
    if (performance.now() > deadline) throw new Error("the desk does not follow all curves");
    await pause(50);
  }
  await pause(3_000 + positions * 9);
}

/**
 * Exits one at a time, each of a position and a mint of its own; then the same with a wait added to
 * every answer, which shows how many of them an exit waits for.
 */
export async function runExitIdle(samples: number, lane: Lane): Promise<Row[]> {
  const count = samples * 2 + WARM_UPS;
  const bench = await ExitBench.start({
    wallets: 20,
    positionsOf: (wallets) => positionsOf(wallets, { positions: count, mints: count }),
    lane,
  });
  try {
    await settle(bench, count, count);
    await sampleExits(bench, bench.positions.slice(0, WARM_UPS), EXIT_PAUSE_MS);
    const [first, second] = [WARM_UPS, WARM_UPS + samples];
    const near = await sampleExits(bench, bench.positions.slice(first, second), EXIT_PAUSE_MS);
    bench.delayAnswers(ADDED_MS);
    const far = await sampleExits(bench, bench.positions.slice(second), 3 * ADDED_MS);
    return pairOf(`${PATHS[lane]}, one exit at a time`, near, far);
  } finally {
    await bench.close();
  }
}

/** A figure, and the one with a wait added to every answer, with what is asked of both. */
export function pairOf(name: string, near: ExitSamples, far: ExitSamples): Row[] {
  const rowOf = (text: string, { timesMs, missing, wrong }: ExitSamples): Row => ({
    ...figureOf(text, timesMs),
    missing,
    wrong,
    target: TARGET,
  });
  const first = rowOf(name, near);
  const second = rowOf(`  the same, ${ADDED_MS} ms added to every answer`, far);
  return [first, { ...second, hops: hopsOf(near.timesMs, far.timesMs, ADDED_MS) }];
}

/** Told when they come, so that a table of many rows does not hide what went wrong in one. */
export function tellFault(fault: string): void {
  process.stdout.write(`a wrong exit: ${fault}\n`);
}

export async function sampleExits(
  bench: ExitBench,
  positions: readonly ArmedPosition[],
  pauseMs: number,
): Promise<ExitSamples> {
  const samples: ExitSamples = { timesMs: [], missing: 0, wrong: 0 };
  const late = new Set<string>();
  for (const position of positions) {
    const { ms, fault } = await sampleExit(bench, position, late);
    if (fault !== undefined) tellFault(fault);
    if (fault !== undefined) samples.wrong += 1;
    else if (ms !== undefined) samples.timesMs.push(ms);
    else {
      samples.missing += 1;
      late.add(position.mint);
    }
    await pause(pauseMs);
  }
  return samples;
}
