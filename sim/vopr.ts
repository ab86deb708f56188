import { rmSync } from "node:fs";
import { runMutantCommand, withoutPlanted } from "./mutants/run-mutants.ts";
import { parseSimArguments, type SimArguments } from "./vopr/arguments.ts";
import { emptyCounts, mergeCounts } from "./vopr/coverage.ts";
import { runCrew, WORKER_FLAG } from "./vopr/crew.ts";
import { noteRegression, readRegressions } from "./vopr/regressions.ts";
import { runSeed, type SeedResult } from "./vopr/run-seed.ts";
import { createSeedDirectory, runTwice, serveSeeds } from "./vopr/seed-worker.ts";
import { listMissing, listRare, type RunFigures, summarize } from "./vopr/summary.ts";

/**
 * `pnpm sim`: runs the production code of edge and executor in worlds made of a seed each, and
 * looks for moments in which a promise does not hold. docs/simulator.md tells the rest.
 */

const PROGRESS_MS = 200;
const BAR_CHARS = 30;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function describeFailure({ seed, violations }: SeedResult): string {
  const lines = violations.map(({ checker, detail, atMs }) => {
    const first = detail.split("\n").slice(0, 3).join("\n      ");
    return `    ${(atMs / 1_000).toFixed(3)} s  ${checker}: ${first}`;
  });
  return [`seed ${seed} FAILED; see it with: pnpm sim --seed ${seed} --trace`, ...lines].join("\n");
}

function runOne(seed: number, settings: SimArguments): number {
  const directory = createSeedDirectory();
  try {
    if (settings.isDeterminismChecked) return tellOne(runTwice(seed, directory));
    const options = settings.isTraced ? { directory, onTrace: say } : { directory };
    return tellOne(runSeed(seed, options));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function tellOne(result: SeedResult): number {
  const { seed, journalEvents, journalHash, traceHash, virtualMs, violations } = result;
  say(`seed ${seed}: ${journalEvents} journal events in ${virtualMs / 1_000} simulated seconds`);
  say(`journal ${journalHash}`);
  say(`trace   ${traceHash}`);
  if (violations.length > 0) say(describeFailure(result));
  return violations.length === 0 ? 0 : 1;
}

/** Regressions first, then what was asked for. */
function createQueue(settings: SimArguments): {
  total: number | undefined;
  next(): number | undefined;
} {
  const known = settings.hasRegressions ? readRegressions() : [];
  const { command } = settings;
  let at = command.kind === "one" ? command.seed : command.from;
  const limit = command.kind === "seeds" ? command.count : Infinity;
  const endMs =
    command.kind === "minutes" ? performance.now() + command.minutes * 60_000 : Infinity;
  let given = 0;
  const waiting = [...known];
  return {
    total: command.kind === "seeds" ? known.length + command.count : undefined,
    next() {
      const regression = waiting.shift();
      if (regression !== undefined) return regression;
      if (given >= limit || performance.now() >= endMs) return undefined;
      given += 1;
      return at++;
    },
  };
}

async function runMany(settings: SimArguments): Promise<number> {
  const counts = emptyCounts();
  const { jobs, isDeterminismChecked } = settings;
  const figures: RunFigures = {
    seeds: 0,
    failed: 0,
    wallMs: 0,
    jobs,
    cpuMs: 0,
    virtualMs: 0,
    journalEvents: 0,
  };
  const startMs = performance.now();
  const queue = createQueue(settings);
  const bar = createBar(queue.total);
  await runCrew({
    jobs,
    isDeterminismChecked,
    next: () => queue.next(),
    onResult(result) {
      figures.seeds += 1;
      figures.cpuMs += result.cpuMs;
      figures.virtualMs += result.virtualMs;
      figures.journalEvents += result.journalEvents;
      mergeCounts(counts, result.counts);
      const [first] = result.violations;
      if (first !== undefined) {
        figures.failed += 1;
        bar.clear();
        say(describeFailure(result));
        if (settings.hasRegressions) noteRegression(result.seed, first.checker, first.detail);
      }
      bar.show(figures.seeds, figures.failed, performance.now() - startMs);
    },
  });
  figures.wallMs = performance.now() - startMs;
  bar.clear();
  for (const line of summarize(figures, counts)) say(line);
  const rare = settings.isCoverageJudged ? listRare(counts, figures.seeds) : [];
  if (rare.length > 0) say(["too rare:", ...rare].join("\n  "));
  const missing = listMissing(counts, figures.seeds);
  if (missing.length > 0) say(["never met, so nothing was proved:", ...missing].join("\n  "));
  return figures.failed + rare.length + missing.length === 0 ? 0 : 1;
}

function createBar(total: number | undefined): {
  show(done: number, failed: number, elapsedMs: number): void;
  clear(): void;
} {
  const isShown = process.stdout.isTTY;
  let lastMs = 0;
  return {
    show(done, failed, elapsedMs) {
      if (!isShown || (elapsedMs - lastMs < PROGRESS_MS && done !== total)) return;
      lastMs = elapsedMs;
      const filled = total === undefined ? 0 : Math.floor((done / total) * BAR_CHARS);
      const bar = `[${"#".repeat(filled)}${"-".repeat(BAR_CHARS - filled)}]`;
      const rate = (done / (elapsedMs / 1_000)).toFixed(1);
      const of = total === undefined ? "" : ` of ${total}`;
      process.stdout.write(`\r${bar} ${done}${of} seeds, ${failed} failed, ${rate} seeds/s `);
    },
    clear: () => {
      if (isShown) process.stdout.write("\r\u001b[K");
    },
  };
}

async function main(argv: readonly string[]): Promise<number> {
  const mutants = runMutantCommand(argv);
  if (mutants !== undefined) return mutants;
  let settings: SimArguments;
  try {
    settings = parseSimArguments(withoutPlanted(argv));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 2;
  }
  const { command } = settings;
  if (command.kind !== "one") return runMany(settings);
  // A seed must begin outside of every promise.
  return new Promise((resolve) => {
    setImmediate(() => resolve(runOne(command.seed, settings)));
  });
}

if (process.argv.includes(WORKER_FLAG)) serveSeeds();
else process.exitCode = await main(process.argv.slice(2));
