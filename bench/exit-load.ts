import { ExitBench, type Lane } from "./exit-bench.ts";
import { ADDED_MS, pairOf, PATHS, positionsOf, settle } from "./exit-path.ts";
import { type LoadCounts, type LoadOptions, LoadRun } from "./load-run.ts";
import type { Row } from "./verdict-table.ts";

/** The code that exits run has to be compiled first; what comes by then is held but not timed. */
const WARM_UP_SECONDS = 3;

/**
 * All positions armed while prices move, and a few of the moves cross one trigger each; then the
 * same with a wait added to every answer.
 */
export async function runExitLoad(
  options: LoadOptions & { seconds: number },
  lane: Lane,
): Promise<Row[]> {
  const bench = await startLoad(options, lane);
  try {
    const run = new LoadRun(bench, options);
    await run.drive(WARM_UP_SECONDS);
    await run.settle();
    const warmUp = run.take();
    const near = await phase(run, options.seconds);
    bench.delayAnswers(ADDED_MS);
    const far = await phase(run, options.seconds);
    process.stdout.write(`${lane}: ${told("0 ms", near)}; ${told(`${ADDED_MS} ms`, far)}\n`);
    near.missing += warmUp.missing;
    near.wrong += warmUp.wrong;
    return pairOf(`${PATHS[lane]}, under load`, near, far);
  } finally {
    await bench.close();
  }
}

/** A desk with all these positions, which follows the pools of all of them. */
export async function startLoad(options: LoadOptions, lane: Lane): Promise<ExitBench> {
  const { positions, mints } = options;
  const bench = await ExitBench.start({
    wallets: 20,
    positionsOf: (wallets) => positionsOf(wallets, { positions, mints }),
    lane,
  });
  try {
    await settle(bench, mints, positions);
    return bench;
  } catch (error) {
    await bench.close();
    throw error;
  }
}

async function phase(run: LoadRun, seconds: number): Promise<LoadCounts & { seconds: number }> {
  const startedMs = performance.now();
  await run.drive(seconds);
  const took = (performance.now() - startedMs) / 1_000;
  await run.settle();
  return { ...run.take(), seconds: took };
}

function told(added: string, counts: LoadCounts & { seconds: number }): string {
  const { updates, crossings, seconds } = counts;
  const rate = (updates / seconds).toFixed(0);
  return `${added} added, ${updates} updates (${rate}/s), ${crossings} crossed a trigger`;
}
