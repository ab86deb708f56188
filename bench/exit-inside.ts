import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ExitBench } from "./exit-bench.ts";
import { EXIT_PAUSE_MS, positionsOf, sampleExits, settle, WARM_UPS } from "./exit-path.ts";
import { figureOf } from "./figures.ts";
import type { ProbeLine } from "./probed-executor.ts";
import type { Row } from "./verdict-table.ts";

export const PROBED_MAIN = join(import.meta.dirname, "probed-main.ts");
const TARGET = { p50Us: 250 };

/** The same exits seen from inside the main process, without the sockets' own times. */
export async function runExitInside(samples: number): Promise<Row[]> {
  const count = samples + WARM_UPS;
  const file = newProbeFile();
  const bench = await ExitBench.start({
    wallets: 20,
    positionsOf: (wallets) => positionsOf(wallets, { positions: count, mints: count }),
    lane: "plain",
    env: { BENCH_PROBE: file },
    mainFile: PROBED_MAIN,
  });
  try {
    await settle(bench, count, count);
    const { missing, wrong } = await sampleExits(bench, bench.positions, EXIT_PAUSE_MS);
    const lines = readProbe(file, "notification").slice(WARM_UPS);
    const rowOf = (name: string, of: (line: ProbeLine) => number): Row =>
      figureOf(name, lines.map(of));
    const all = rowOf("notification -> RPC body, in the main process", ({ sentMs }) => sentMs);
    const own = rowOf(
      "  the same without the journal's commit",
      ({ sentMs, signedMs, committedMs }) => sentMs - (committedMs - signedMs),
    );
    return [
      { ...all, missing, wrong, hops: answersOf(lines), target: TARGET },
      { ...own, target: TARGET },
      rowOf("  of it: deciding, quoting, patching", ({ askedMs }) => askedMs),
      rowOf("  of it: pipe, checks and signature", ({ askedMs, signedMs }) => signedMs - askedMs),
      rowOf("  of it: journal, FULL", ({ signedMs, committedMs }) => committedMs - signedMs),
      rowOf("  of it: body", ({ sentMs, committedMs }) => sentMs - committedMs),
      rowOf("  its processor time, signer and disk not in it", ({ cpuMs }) => cpuMs),
    ];
  } finally {
    await bench.close();
    rmSync(file, { force: true });
  }
}

/**
 * Answers of nodes and services that came on the way, by the median: now and then the background
 * asks something as well. Nobody waits for the chat's.
 */
export function answersOf(lines: readonly ProbeLine[]): number {
  const counts = lines
    .map(({ answers }) => answers.filter((name) => !name.startsWith("/bot")).length)
    .toSorted((a, b) => a - b);
  return counts[Math.floor(counts.length / 2)] ?? Number.NaN;
}

export function newProbeFile(): string {
  const file = join(tmpdir(), `raptor-probe-${process.pid}`);
  writeFileSync(file, "");
  return file;
}

export function readProbe(file: string, from: ProbeLine["from"]): ProbeLine[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((text) => text !== "")
    .map((text) => JSON.parse(text) as ProbeLine)
    .filter((line) => line.from === from);
}
