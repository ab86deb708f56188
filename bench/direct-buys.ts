import { rmSync } from "node:fs";
import type { VersionedMessage } from "@solana/web3.js";
import { PUMP_PROGRAM } from "../sim/models/pools/pump-accounts.ts";
import { pause } from "../sim/scenarios/person.ts";
import { answersOf, newProbeFile, PROBED_MAIN, readProbe } from "./exit-inside.ts";
import { ADDED_MS } from "./exit-path.ts";
import { figureOf } from "./figures.ts";
import type { ProbeLine } from "./probed-executor.ts";
import {
  postJob,
  sampleBuy,
  type TradeWorld,
  waitForPosition,
  WARM_UPS,
  withTradeWorld,
} from "./trade-world.ts";
import { hopsOf, type Row } from "./verdict-table.ts";

/** Between a card and its button. */
const LOOK_MS = 1_500;
const BUY_EXACT_QUOTE_IN_V2 = "c2ab1c46684d5b2f";
const TARGET = { p50Us: 3_000, p99Us: 10_000 };

/** Buys of tokens whose pool is followed, from the job at the door to the signed transaction. */
export function runDirectBuys(samples: number): Promise<Row[]> {
  return withTradeWorld(async (bench) => {
    await sampleDirectBuys(bench, WARM_UPS);
    const near = await sampleDirectBuys(bench, samples);
    for (const tap of [bench.rpcTap, bench.secondTap, bench.priceTap]) tap.replyDelayMs = ADDED_MS;
    const far = await sampleDirectBuys(bench, Math.ceil(samples / 2));
    const name = "POST /jobs buy -> signed transaction at the node, pool known";
    return [
      { ...figureOf(name, near), target: TARGET },
      {
        ...figureOf(`  the same, ${ADDED_MS} ms added to every answer`, far),
        hops: hopsOf(near, far, ADDED_MS),
        target: TARGET,
      },
    ];
  });
}

/** The same buys seen from inside the main process: what each part of the way takes. */
export async function runDirectBuysInside(samples: number): Promise<Row[]> {
  const file = newProbeFile();
  try {
    return await withTradeWorld(
      async (bench) => {
        await sampleDirectBuys(bench, samples + WARM_UPS);
        const buys = readProbe(file, "job").filter(({ side }) => side === "buy");
        return partsOf(buys.slice(WARM_UPS));
      },
      { main: PROBED_MAIN, env: { BENCH_PROBE: file } },
    );
  } finally {
    rmSync(file, { force: true });
  }
}

function partsOf(lines: readonly ProbeLine[]): Row[] {
  const rowOf = (name: string, of: (line: ProbeLine) => number): Row =>
    figureOf(name, lines.map(of));
  const acceptedMs = (line: ProbeLine): number => line.acceptedMs ?? Number.NaN;
  const approvedMs = (line: ProbeLine): number => line.approvedMs ?? Number.NaN;
  return [
    {
      ...rowOf("job at the door -> RPC body, in the main process", ({ sentMs }) => sentMs),
      hops: answersOf(lines),
    },
    rowOf("  of it: signature of the edge, job on disk", acceptedMs),
    rowOf("  of it: route, limits, order on disk", (line) => approvedMs(line) - acceptedMs(line)),
    rowOf("  of it: quoting, patching", (line) => line.askedMs - approvedMs(line)),
    rowOf("  of it: pipe, checks and signature", ({ askedMs, signedMs }) => signedMs - askedMs),
    rowOf("  of it: attempt on disk", ({ signedMs, committedMs }) => committedMs - signedMs),
    rowOf("  of it: body", ({ sentMs, committedMs }) => sentMs - committedMs),
    rowOf("  its processor time, signer and disk not in it", ({ cpuMs }) => cpuMs),
  ];
}

/** Exactly this much SOL for this token, straight on its curve. */
function isBuyOf(message: VersionedMessage, mint: string, lamports: bigint): boolean {
  const { staticAccountKeys, compiledInstructions } = message;
  const keyAt = (at = -1): string => staticAccountKeys[at]?.toBase58() ?? "";
  return compiledInstructions.some(({ programIdIndex, accountKeyIndexes, data }) => {
    const bytes = Buffer.from(data);
    return (
      keyAt(programIdIndex) === PUMP_PROGRAM &&
      bytes.subarray(0, 8).toString("hex") === BUY_EXACT_QUOTE_IN_V2 &&
      keyAt(accountKeyIndexes[1]) === mint &&
      bytes.readBigUInt64LE(8) === lamports
    );
  });
}

/** As a person does it: the card is looked at, then its buy comes. */
async function sampleDirectBuys(bench: TradeWorld, n: number): Promise<number[]> {
  const mints = bench.world.file.mints.filter(({ kind }) => kind === "pump-curve");
  const samples: number[] = [];
  for (let at = 0; at < n; at++) {
    const mint = mints[at % mints.length]?.mint ?? "";
    await postJob(bench, { kind: "showToken", mint });
    await pause(LOOK_MS);
    const isBuy = (message: VersionedMessage, lamports: bigint) => isBuyOf(message, mint, lamports);
    samples.push(await sampleBuy(bench, mint, isBuy));
    await postJob(bench, { kind: "sell", mint, percentText: "100" });
    await waitForPosition(bench, mint, "closed");
  }
  return samples;
}
