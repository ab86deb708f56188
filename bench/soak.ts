import { setTimeout as pause } from "node:timers/promises";
import type { ExitBench } from "./exit-bench.ts";
import { startLoad } from "./exit-load.ts";
import { figureOf, showUs } from "./figures.ts";
import { type LoadCounts, type LoadOptions, LoadRun } from "./load-run.ts";
import { boundOf, type Buckets, cpuSeconds, readBuckets, rssMb } from "./process-look.ts";

interface Sample {
  minute: number;
  mainMb: number;
  signerMb: number;
}

const MINUTE_MS = 60_000;
const SAMPLE_MS = 10_000;
/** The heap grows to its working size first; that is no leak. */
const WARM_UP_MINUTES = 3;
const SLOPE_MAX = 1;
const LAG = "raptor_loop_lag_ms";
const HEAD =
  "minute  main CPU  main RSS  signer RSS  loop lag p99  exits  missing  wrong  p50 / p99";

/** A large desk under load for minutes: does it stay as small and as quick as it was? */
export async function runSoak(options: LoadOptions, minutes: number): Promise<void> {
  const bench = await startLoad(options, "plain");
  try {
    const run = new LoadRun(bench, options);
    const soak = new Soak(bench, run, minutes);
    await Promise.all([run.drive(minutes * 60), soak.watch()]);
    await run.settle();
    soak.report();
  } finally {
    await bench.close();
  }
}

class Soak {
  readonly #bench: ExitBench;
  readonly #run: LoadRun;
  readonly #minutes: number;
  readonly #samples: Sample[] = [];
  readonly #total: LoadCounts = { updates: 0, crossings: 0, timesMs: [], missing: 0, wrong: 0 };

  constructor(bench: ExitBench, run: LoadRun, minutes: number) {
    this.#bench = bench;
    this.#run = run;
    this.#minutes = minutes;
  }

  async watch(): Promise<void> {
    const { executor, metricsPort } = this.#bench;
    const { main, signer } = executor.pids;
    const startedMs = performance.now();
    process.stdout.write(`${HEAD}\n`);
    let cpu = cpuSeconds(main);
    let atMs = startedMs;
    let buckets = await readBuckets(metricsPort, LAG);
    for (let n = 1; n * SAMPLE_MS <= this.#minutes * MINUTE_MS; n++) {
      await pause(Math.max(0, startedMs + n * SAMPLE_MS - performance.now()));
      const minute = (performance.now() - startedMs) / MINUTE_MS;
      this.#samples.push({ minute, mainMb: rssMb(main), signerMb: rssMb(signer) });
      if ((n * SAMPLE_MS) % MINUTE_MS !== 0) continue;
      const [newCpu, nowMs] = [cpuSeconds(main), performance.now()];
      const newBuckets = await readBuckets(metricsPort, LAG);
      const share = (newCpu - cpu) / ((nowMs - atMs) / 1_000);
      this.#tell((n * SAMPLE_MS) / MINUTE_MS, share, [buckets, newBuckets]);
      [cpu, atMs, buckets] = [newCpu, nowMs, newBuckets];
    }
  }

  /** The slope of the line that fits the samples after the warm-up best. */
  report(): void {
    this.#add(this.#run.take());
    const { updates, crossings, timesMs, missing, wrong } = this.#total;
    const warmUp = Math.min(WARM_UP_MINUTES, this.#minutes / 2);
    const samples = this.#samples.filter(({ minute }) => minute > warmUp);
    const slope = slopeOf(samples.map(({ minute, mainMb }) => [minute, mainMb]));
    const signer = slopeOf(samples.map(({ minute, signerMb }) => [minute, signerMb]));
    const sizes = samples.map(({ mainMb }) => mainMb);
    const short = warmUp < WARM_UP_MINUTES ? "; too short a run for a verdict" : "";
    const verdict = slope < SLOPE_MAX ? "met" : "not met";
    const lines = [
      `${updates} updates, ${crossings} exits asked for, ${timesMs.length} came, ` +
        `${missing} missing, ${wrong} wrong; ${this.#run.armed} positions still armed`,
      `RSS after minute ${warmUp}, ${samples.length} samples: main ` +
        `${Math.min(...sizes).toFixed(0)} to ${Math.max(...sizes).toFixed(0)} MB, slope ` +
        `${slope.toFixed(2)} MB/min (target below ${SLOPE_MAX}: ${verdict}${short}); ` +
        `signer ${signer.toFixed(2)} MB/min`,
    ];
    process.stdout.write(`\n${lines.join("\n")}\n`);
  }

  #tell(minute: number, cpuShare: number, [before, after]: [Buckets, Buckets]): void {
    const counts = this.#run.take();
    this.#add(counts);
    const last = this.#samples.at(-1);
    const { p50Us, p99Us } = figureOf("", counts.timesMs);
    const cells = [
      String(minute).padStart(6),
      `${(cpuShare * 100).toFixed(0)} %`.padStart(8),
      `${last?.mainMb.toFixed(1)} MB`.padStart(8),
      `${last?.signerMb.toFixed(1)} MB`.padStart(10),
      `<= ${boundOf(before, after, 0.99)} ms`.padStart(12),
      String(counts.timesMs.length).padStart(5),
      String(counts.missing).padStart(7),
      String(counts.wrong).padStart(5),
      `${showUs(p50Us)} / ${showUs(p99Us)}`,
    ];
    process.stdout.write(`${cells.join("  ")}\n`);
  }

  #add({ updates, crossings, timesMs, missing, wrong }: LoadCounts): void {
    this.#total.updates += updates;
    this.#total.crossings += crossings;
    this.#total.timesMs.push(...timesMs);
    this.#total.missing += missing;
    this.#total.wrong += wrong;
  }
}

/** Least squares: what the second number gains where the first gains one. */
function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (at: 0 | 1): number =>
    points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [middle, level] = [mean(0), mean(1)];
  const [above, below] = points.reduce(
    ([product, square], [x, y]) => [
      product + (x - middle) * (y - level),
      square + (x - middle) ** 2,
    ],
    [0, 0],
  );
  return above / below;
}
