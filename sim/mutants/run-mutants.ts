import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { findMutant, MUTANTS } from "./all-mutants.ts";
import { Baseline, type Catch, hunt } from "./hunt.ts";
import type { Mutant } from "./mutant.ts";
import { isBroken } from "./seed-server.ts";
import { type Theme, themeOf } from "../vopr/themes.ts";
import { readRecorded, type Recorded, writeRecorded } from "./recorded.ts";

const ENTRY = fileURLToPath(new URL("../vopr.ts", import.meta.url));
/** Read by the preload that plants. */
const PLANTED_FLAG = "--planted";
const PLANT = new URL("./plant.ts", import.meta.url).href;
/** Seeds after which a mutant counts as one that nobody sees. */
const LIMIT_DEFAULT = 2_000;
/** The gate looks this far when a recorded seed does not show its mutant any more. */
const GATE_LIMIT_DEFAULT = 300;

/**
 * `npm test` plants those that showed within so many fitting seeds when they were recorded. Every
 * change of production gives recorded seeds another story; such a mutant still shows in one of the
 * first forty, and one that does not was not found by chance alone before.
 */
const QUICK_SEEDS_MAX = 2;
const QUICK_LIMIT = 40;

const FLAGS = ["--mutants", "--record", "--recorded", "--quick", "--no-regressions"];
const NUMBERS = ["--limit", "--jobs", "--from"];

interface Settings {
  numbers: ReadonlyMap<string, number>;
  flags: ReadonlySet<string>;
  names: readonly string[];
}

/**
 * `--mutants`: every mutant from seed 1 on until a checker sees it; names after it choose some.
 * `--recorded`: those that were seen before, starting with the seed that saw them, which is what a
 * commit is held against.
 * `--quick`: those of them that show soon wherever the search begins, for `npm test`.
 * `--record`: writes down the seeds that saw it. @returns the exit code: 1 when one survives.
 */
async function runMutants(argv: readonly string[]): Promise<number> {
  const { numbers, flags, names } = parse(argv);
  const isQuick = flags.has("--quick");
  const isGate = isQuick || flags.has("--recorded");
  const gateLimit = isQuick ? QUICK_LIMIT : GATE_LIMIT_DEFAULT;
  const limit = numbers.get("--limit") ?? (isGate ? gateLimit : LIMIT_DEFAULT);
  const from = numbers.get("--from") ?? 1;
  const recorded = readRecorded();
  const named = names.length === 0 ? MUTANTS : names.map(findMutant);
  const chosen = isQuick ? named.filter((one) => showsSoon(one, recorded[one.name])) : named;
  if (chosen.length === 0) throw new Error("expected recorded mutants: --mutants --record");
  const mutants = isGate ? chosen.filter(({ name }) => recorded[name] !== undefined) : chosen;
  const seedsOf = (mutant: Mutant): Iterable<number> =>
    seedsFrom(isGate ? (recorded[mutant.name] ?? []) : [], from, limit, mutant.theme);
  const startMs = performance.now();
  const catches = await huntAll(mutants, seedsOf, numbers.get("--jobs") ?? availableParallelism());
  if (flags.has("--record")) record(recorded, catches);
  for (const { name } of chosen.filter((one) => !mutants.includes(one))) {
    process.stdout.write(`${name.padEnd(32)} has no recorded seed: --mutants --record ${name}\n`);
  }
  return summarize(catches, performance.now() - startMs);
}

/** The part of the simulator's command line that is about mutants; undefined when there is none. */
export function runMutantCommand(argv: readonly string[]): Promise<number> | undefined {
  if (argv.includes("--mutants")) return runMutants(argv);
  const at = argv.indexOf("--mutant");
  if (at === -1) return undefined;
  const name = argv[at + 1] ?? "";
  const others = argv.toSpliced(at, 2);
  if (!others.includes("--seed")) return runMutants([name, ...others]);
  return Promise.resolve(runPlanted(name, others));
}

/** One seed with the mutant planted, in a process that has not loaded production code yet. */
function runPlanted(name: string, options: readonly string[]): number {
  const { story, edits } = findMutant(name);
  process.stdout.write(`planted in ${edits.map(({ file }) => file).join(", ")}: ${story}\n`);
  const args = ["--import", PLANT, ENTRY, PLANTED_FLAG, name, ...options, "--no-regressions"];
  return spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
}

/** The simulator's own arguments, in a process that `runPlanted` started. */
export function withoutPlanted(argv: readonly string[]): readonly string[] {
  const at = argv.indexOf(PLANTED_FLAG);
  return at === -1 ? argv : argv.toSpliced(at, 2);
}

function parse(argv: readonly string[]): Settings {
  const numbers = new Map<string, number>();
  const flags = new Set<string>();
  const names: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string;
    if (FLAGS.includes(word)) flags.add(word);
    else if (NUMBERS.includes(word)) numbers.set(word, Number(argv[++at]));
    else names.push(word);
  }
  return { numbers, flags, names };
}

function showsSoon({ theme }: Mutant, [seed]: readonly number[] = []): boolean {
  if (seed === undefined) return false;
  return [...seedsFrom([], 1, QUICK_SEEDS_MAX, theme)].includes(seed);
}

/** A mutant that shows in seeds of one theme only is looked for in those alone. */
function* seedsFrom(
  first: readonly number[],
  from: number,
  limit: number,
  theme: Theme | undefined,
): Iterable<number> {
  yield* first;
  let left = limit;
  for (let seed = from; left > 0; seed++) {
    const isFitting = theme === undefined || themeOf(seed) === theme;
    if (!isFitting || first.includes(seed)) continue;
    left -= 1;
    yield seed;
  }
}

async function huntAll(
  mutants: readonly Mutant[],
  seedsOf: (mutant: Mutant) => Iterable<number>,
  jobs: number,
): Promise<Catch[]> {
  const baseline = new Baseline();
  const catches: Catch[] = [];
  const waiting = [...mutants];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const found = await hunt(next, seedsOf(next), baseline);
      catches.push(found);
      process.stdout.write(`${rowOf(found)}\n`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  baseline.end();
  return catches;
}

function rowOf({ mutant, seed, tried, ms, checker, detail }: Catch): string {
  const name = mutant.name.padEnd(32);
  const time = `${(ms / 1_000).toFixed(1)} s`.padStart(8);
  if (seed === undefined) return `${name} SURVIVED ${String(tried).padStart(6)} seeds ${time}`;
  const first = (detail.split("\n")[0] ?? "").slice(0, 100);
  return `${name} seed ${String(seed).padStart(5)} (${tried} tried) ${time}  ${checker}: ${first}`;
}

function record(before: Recorded, catches: readonly Catch[]): void {
  const recorded: Record<string, readonly number[]> = {};
  for (const { name } of MUTANTS) {
    const found = catches.find(({ mutant }) => mutant.name === name);
    const seed = found === undefined || isBroken(found) ? undefined : found.seed;
    const seeds = seed === undefined ? before[name] : [seed];
    if (seeds !== undefined) recorded[name] = seeds;
  }
  writeRecorded(recorded);
}

function summarize(catches: readonly Catch[], ms: number): number {
  const survivors = catches.filter(({ seed }) => seed === undefined);
  const broken = catches.filter(isBroken);
  const found = catches.length - survivors.length - broken.length;
  const seconds = (ms / 1_000).toFixed(1);
  process.stdout.write(`${found} of ${catches.length} mutants found in ${seconds} s\n`);
  for (const { mutant } of survivors) {
    process.stdout.write(`nobody sees ${mutant.name}: ${mutant.story}\n`);
  }
  for (const { mutant, detail } of broken) {
    process.stdout.write(`${mutant.name} does not run: ${detail}\n`);
  }
  return survivors.length + broken.length === 0 ? 0 : 1;
}
