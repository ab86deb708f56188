import { setTimeout as pause } from "node:timers/promises";
import { curveRates, sellTokens } from "../sim/models/pools/pump-math.ts";
import { CURVE_START, encodeGlobal, parseGlobal } from "../sim/models/pools/pump-accounts.ts";
import { encodeFeeConfig, parseFeeConfig } from "../sim/models/pools/pump-fees.ts";
import { ExitBench } from "./exit-bench.ts";
import type { ArmedPosition, BenchWallet } from "./exit-journal.ts";
import { curveAt, mintOf, priceE9Of, type SeenSell } from "./exit-world.ts";
import { figureOf, type Figure } from "./figures.ts";

const QUANTITY = 1_000_000_000_000n;
const WARM_UPS = 20;
/** The first step of EXIT_SLIPPAGE_RAMP_BPS. */
const SLIPPAGE_BPS = 500n;
const START_E9 = priceE9Of(CURVE_START.virtualQuote, CURVE_START.virtualToken);
/** Each trigger of a mint is this much above the one before it. */
export const STEP_BPS = 500;
const SELL_WAIT_MS = 10_000;
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

/** Why a sell that arrived is not the one that the price asked for; undefined when it is. */
export function faultOf(
  bench: ExitBench,
  sell: SeenSell,
  position: ArmedPosition,
  virtualQuote: bigint,
): string | undefined {
  if (sell.mint !== position.mint || sell.wallet !== position.address) return "another position";
  if (sell.quantity !== position.quantity) return `sold ${sell.quantity}`;
  const outMin = expectedOutMin(virtualQuote);
  if (sell.quantityOutMin !== outMin) return `min out ${sell.quantityOutMin}, not ${outMin}`;
  return bench.isSigned(sell) ? undefined : "the signature is wrong";
}

/** One price update that crosses one trigger, and how long until its signed sell is at the node. */
export async function sampleExit(bench: ExitBench, position: ArmedPosition): Promise<number> {
  const virtualQuote = quoteAt(position.rule.triggerBps + 20);
  const slot = (bench.nodes[0]?.slot ?? 0) + 1;
  const arrived = new Promise<{ sell: SeenSell; atNs: bigint }>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no sell came")), SELL_WAIT_MS);
    bench.onSell = (sell, atNs) => {
      clearTimeout(timer);
      resolve({ sell, atNs });
    };
  });
  const frames = bench.world.move(position.mint, virtualQuote, slot);
  if (frames.length === 0) throw new Error("nobody follows the curve");
  const startNs = process.hrtime.bigint();
  for (const { socket, text } of frames) socket.send(text);
  const { sell, atNs } = await arrived;
  const fault = faultOf(bench, sell, position, virtualQuote);
  if (fault !== undefined) throw new Error(`a wrong sell came: ${fault}`);
  return Number(atNs - startNs) / 1e6;
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

export async function runExitIdle(samples: number): Promise<Figure[]> {
  const count = samples * 2 + WARM_UPS;
  const bench = await ExitBench.start({
    wallets: 20,
    positionsOf: (wallets) => positionsOf(wallets, { positions: count, mints: count }),
  });
  try {
    await settle(bench, count, count);
    const times: number[] = [];
    for (const position of bench.positions.slice(0, WARM_UPS + samples)) {
      times.push(await sampleExit(bench, position));
      await pause(EXIT_PAUSE_MS);
    }
    for (const node of bench.nodes) node.replyDelayMs = 20;
    const far: number[] = [];
    for (const position of bench.positions.slice(WARM_UPS + samples)) {
      far.push(await sampleExit(bench, position));
      await pause(60);
    }
    return [
      figureOf("pool update -> signed sell at the node", times.slice(WARM_UPS)),
      figureOf("the same, 20 ms added to every answer", far),
    ];
  } finally {
    await bench.close();
  }
}
